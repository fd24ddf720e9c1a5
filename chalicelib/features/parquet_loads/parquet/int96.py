"""Instants of 96 bits (INT96), which Spark, Hive and Impala write, and Parquet has given up.

Arrow makes nanoseconds of them, and those that do not fit wrap round without a word: the year 9999
becomes 1816. So they are read as seconds first, which hold them all.
"""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.errors import FileUnsupportedError

READ_AS_SECONDS = {"coerce_int96_timestamp_unit": "s"}
# The whole seconds that 64 bits of nanoseconds hold.
_LAST_SECOND = 2**63 // 10**9 - 1


def int96_columns(file: Any) -> list[str]:
    """The names of the columns of *file* that are INT96."""
    columns = (file.schema.column(number) for number in range(file.metadata.num_columns))
    names = set(file.schema_arrow.names)
    return [each.path for each in columns if each.physical_type == "INT96" and each.path in names]


def require_nanoseconds(columns: Iterable[tuple[str, pa.Array]]) -> None:
    """Raises `FileUnsupportedError` where seconds of one of *columns* do not fit nanoseconds."""
    for name, seconds in columns:
        bounds = pc.min_max(seconds.cast(pa.int64())).as_py()
        if bounds["min"] is not None and not (
            bounds["min"] >= -_LAST_SECOND and bounds["max"] <= _LAST_SECOND
        ):
            raise FileUnsupportedError(
                f"{name} holds an INT96 before 1677 or after 2262, which cannot be read exactly; "
                "write it as INT64 (Spark: spark.sql.parquet.outputTimestampType=TIMESTAMP_MICROS)"
            )
