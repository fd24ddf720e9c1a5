"""The ways to bring the table in step, each timed by itself and each doing the same delta."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from bench.data import Fleet, sql
from bench.points import Sample
from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.device_parameters import sources, store
from chalicelib.features.device_parameters import sync as use_case
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    EvidenceSource,
    Reading,
    SyncRequest,
    Trigger,
    Window,
    observation_window,
)
from chalicelib.features.device_parameters.sync import RUN_TIME_LIMIT, sync

# As the application says to its planner.


class WrongResultError(Exception):
    """A contestant did not do what was asked, so its time means nothing."""


@dataclass(frozen=True)
class Trial:
    """One instant at which a fleet is synced; small enough to be sent to another process."""

    fleet: Fleet
    as_of: datetime
    window_minutes: int

    @property
    def engine(self) -> Engine:
        """The engine of the fleet's database."""
        return self.fleet.engine

    @property
    def window(self) -> Window:
        """What every contestant looks at."""
        return observation_window(self.as_of, timedelta(minutes=self.window_minutes))

    @property
    def raw_window(self) -> dict[str, datetime]:
        """The window, for statements that read measurements only."""
        return {"window_start": self.window.start, "window_end": self.window.end}


Contestant = Callable[[Trial], Sample]


def ours(trial: Trial) -> Sample:
    """The application itself, until its delta is committed; what comes after that is a detail."""
    return ours_with(trial, force=False)[0]


def ours_with(trial: Trial, *, force: bool) -> tuple[Sample, Run]:
    """The application itself, as it would be configured with this window."""
    settings = replace(trial.fleet.settings, check_interval_minutes=trial.window_minutes)
    context = Sync(trial.engine, settings, Deadline.after(RUN_TIME_LIMIT.total_seconds()))
    request = SyncRequest(Trigger.CLI, trial.window_minutes, trial.as_of, force=force)
    with _commit_clock() as clock, _estimating_at(trial.as_of):
        start = time.perf_counter()
        run = sync(context, request)
        end = time.perf_counter()
    if run.error is not None or run.evidence is None or clock.committed_at is None:
        raise WrongResultError(f"the run did not go well: {run}")
    detail = {
        "total_seconds": end - start,
        "refresh_seconds": context.telemetry.refresh_seconds or 0.0,
    }
    notes = {"source": str(run.evidence.source), "reason": run.evidence.reason}
    delta = (run.deltas.added, run.deltas.removed)
    return Sample(clock.committed_at - start, delta, detail, notes), run


@contextmanager
def _estimating_at(as_of: datetime) -> Iterator[None]:
    """Have the run take its own instant for now where it estimates how many measurements there are.

    In operation the two are the same. Here the database's clock is ahead by the hours that are
    still to be measured, and a day that has just begun would be taken for almost empty.
    """
    now = f"CAST('{as_of.isoformat()}' AS timestamptz)"
    statement = text(sources.sql.foresee.text.replace("now()", now.replace(":", r"\:")))
    vars(sources.sql)["foresee"] = statement
    try:
        yield
    finally:
        del vars(sources.sql)["foresee"]


class _CommitClock(logging.Handler):
    """Looks at the clock when the application logs that its delta is committed."""

    committed_at: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == "run_finished":
            self.committed_at = time.perf_counter()


@contextmanager
def _commit_clock() -> Iterator[_CommitClock]:
    clock, level = _CommitClock(logging.INFO), use_case.logger.level
    use_case.logger.addHandler(clock)
    use_case.logger.setLevel(logging.INFO)
    try:
        yield clock
    finally:
        use_case.logger.removeHandler(clock)
        use_case.logger.setLevel(level)


def floor(trial: Trial) -> Sample:
    """The lower bound: read and hash both sets once, count how they differ, write nothing.

    It reads what the run before it has chosen, and with the same settings.
    """
    deadline = Deadline.after(RUN_TIME_LIMIT.total_seconds())
    start = time.perf_counter()
    with database.transaction(trial.engine, deadline) as connection:
        memory = {"work_mem": f"{trial.fleet.settings.refresh_work_mem_mb}MB"}
        database.configure(connection, {**store.HASHING, **memory})
        measured_from = connection.execute(sql.last_reading).scalar_one()
        reading = Reading(trial.window, measured_from, "")
        difference = _count_difference(connection, reading)
    return Sample(time.perf_counter() - start, difference)


def _count_difference(connection: Connection, reading: Reading) -> tuple[int, int]:
    is_measured = reading.source is EvidenceSource.MEASUREMENTS
    evidence = store.sql.evidence_of_measurements if is_measured else store.sql.evidence_of_both
    values = {
        "first_bucket": reading.window.first_bucket,
        "measured_from": reading.measured_from,
        "measured_start": reading.measured_start,
        "window_start": reading.window.start,
        "window_end": reading.window.end,
    }
    statement = text(sql.count_difference.text.replace("@evidence@", evidence.text))
    found = connection.execute(statement, values).one()
    return found.added, found.removed


def distinct(trial: Trial) -> Sample:
    """No aggregate: one SELECT DISTINCT over the measurements, compared in the database."""
    start = time.perf_counter()
    with trial.engine.begin() as connection:
        connection.execute(sql.plan_from_measurements, trial.raw_window)
        removed = connection.execute(sql.remove_difference).rowcount
        added = connection.execute(sql.add_difference).rowcount
    return Sample(time.perf_counter() - start, (added, removed))


def client(trial: Trial) -> Sample:
    """The same SELECT DISTINCT, but both sets are fetched and compared in Python."""
    start = time.perf_counter()
    with trial.engine.begin() as connection:
        rows = connection.execute(sql.observed_from_measurements, trial.raw_window)
        observed = {(row[0], row[1]): row for row in rows}
        known = {(row[0], row[1]): row for row in connection.execute(sql.known_pairs)}
        added = [dict(row._mapping) for key, row in observed.items() if key not in known]
        removed = [dict(row._mapping) for key, row in known.items() if key not in observed]
        write_one_by_one(connection, added, removed)
    return Sample(time.perf_counter() - start, (len(added), len(removed)))


def write_one_by_one(
    connection: Connection, added: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    """What a client writes that has compared the sets itself."""
    if removed:
        connection.execute(sql.remove_pair, removed)
    if added:
        connection.execute(sql.add_pair, added)
