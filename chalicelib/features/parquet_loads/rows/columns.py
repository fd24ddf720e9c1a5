"""The columns each dataset must have, and the schema its rows have once they are validated.

| energy             | accepted as                                       | becomes             |
|--------------------|---------------------------------------------------|---------------------|
| `timestamp`        | timestamps of any unit; ISO 8601 text             | `time`, us, UTC     |
| `region`, `unit`, `energy_source`, `measurement_type` | text           | text                |
| `value`            | floats, integers, decimals                        | float64             |
| `quality_flag`     | text, one of `QualityFlag`                        | text                |

| measurements       | accepted as                                       | becomes             |
|--------------------|---------------------------------------------------|---------------------|
| `time`             | as above                                          | `time`, us, UTC     |
| `device_id`, `parameter_id` | text                                     | text                |
| `value`            | as above                                          | float64             |
| `quality`          | integers, whole floats and decimals; null         | int16               |
| `metadata`         | text that is JSON; null                           | text                |

The columns may come in any order, and they may be dictionary-encoded. Each of them must be there
exactly once, in the file or in its key, and there must be no others. Timestamps without a zone are
accepted only where a setting says which zone is theirs.

Rows with a null are refused, except where the null is in `quality` or `metadata`. The table allows
NULL in its column `value` as well, but a reading without a value has nothing to load.

A double keeps all decimals of 15 digits apart, but it would lose digits of longer ones silently.
So long decimals and integers are judged one by one, by the digits that they have and not by those
that their type has room for.
"""

from dataclasses import dataclass
from enum import Enum, auto

import pyarrow as pa

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.value_types import is_text, value_type

INSTANT = pa.timestamp("us", "UTC")


class Kind(Enum):
    """What a column's values are."""

    TIME = auto()
    TEXT = auto()
    NUMBER = auto()
    FLAG = auto()
    QUALITY = auto()
    JSON = auto()


@dataclass(frozen=True)
class Column:
    """One column: *source* is its name in the file, *name* its name once it is validated."""

    source: str
    kind: Kind
    name: str
    is_nullable: bool = False
    is_key: bool = False


_ENERGY = (
    Column("timestamp", Kind.TIME, "time", is_key=True),
    Column("region", Kind.TEXT, "region", is_key=True),
    Column("value", Kind.NUMBER, "value"),
    Column("unit", Kind.TEXT, "unit"),
    Column("energy_source", Kind.TEXT, "energy_source", is_key=True),
    Column("measurement_type", Kind.TEXT, "measurement_type", is_key=True),
    Column("quality_flag", Kind.FLAG, "quality_flag"),
)
_MEASUREMENTS = (
    Column("time", Kind.TIME, "time", is_key=True),
    Column("device_id", Kind.TEXT, "device_id", is_key=True),
    Column("parameter_id", Kind.TEXT, "parameter_id", is_key=True),
    Column("value", Kind.NUMBER, "value"),
    Column("quality", Kind.QUALITY, "quality", is_nullable=True),
    Column("metadata", Kind.JSON, "metadata", is_nullable=True),
)
_CANONICAL = {
    Kind.TIME: INSTANT,
    Kind.TEXT: pa.string(),
    Kind.NUMBER: pa.float64(),
    Kind.FLAG: pa.string(),
    Kind.QUALITY: pa.int16(),
    Kind.JSON: pa.string(),
}
_EXPECTED = {
    Kind.TIME: "a timestamp with a time zone, or ISO 8601 text",
    Kind.TEXT: "text",
    Kind.NUMBER: "a number",
    Kind.FLAG: "text",
    Kind.QUALITY: "an integer",
    Kind.JSON: "text",
}
ROW_NUMBER = pa.field("row_number", pa.int64(), nullable=False)


def columns_of(dataset: Dataset) -> tuple[Column, ...]:
    """The columns of *dataset*, in the order in which their problems are looked for."""
    return _ENERGY if dataset.is_energy else _MEASUREMENTS


def canonical_schema(dataset: Dataset) -> pa.Schema:
    """The schema of validated rows. `row_number` is the row's place in the file, counted from 0."""
    fields = [
        pa.field(column.name, canonical_type(column), nullable=column.is_nullable)
        for column in columns_of(dataset)
    ]
    return pa.schema([*fields, ROW_NUMBER])


def canonical_type(column: Column) -> pa.DataType:
    """The type of the validated values of *column*."""
    return _CANONICAL[column.kind]


def expectation(column: Column) -> str:
    """What *column* should have been, in words."""
    return _EXPECTED[column.kind]


def accepts(column: Column, data_type: pa.DataType, *, assumes_zone: bool) -> bool:
    """Whether *column* may arrive as *data_type*, that is, whether no value loses anything."""
    if column.kind is Kind.TIME and assumes_zone and is_local_time(data_type):
        return True
    plain = value_type(data_type)
    if pa.types.is_null(plain):
        return column.is_nullable
    return any(accept(plain) for accept in _ACCEPTED[column.kind])


def is_local_time(data_type: pa.DataType) -> bool:
    """Whether values of this type are times without a zone."""
    plain = value_type(data_type)
    return bool(pa.types.is_timestamp(plain) and plain.tz is None)


def _is_instant(data_type: pa.DataType) -> bool:
    return bool(pa.types.is_timestamp(data_type) and data_type.tz is not None)


_ACCEPTED = {
    Kind.TIME: (_is_instant, is_text),
    Kind.TEXT: (is_text,),
    Kind.NUMBER: (pa.types.is_floating, pa.types.is_integer, pa.types.is_decimal),
    Kind.FLAG: (is_text,),
    Kind.QUALITY: (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    Kind.JSON: (is_text,),
}
