"""A folder that files are dropped into, and what the tables should then hold."""

import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib.features.parquet_loads.model import Location
from chalicelib.features.parquet_loads.sources import location_of
from tests.sandbox import Sandbox

START = datetime(2024, 5, 1, tzinfo=UTC)
ENERGY = pa.schema(
    [
        ("timestamp", pa.timestamp("us", "UTC")),
        *((name, pa.string()) for name in ("region", "unit", "energy_source", "measurement_type")),
        ("quality_flag", pa.string()),
        ("value", pa.float64()),
    ]
)
MEASUREMENTS = pa.schema(
    [
        ("time", pa.timestamp("us", "UTC")),
        ("device_id", pa.string()),
        ("parameter_id", pa.string()),
        ("value", pa.float64()),
        ("quality", pa.int16()),
        ("metadata", pa.string()),
    ]
)
# A reading in short: the hour it is of, where it was taken, and its value.
Key = tuple[int, str]
Reading = tuple[int, str, float]


def table_of(dataset: str, readings: Iterable[Reading]) -> pa.Table:
    """*readings* as rows of *dataset*."""
    is_energy = dataset != "measurements"
    row_of = _energy_row if is_energy else _measurement_row
    rows = [row_of(*reading) for reading in readings]
    return pa.Table.from_pylist(rows, ENERGY if is_energy else MEASUREMENTS)


def write(path: Path, table: pa.Table, modified_at: datetime | None = None, **options: Any) -> str:
    """A Parquet file with these rows; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    if modified_at is not None:
        os.utime(path, (modified_at.timestamp(),) * 2)
    return str(path)


class Drop:
    """A directory in place of a bucket."""

    def __init__(self, root: Path, dataset: str) -> None:
        self.root = root
        self.dataset = dataset

    def put(self, name: str, readings: Iterable[Reading], minute: int = 0) -> Location:
        """Put a file there, or change it; *minute* is when that was done."""
        path = self.path(name)
        write(path, table_of(self.dataset, readings), START + timedelta(minutes=minute))
        return location_of(str(path))

    def path(self, name: str) -> Path:
        """Where the file of that name is."""
        return self.root / f"dataset={self.dataset}" / f"{name}.parquet"


def readings_in(sandbox: Sandbox, dataset: str) -> dict[Key, float]:
    """The readings of *dataset* in the tables, in short."""
    if dataset == "measurements":
        query = "SELECT time, device_id, value FROM iot_data.timescale_measurements"
        rows = sandbox.rows(query)
    else:
        query = "SELECT time, region, value FROM iot_data.energy_readings WHERE dataset = %s"
        rows = sandbox.rows(query, (dataset,))
    found = {
        (round((time - START) / timedelta(hours=1)), place): value for time, place, value in rows
    }
    assert len(found) == len(rows)
    return found


def first_of_each(readings: Iterable[Reading]) -> dict[Key, float]:
    """The readings of a file: of the rows with one key, the first counts."""
    brought: dict[Key, float] = {}
    for hour, place, value in readings:
        brought.setdefault((hour, place), value)
    return brought


def merged(loaded: Mapping[str, tuple[int, Iterable[Reading]]]) -> dict[Key, float]:
    """The specification: of all files that bring a reading, the newest is believed.

    *loaded* has by the name of each file when it was modified, and what it holds.
    """
    believed: dict[Key, float] = {}
    for _, (_, readings) in sorted(loaded.items(), key=lambda item: (item[1][0], item[0])):
        believed |= first_of_each(readings)
    return believed


def _energy_row(hour: int, place: str, value: float) -> dict[str, Any]:
    return {
        "timestamp": START + timedelta(hours=hour),
        "region": place,
        "value": value,
        "unit": "MW",
        "energy_source": "hydro",
        "measurement_type": "power",
        "quality_flag": "good",
    }


def _measurement_row(hour: int, place: str, value: float) -> dict[str, Any]:
    return {
        "time": START + timedelta(hours=hour),
        "device_id": place,
        "parameter_id": "temperature",
        "value": value,
        "quality": int(value) % 3,
        "metadata": f'{{"raw": {value}}}',
    }
