"""A made-up fleet: its past, its next hour, and a small difference for a run to find."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters import upkeep
from chalicelib.features.device_parameters.backfill import backfill
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import BUCKET, Span, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings

PARAMETERS = 10
RUN_AFTER = timedelta(minutes=5)
# One pair in two thousand appears and one disappears: a change of 0.1 %.
PAIRS_PER_CHANGE = 2000
LONGEST_STATEMENT = timedelta(hours=2).total_seconds()
_ROWS_PER_INSERT = 2_000_000
_BACKFILL_STEP = timedelta(hours=24)
_DAY = timedelta(days=1)

sql = statements_beside(__file__)


@dataclass(frozen=True)
class Fleet:
    """*devices* that each report ten parameters, and a few that are active and silent.

    Each pair reports at a moment of its own within the time between two readings. Every contestant
    has *change_count* pairs to add, and as many to remove.
    """

    settings: SyncSettings
    devices: int
    readings_an_hour: int
    change_count: int

    @property
    def engine(self) -> Engine:
        """The engine that the application itself would use."""
        return database.engine_for(self.settings.database)

    @property
    def pairs(self) -> int:
        """How many pairs report."""
        return self.devices * PARAMETERS

    @property
    def reading_every(self) -> timedelta:
        """The time between two readings of a pair."""
        return BUCKET / self.readings_an_hour


def fleet_of(
    settings: SyncSettings, pairs: int, readings_an_hour: int, changes: int | None = None
) -> Fleet:
    """A fleet with *pairs* in all; by default one in two thousand changes."""
    change_count = changes or max(1, pairs // PAIRS_PER_CHANGE)
    return Fleet(settings, pairs // PARAMETERS, readings_an_hour, change_count)


def first_run_at(now: datetime, hours_to_live: int) -> datetime:
    """The instant of the first run, so that the last of *hours_to_live* is not in the future."""
    last = bucket_start((now - RUN_AFTER).astimezone(UTC)) + RUN_AFTER
    return last - (hours_to_live - 1) * BUCKET


def install(fleet: Fleet) -> None:
    """Devices, parameters, and what each pair will report; no measurement yet."""
    silent_devices = -(-fleet.change_count // PARAMETERS)
    sizes = {"devices": fleet.devices, "parameters": PARAMETERS}
    with fleet.engine.begin() as connection:
        connection.execute(sql.add_devices, {"devices": fleet.devices + silent_devices})
        connection.execute(sql.add_parameters, {"parameters": PARAMETERS})
        connection.execute(sql.make_room)
        seconds = int(fleet.reading_every.total_seconds())
        connection.execute(sql.prepare_readings, {**sizes, "seconds": seconds})
        connection.execute(sql.prepare_changes, {"count": fleet.change_count})


def live(fleet: Fleet, start: datetime, end: datetime) -> None:
    """Let the fleet report from *start* up to *end*, in inserts of bounded size."""
    ticks = max(1, _ROWS_PER_INSERT // fleet.pairs)
    while start < end:
        piece_end = min(start + ticks * fleet.reading_every, end)
        with fleet.engine.begin() as connection:
            _add_measurements(connection, fleet, start, piece_end)
        start = piece_end


def _add_measurements(connection: Connection, fleet: Fleet, start: datetime, end: datetime) -> None:
    values = {
        "first_tick": start - (start - bucket_start(start)) % fleet.reading_every,
        "every": fleet.reading_every,
        "start": start,
        "end": end,
    }
    database.configure(connection, {"jit": "off"})
    connection.execute(sql.add_measurements, values)


@contextmanager
def loading(fleet: Fleet) -> Iterator[None]:
    """Go without the indexes of the measurements meanwhile: that is four times as fast."""
    with fleet.engine.begin() as connection:
        connection.execute(sql.drop_key)
        connection.execute(sql.drop_time_index)
    yield
    with fleet.engine.begin() as connection:
        database.configure(connection, {"maintenance_work_mem": "1GB"})
        connection.execute(sql.create_key)
        connection.execute(sql.create_time_index)


def remember(fleet: Fleet, start: datetime, end: datetime) -> None:
    """Materialize the whole buckets of the past, as `cli.py backfill` does."""
    span = Span(bucket_start(start), bucket_start(end))
    for _ in backfill(fleet.engine, fleet.settings, span.steps(_BACKFILL_STEP)):
        pass


def tend(fleet: Fleet, past: timedelta) -> None:
    """Compress what the runs of that time would have compressed."""
    for _ in range(1 + 2 * (past // _DAY) // upkeep.MOST_CHUNKS):
        upkeep.tend(Sync(fleet.engine, fleet.settings, Deadline.after(LONGEST_STATEMENT)))


def settle(fleet: Fleet) -> None:
    """Do what autovacuum would have done to data of that age."""
    with database.session(fleet.engine, Deadline.after(LONGEST_STATEMENT), {}) as connection:
        connection.exec_driver_sql("VACUUM (ANALYZE)")


def disturb(fleet: Fleet) -> None:
    """Make the table differ from what is observed; the same way each time."""
    values = {"count": fleet.change_count, "devices": fleet.devices}
    with fleet.engine.begin() as connection:
        connection.execute(sql.forget_pairs)
        connection.execute(sql.invent_pairs, values)


def count_rows(fleet: Fleet) -> dict[str, int]:
    """How large the tables are: exact counts, by reading everything."""
    with fleet.engine.begin() as connection:
        return dict(connection.execute(sql.count_rows).one()._mapping)
