"""Rows of the energy schema for tests."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

SCHEMA = pa.schema(
    [
        pa.field("time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("region", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("unit", pa.string()),
        pa.field("energy_source", pa.string()),
        pa.field("measurement_type", pa.string()),
        pa.field("quality_flag", pa.string()),
        pa.field("row_number", pa.int64()),
    ]
)
START = datetime(2024, 1, 1, tzinfo=UTC)
SAMPLE: dict[str, Any] = {
    "time": START,
    "region": "SE",
    "value": 100.5,
    "unit": "MW",
    "energy_source": "hydro",
    "measurement_type": "power",
    "quality_flag": "good",
}


def batch(rows: Sequence[dict[str, Any]]) -> pa.RecordBatch:
    """Each row is the requirement's sample with changes, and has its row number."""
    numbered = [{**SAMPLE, "row_number": number, **row} for number, row in enumerate(rows)]
    return pa.RecordBatch.from_pylist(numbered, schema=SCHEMA)


def hours(count: int, **row: Any) -> pa.RecordBatch:
    """One series, hour by hour. The value of each row is its number."""
    return batch(
        [
            {"time": START + timedelta(hours=hour), "value": float(hour), **row}
            for hour in range(count)
        ]
    )
