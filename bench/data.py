"""A made-up fleet: its past, its next hour, and a small difference for a run to find."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.statements import load_statements
from chalicelib.features.device_parameters.backfill import backfill
from chalicelib.features.device_parameters.model import BUCKET, Span, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings

PARAMETERS = 10
READING_EVERY = timedelta(minutes=15)
RUN_AFTER = timedelta(minutes=5)
# One pair in two thousand appears and one disappears: a change of 0.1 %.
PAIRS_PER_CHANGE = 2000
_LONGEST_STATEMENT = timedelta(hours=1).total_seconds()
_ROWS_PER_INSERT = 500_000
_BACKFILL_STEP = timedelta(hours=24)

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_ADD_DEVICES = _statements["add_devices"]
_ADD_PARAMETERS = _statements["add_parameters"]
_ADD_MEASUREMENTS = _statements["add_measurements"]
_COUNT_ROWS = _statements["count_rows"]
_FORGET_PAIRS = _statements["forget_pairs"]
_INVENT_PAIRS = _statements["invent_pairs"]
_VERSIONS = _statements["versions"]


@dataclass(frozen=True)
class Fleet:
    """*devices* that each report ten parameters, and a few that are active and silent."""

    settings: SyncSettings
    devices: int

    @property
    def engine(self) -> Engine:
        """The engine that the application itself would use."""
        return database.engine_for(self.settings.database)

    @property
    def pairs(self) -> int:
        """How many pairs report."""
        return self.devices * PARAMETERS

    @property
    def change_count(self) -> int:
        """How many pairs every contestant adds, and how many it removes."""
        return max(1, self.pairs // PAIRS_PER_CHANGE)


@dataclass(frozen=True)
class RowCounts:
    """How large the tables are."""

    measurements: int
    buckets: int
    pairs: int


def first_run_at(now: datetime, hours_to_live: int) -> datetime:
    """The instant of the first run, so that the last of *hours_to_live* is not in the future."""
    last = bucket_start((now - RUN_AFTER).astimezone(UTC)) + RUN_AFTER
    return last - (hours_to_live - 1) * BUCKET


def install(fleet: Fleet) -> None:
    """Devices and parameters, no measurement yet."""
    silent_devices = -(-fleet.change_count // PARAMETERS)
    with fleet.engine.begin() as connection:
        connection.execute(_ADD_DEVICES, {"devices": fleet.devices + silent_devices})
        connection.execute(_ADD_PARAMETERS, {"parameters": PARAMETERS})


def live(fleet: Fleet, start: datetime, end: datetime) -> None:
    """Let the fleet report from *start* up to *end*, in inserts of bounded size."""
    ticks = max(1, _ROWS_PER_INSERT // fleet.pairs)
    while start < end:
        piece_end = min(start + ticks * READING_EVERY, end)
        with fleet.engine.begin() as connection:
            _add_measurements(connection, fleet, start, piece_end)
        start = piece_end


def _add_measurements(connection: Connection, fleet: Fleet, start: datetime, end: datetime) -> None:
    minutes_into_tick = start.minute % (READING_EVERY.seconds // 60)
    values = {
        "first_tick": start - timedelta(minutes=minutes_into_tick),
        "start": start,
        "end": end,
        "devices": fleet.devices,
        "parameters": PARAMETERS,
    }
    connection.execute(_ADD_MEASUREMENTS, values)


def remember(fleet: Fleet, start: datetime, end: datetime) -> None:
    """Materialize the whole buckets of the past, as `cli.py backfill` does."""
    span = Span(bucket_start(start), bucket_start(end))
    for _ in backfill(fleet.engine, fleet.settings, span.steps(_BACKFILL_STEP)):
        pass


def settle(fleet: Fleet) -> None:
    """Do what autovacuum would have done to data of that age."""
    with database.session(fleet.engine, Deadline.after(_LONGEST_STATEMENT), {}) as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def disturb(fleet: Fleet) -> None:
    """Make the table differ from what is observed; the same way each time."""
    values = {
        "count": fleet.change_count,
        "stride": fleet.devices // fleet.change_count,
        "devices": fleet.devices,
        "parameters": PARAMETERS,
    }
    with fleet.engine.begin() as connection:
        connection.execute(_FORGET_PAIRS, values)
        connection.execute(_INVENT_PAIRS, values)


def count_rows(fleet: Fleet) -> RowCounts:
    """Exact counts, by reading everything."""
    with fleet.engine.begin() as connection:
        return RowCounts(**connection.execute(_COUNT_ROWS).one()._mapping)


def server_facts(fleet: Fleet) -> dict[str, str]:
    """Versions and the two memory settings that decide most."""
    with fleet.engine.begin() as connection:
        return dict(connection.execute(_VERSIONS).one()._mapping)
