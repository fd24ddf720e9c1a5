"""Five ways to bring the table in step, each timed by itself and each doing the same delta."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from bench.data import Fleet
from chalicelib.database import Deadline
from chalicelib.database.statements import load_statements
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    SyncRequest,
    Trigger,
    Window,
    observation_window,
)
from chalicelib.features.device_parameters.sync import RUN_TIME_LIMIT, refresh, sync

LOOP_DEVICES = 100
LOOP_SECONDS = 4.0
LOOP_LEAST_DEVICES = 5

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_LOOP_DEVICES = _statements["loop_devices"]
_LOOP_OBSERVED = _statements["loop_observed"]
_LOOP_NAMES = _statements["loop_names"]
_LOOP_KNOWN = _statements["loop_known"]
_OBSERVED_FROM_MEASUREMENTS = _statements["observed_from_measurements"]
_KNOWN_PAIRS = _statements["known_pairs"]
_ADD_PAIR = _statements["add_pair"]
_REMOVE_PAIR = _statements["remove_pair"]
_PLAN_FROM_MEASUREMENTS = _statements["plan_from_measurements"]
_REMOVE_DIFFERENCE = _statements["remove_difference"]
_ADD_DIFFERENCE = _statements["add_difference"]
_COUNT_DIFFERENCE = _statements["count_difference"]


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


@dataclass(frozen=True)
class Sample:
    """How long it took, and what it changed; None where it was sampled, not carried out."""

    seconds: float
    delta: tuple[int, int] | None
    detail: dict[str, float] = field(default_factory=dict)


Contestant = Callable[[Trial], Sample]


def aggregate(trial: Trial) -> Sample:
    """The application itself: refresh the newly closed hour, then plan and apply the delta.

    `sync` refreshes too; calling `refresh` first only tells the two parts apart, at the price
    of a second refresh that finds nothing to do.
    """
    deadline = Deadline.after(RUN_TIME_LIMIT.total_seconds())
    context = Sync(trial.engine, trial.fleet.settings, deadline)
    start = time.perf_counter()
    refresh(context, trial.window)
    refreshed = time.perf_counter()
    run = sync(context, SyncRequest(Trigger.CLI, trial.window_minutes, trial.as_of))
    end = time.perf_counter()
    detail = {"refresh_seconds": refreshed - start, "delta_seconds": end - refreshed}
    return Sample(end - start, (run.deltas.added, run.deltas.removed), detail)


def floor(trial: Trial) -> Sample:
    """The lower bound: read and hash both sets once, count how they differ, write nothing."""
    window = trial.window
    values = {
        **trial.raw_window,
        "first_bucket": window.first_bucket,
        "hot_bucket": window.hot_bucket,
        "hot_start": window.hot_start,
    }
    start = time.perf_counter()
    with trial.engine.begin() as connection:
        difference = connection.execute(_COUNT_DIFFERENCE, values).one()
    return Sample(time.perf_counter() - start, (difference.added, difference.removed))


def distinct(trial: Trial) -> Sample:
    """No aggregate: one SELECT DISTINCT over the measurements, compared in the database."""
    start = time.perf_counter()
    with trial.engine.begin() as connection:
        connection.execute(_PLAN_FROM_MEASUREMENTS, trial.raw_window)
        removed = connection.execute(_REMOVE_DIFFERENCE).rowcount
        added = connection.execute(_ADD_DIFFERENCE).rowcount
    return Sample(time.perf_counter() - start, (added, removed))


def client(trial: Trial) -> Sample:
    """The same SELECT DISTINCT, but both sets are fetched and compared in Python."""
    start = time.perf_counter()
    with trial.engine.begin() as connection:
        rows = connection.execute(_OBSERVED_FROM_MEASUREMENTS, trial.raw_window)
        observed = {(row[0], row[1]): row for row in rows}
        known = {(row[0], row[1]): row for row in connection.execute(_KNOWN_PAIRS)}
        added = [dict(row._mapping) for key, row in observed.items() if key not in known]
        removed = [dict(row._mapping) for key, row in known.items() if key not in observed]
        _apply(connection, added, removed)
    return Sample(time.perf_counter() - start, (len(added), len(removed)))


def _apply(
    connection: Connection, added: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    if removed:
        connection.execute(_REMOVE_PAIR, removed)
    if added:
        connection.execute(_ADD_PAIR, added)


def loop(trial: Trial) -> Sample:
    """The loop of the requirements, device by device, over a sample of the devices.

    What the sampled devices cost on average is multiplied by the number of active devices. The
    sample is rolled back, so the commits that the loop would make are not even counted.
    """
    start = time.perf_counter()
    with trial.engine.connect() as connection:
        devices = connection.execute(_LOOP_DEVICES).all()
        listed = time.perf_counter()
        # The same devices in every repetition.
        sample = random.Random(1).sample(devices, min(len(devices), LOOP_DEVICES))  # noqa: S311
        done = 0
        for device_id, device_name in sample:
            _sync_device(connection, trial, device_id, device_name or device_id)
            done += 1
            if done >= LOOP_LEAST_DEVICES and time.perf_counter() - listed > LOOP_SECONDS:
                break
        spent = time.perf_counter() - listed
        connection.rollback()
    seconds = listed - start + spent / done * len(devices)
    return Sample(seconds, None, {"devices_sampled": done, "seconds_sampled": spent})


def _sync_device(connection: Connection, trial: Trial, device_id: str, device_name: str) -> None:
    device = {"device_id": device_id}
    observed = connection.execute(_LOOP_OBSERVED, {**device, **trial.raw_window})
    parameter_ids = [row.parameter_id for row in observed]
    names = {
        row.parameter_id: row.parameter_name or row.parameter_id
        for row in connection.execute(_LOOP_NAMES, {"parameter_ids": parameter_ids})
    }
    known = set(connection.execute(_LOOP_KNOWN, device).scalars())
    added = [
        {**device, "device_name": device_name, "parameter_id": key, "parameter_name": name}
        for key, name in names.items()
        if key not in known
    ]
    removed = [{**device, "parameter_id": key} for key in known if key not in names]
    _apply(connection, added, removed)


# The floor reads what the aggregate's refresh has materialized, so it follows it.
ON_AGGREGATE: dict[str, Contestant] = {"aggregate": aggregate, "floor": floor}
ON_MEASUREMENTS: dict[str, Contestant] = {"distinct": distinct, "client": client, "loop": loop}
