"""The fleet lives on while it is looked at, for hours; the clock is the test's."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.features.device_parameters.model import BUCKET
from chalicelib.features.device_parameters.settings import SyncSettings
from devdb.demo import living
from devdb.fleet import Fleet
from devdb.life import NAPS, Life, Nap, next_run
from devdb.seed import seed
from tests.ports import free_port
from tests.sandbox import Sandbox

HOURS = 7
STEP = timedelta(minutes=10)
DEEP_SLEEPER = "dev-11"


@pytest.fixture
def fleet(migrated: Sandbox, engine: Engine) -> Fleet:
    fleet = Fleet(engine)
    fleet.install()
    return fleet


def device_count(sandbox: Sandbox, table: str, column: str, since: datetime) -> int:
    found: int = sandbox.value(
        f"SELECT count(DISTINCT device_id) FROM iot_data.{table} WHERE {column} >= %s", [since]
    )
    return found


def test_after_hours_the_fleet_is_still_alive(
    migrated: Sandbox, fleet: Fleet, configured: SyncSettings
) -> None:
    shown = Console(file=StringIO(), width=200)
    now = datetime.now(UTC)
    began_at = now - HOURS * BUCKET - STEP
    lives = living(shown, fleet, replace(configured, removal_guard_min_pairs=20), began_at)
    for step in range(int((now - began_at) / STEP) + 1):
        lives.step(began_at + step * STEP)

    awake = len(fleet.reporting) - 1
    assert device_count(migrated, "timescale_measurements", "time", now - STEP) >= awake
    assert device_count(migrated, "device_state", "last_seen_ts", now - STEP) >= awake - 2
    runs = migrated.rows("SELECT status, as_of FROM iot_data.sync_runs ORDER BY 2")
    assert {status for status, _ in runs} == {"succeeded"}
    assert len(runs) >= HOURS
    assert now - runs[-1][1] < BUCKET + STEP
    # It slept for longer than a run looks back, and came back.
    changes = migrated.rows(
        "SELECT DISTINCT run_id, change FROM iot_data.device_parameter_changes "
        "WHERE device_id = %s ORDER BY run_id",
        [DEEP_SLEEPER],
    )
    assert [change for _, change in changes] == ["added", "removed", "added"]
    assert isinstance(shown.file, StringIO)
    assert shown.file.getvalue().count("by the schedule") == len(runs)


def test_what_fails_is_told_and_tried_again(
    migrated: Sandbox, fleet: Fleet, configured: SyncSettings, engine: Engine
) -> None:
    told: list[str] = []
    began_at = datetime.now(UTC) - timedelta(minutes=30)
    lives = Life(fleet, began_at, told.append)
    fleet.engine = database.engine_for(replace(configured.database, port=free_port()))
    lives.step(began_at + timedelta(minutes=1))
    fleet.engine.dispose()
    assert any("readings: " in line and "Connection refused" in line for line in told)
    assert any("heartbeats: " in line for line in told)

    told.clear()
    fleet.engine = engine
    lives.step(began_at + timedelta(minutes=2))
    assert told == []
    assert device_count(migrated, "timescale_measurements", "time", began_at) == 12
    assert device_count(migrated, "device_state", "last_seen_ts", began_at) == 12


def test_after_a_long_sleep_of_the_machine_it_goes_on_where_it_is(
    migrated: Sandbox, fleet: Fleet
) -> None:
    now = datetime.now(UTC)
    lives = Life(fleet, now - timedelta(days=30), print)
    lives.step(now)
    lives.step(now)
    times = migrated.rows("SELECT DISTINCT time FROM iot_data.timescale_measurements")
    assert times == [(now,)]


def test_a_seeded_fleet_has_a_past_of_hours(migrated: Sandbox, engine: Engine) -> None:
    now = datetime.now(UTC)
    seed(engine, now)
    oldest, newest = migrated.rows(
        "SELECT min(time), max(time) FROM iot_data.timescale_measurements"
    )[0]
    assert timedelta(hours=2) < newest - oldest < timedelta(hours=4)
    assert now - newest <= timedelta(minutes=15)


def test_a_fleet_may_be_seeded_again(migrated: Sandbox, engine: Engine) -> None:
    """As into a directory that is kept."""
    for _ in range(2):
        seed(engine, datetime.now(UTC))
    assert migrated.value("SELECT count(*) FROM iot_data.redshift_devices") == 12


@pytest.mark.parametrize("nap", NAPS)
def test_everybody_is_awake_at_first_and_comes_back(nap: Nap) -> None:
    moment = timedelta(seconds=1)
    assert not nap.is_on(timedelta(0))
    assert nap.is_on(nap.every - moment)
    assert not nap.is_on(nap.every)
    assert nap.is_on(2 * nap.every - nap.lasts)


@pytest.mark.parametrize(
    ("now", "due_at"), [("12:00", "12:05"), ("12:05", "13:05"), ("12:40", "13:05")]
)
def test_a_run_is_due_soon_after_each_hour(now: str, due_at: str) -> None:
    def at(time: str) -> datetime:
        return datetime.fromisoformat(f"2026-11-27T{time}:00+00:00")

    assert next_run(at(now)) == at(due_at)
