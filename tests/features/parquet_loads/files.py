"""Parquet files to read. They are sound, and a test may replace each column."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.duplicates import Duplicates
from chalicelib.features.parquet_loads.rows.schema import require_columns
from chalicelib.features.parquet_loads.rows.validation import Validator

_ENERGY = {
    "timestamp": "2024-01-01T00:00:00Z",
    "region": "SE",
    "value": 100.5,
    "unit": "MW",
    "energy_source": "hydro",
    "measurement_type": "power",
    "quality_flag": "good",
}
_MEASUREMENT = {
    "time": "2024-01-01T00:00:00Z",
    "device_id": "device-1",
    "parameter_id": "temperature",
    "value": 21.5,
    "quality": 1,
    "metadata": '{"site": "north"}',
}
KEY_COLUMN = {True: "region", False: "device_id"}


@dataclass(frozen=True)
class Outcome:
    """The good rows of a file and the rejected ones."""

    good: list[dict[str, Any]]
    rejected: list[dict[str, Any]]

    @property
    def reasons(self) -> dict[int, str]:
        """Why, by row number."""
        return {row["row_number"]: row["reason"] for row in self.rejected}


def table(dataset: Dataset = Dataset.GENERATION, rows: int = 1, **columns: Any) -> pa.Table:
    """Sound rows, with these *columns* in place of the usual ones; None leaves a column out."""
    lengths = [len(column) for column in columns.values() if column is not None]
    count = lengths[0] if lengths else rows
    sample = _ENERGY if dataset.is_energy else _MEASUREMENT
    usual = {name: [value] * count for name, value in sample.items()}
    named = {**usual, **columns}
    return pa.table({name: column for name, column in named.items() if column is not None})


def written(content: pa.Table, **options: Any) -> bytes:
    """*content* as a Parquet file."""
    buffer = BytesIO()
    pq.write_table(content, buffer, **options)
    return buffer.getvalue()


def load(
    data: bytes, dataset: Dataset = Dataset.GENERATION, *, with_duplicates: bool = False
) -> Outcome:
    """Read and judge the file in *data*."""
    good, rejected = [], []
    with open_parquet(BytesIO(data)) as source:
        duplicates = Duplicates(dataset, source.num_rows) if with_duplicates else None
        validator = Validator(dataset, duplicates)
        require_columns(dataset, source.schema)
        for first_row, batch in source.batches():
            checked = validator.check(batch, first_row)
            checked.good.validate(full=True)
            assert len(checked.good) + len(checked.rejected) == len(batch)
            good += checked.good.to_pylist()
            rejected += checked.rejected.select(["row_number", "reason", "detail"]).to_pylist()
    return Outcome(good, rejected)


def load_table(content: pa.Table, dataset: Dataset = Dataset.GENERATION, **options: Any) -> Outcome:
    """Write a table with *options* of the writer, then read and judge it."""
    return load(written(content, **options), dataset)


def load_column(
    name: str,
    values: Sequence[Any] | pa.Array,
    dataset: Dataset = Dataset.GENERATION,
    **options: Any,
) -> Outcome:
    """Read and judge a file whose column *name* has these values; all others are sound."""
    columns: dict[str, Any] = {name: values}
    return load_table(table(dataset, **columns), dataset, **options)
