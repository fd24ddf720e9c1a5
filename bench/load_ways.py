"""Files of readings, and the ways to bring them into a hypertable."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from psycopg2.extras import execute_values
from pyarrow import csv
from sqlalchemy import Engine, text

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.load import LoadContext, load
from chalicelib.features.parquet_loads.model import LoadStatus
from chalicelib.features.parquet_loads.settings import LoadSettings
from chalicelib.features.parquet_loads.sources import location_of

START = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1_000_000)
FIVE_MINUTES = 300_000_000
GROUP_ROWS = 100_000
SERIES = 1_000
PAGE_ROWS = 1_000
BATCH_ROWS = 16_384
_EMPTY = """
TRUNCATE iot_data.energy_readings, iot_data.energy_readings_shadowed,
    iot_data.timescale_measurements, iot_data.measurements_shadowed, iot_data.measurement_claims,
    iot_data.parquet_objects, iot_data.parquet_loads
"""
# A plain COPY has nothing to say about these columns of the application.
DEFAULTS = """
ALTER TABLE iot_data.energy_readings
    ALTER COLUMN dataset SET DEFAULT 'generation', ALTER COLUMN object_id SET DEFAULT 1
"""


@dataclass(frozen=True)
class Kind:
    """A dataset, the table its rows end in, the file's columns by that table's names, its key.

    *other* are the values of a row at the files' first instant that no file brings.
    """

    dataset: str
    table: str
    columns: str
    key: str
    other: str


KINDS = (
    Kind(
        "generation",
        "iot_data.energy_readings",
        "time, region, value, unit, energy_source, measurement_type, quality_flag",
        "dataset, region, energy_source, measurement_type, time",
        "'2024-01-01Z', 'elsewhere', 0, 'MW', 'hydro', 'power', 'good'",
    ),
    Kind(
        "measurements",
        "iot_data.timescale_measurements",
        "time, device_id, parameter_id, value, quality, metadata",
        "time, device_id, parameter_id",
        "'2024-01-01Z', 'elsewhere', 'parameter-0', 0, 1, NULL",
    ),
)


@dataclass(frozen=True)
class Trial:
    """One file and the database it goes into."""

    engine: Engine
    kind: Kind
    path: Path


def write(path: Path, kind: Kind, rows: int, changed: float = 0.0, repeated: int = 0) -> Path:
    """A file of *rows*, instant after instant; every tenth value is greater by *changed*.

    The first *repeated* come again at the end.
    """
    path.parent.mkdir(exist_ok=True)
    with pq.ParquetWriter(path, _group(kind, 0, 0.0).schema) as writer:
        for first in range(0, rows, GROUP_ROWS):
            writer.write_table(_group(kind, first, changed))
        writer.write_table(_group(kind, 0, changed).slice(0, repeated))
    return path


def empty(engine: Engine) -> None:
    """Delete all readings, and the records of all objects."""
    with engine.begin() as connection:
        connection.execute(text(_EMPTY))


def add_another(trial: Trial) -> None:
    """Add a row of the files' time, as another writer would."""
    kind = trial.kind
    with trial.engine.begin() as connection:
        connection.execute(
            text(f"INSERT INTO {kind.table} ({kind.columns}) VALUES ({kind.other})")  # noqa: S608
        )


def encoded(path: Path) -> Iterator[bytes]:
    """The file as CSV, without judging any row."""
    for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
        plain = batch.set_column(0, "time", batch.column(0).cast(pa.timestamp("us")))
        buffer = BytesIO()
        csv.write_csv(plain, buffer, csv.WriteOptions(include_header=False))
        yield buffer.getvalue()


def copy(trial: Trial, chunks: Iterator[bytes]) -> None:
    """Copy the file straight into the hypertable."""
    statement = f"COPY {trial.kind.table} ({trial.kind.columns}) FROM STDIN (FORMAT csv)"
    with trial.engine.begin() as connection:
        connection.execute(text("SET LOCAL TimeZone = 'UTC'"))
        driver: Any = connection.connection.driver_connection
        driver.cursor().copy_expert(statement, _Chunks(chunks))


def load_with_the_application(trial: Trial) -> None:
    """Load the file as `cli.py load` does."""
    context = LoadContext(trial.engine, LoadSettings(10, None), None, Deadline.after(3_600))
    ended = load(context, location_of(str(trial.path)))
    if ended.status is not LoadStatus.SUCCEEDED or ended.is_repeated:
        raise RuntimeError(f"the load was {ended.status}: {ended.error}")


def insert_in_pages(trial: Trial) -> None:
    """Insert a thousand rows a statement, in the order of the file, as many applications do."""
    kind = trial.kind
    values = [name for name in kind.columns.split(", ") if name not in kind.key.split(", ")]
    updates = ", ".join(f"{name} = excluded.{name}" for name in values)
    statement = (  # the names are those above
        f"INSERT INTO {kind.table} ({kind.columns}) VALUES %s "  # noqa: S608
        f"ON CONFLICT ({kind.key}) DO UPDATE SET {updates}"
    )
    with trial.engine.begin() as connection:
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            for batch in pq.ParquetFile(trial.path).iter_batches(BATCH_ROWS):
                rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
                execute_values(cursor, statement, rows, page_size=PAGE_ROWS)


class _Chunks:
    """What the driver reads."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks

    def read(self, _: int = -1) -> bytes:
        return next(self._chunks, b"")


def _group(kind: Kind, first: int, changed: float) -> pa.Table:
    numbers = range(first, first + GROUP_ROWS)
    times = [START + number // SERIES * FIVE_MINUTES for number in numbers]
    values = [number * 7919 % 100_003 / 97 + changed * (number % 10 == 0) for number in numbers]
    rows = _measurements(numbers) if kind.dataset == "measurements" else _energy(numbers)
    time = "time" if kind.dataset == "measurements" else "timestamp"
    table = pa.table({time: pa.array(times, pa.timestamp("us", "UTC")), "value": values} | rows)
    order = [name if name != "time" else time for name in kind.columns.split(", ")]
    return table.select(order)


def _energy(numbers: range) -> dict[str, Any]:
    return {
        "region": [f"region-{number % SERIES // 20:02}" for number in numbers],
        "unit": ["MW"] * len(numbers),
        "energy_source": [f"source-{number % 20 // 2}" for number in numbers],
        "measurement_type": ["power" if number % 2 else "energy" for number in numbers],
        "quality_flag": ["good"] * len(numbers),
    }


def _measurements(numbers: range) -> dict[str, Any]:
    return {
        "device_id": [f"device-{number % SERIES // 10:05}" for number in numbers],
        "parameter_id": [f"parameter-{number % 10}" for number in numbers],
        "quality": pa.array([1] * len(numbers), pa.int16()),
        "metadata": pa.nulls(len(numbers), pa.string()),
    }
