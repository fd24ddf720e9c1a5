"""An installation that has stored heartbeats is upgraded, and no field loses its time."""

import importlib
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2.extensions import AsIs
from sqlalchemy import Engine, create_engine

from chalicelib import database
from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.model import Admission, Report, UnknownDevices, merge
from chalicelib.features.heartbeats.record import record
from tests.databases import connect
from tests.features.heartbeats.oracle import FIELDS, expected, stored
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox
from tests.waiting import wait_until

THIS = "0025_heartbeats_times"
BEFORE = importlib.import_module(f"migrations.versions.{THIS}").down_revision
START = datetime(2026, 11, 1, 10, tzinfo=UTC)
DEVICES = [f"device-{number}" for number in range(60)]
ANYBODY = Admission(UnknownDevices.ACCEPT)
VALUES: dict[str, list[Any]] = {
    "last_upload_ts": [None, START, START + timedelta(days=1)],
    "queue_depth": [None, 1, 2],
    "agent_version": [None, "a", "Z"],
    "poll_interval_s": [None, 1, 2],
    "cpu_pct": [None, 1.0, 2.0],
    "disk_free_gb": [None, 1.0, 2.0],
    "status": [None, "ready", "error"],
}
TIMES = f"""
SELECT device_id, {", ".join(f"nullif({name}_set_at, '-infinity')" for name in FIELDS)}
FROM iot_data.device_state_fields
"""
WAITING = """
SELECT count(*) = {} FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def reports(chance: random.Random, count: int) -> list[Report]:
    """Heartbeats of all devices, at few instants, some of which name few fields."""
    told = []
    for _ in range(count):
        names = chance.sample(FIELDS, chance.choice([0, 1, 5, 7, 7]))
        fields = {name: chance.choice(VALUES[name][chance.choice([0, 1]) :]) for name in names}
        seen_at = START + timedelta(seconds=chance.randrange(6))
        told.append(Report(chance.choice(DEVICES), seen_at, {"site_id": "a", **fields}))
    return told


def store_as_before(sandbox: Sandbox, told: list[Report]) -> None:
    """Leave what the release before this revision would have left."""
    for device_id, state in expected(told).items():
        report = merge(told)[device_id]
        times = {
            f"{name}_set_at": report.set_at(name) if name in report.fields else AsIs("'-infinity'")
            for name in FIELDS
        }
        insert(sandbox, "device_state", {"device_id": device_id, **state})
        insert(sandbox, "device_state_fields", {"device_id": device_id, **state, **times})


def insert(sandbox: Sandbox, table: str, row: dict[str, Any]) -> None:
    marks = ", ".join(["%s"] * len(row))
    sandbox.rows(
        f"INSERT INTO iot_data.{table} ({', '.join(row)}) VALUES ({marks})", list(row.values())
    )


def store_now(engine: Engine, told: list[Report]) -> None:
    with database.transaction(engine, Deadline.after(60)) as connection:
        store.merge_heartbeats(connection, merge(told), ANYBODY)


def times_before(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """The times of the fields, as the release before this revision understands what is there."""
    found: dict[str, dict[str, Any]] = {
        device_id: dict.fromkeys(
            (name for name in FIELDS if state[name] is not None), state["last_seen_ts"]
        )
        for device_id, state in stored(sandbox).items()
    }
    for device_id, *times in sandbox.rows(TIMES):
        named = zip(FIELDS, times, strict=True)
        found[device_id] = {name: time for name, time in named if time is not None}
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_heartbeats_go_on_where_the_release_before_has_left_them(
    sources: Sandbox, migrator: Migrator, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 nothing secret
    migrator.upgrade(BEFORE)
    before, after = reports(chance, 200), reports(chance, 200)
    store_as_before(sources, before)
    migrator.upgrade(THIS)
    assert stored(sources) == expected(before)
    engine = create_engine(engine_for(sources.settings).url)
    for start in range(0, len(after), 20):
        store_now(engine, after[start : start + 20])
    engine.dispose()
    told = [*before, *after]
    assert stored(sources) == expected(told)
    migrator.downgrade(BEFORE)
    assert stored(sources) == expected(told)
    assert times_before(sources) == {
        device_id: {name: report.set_at(name) for name in report.fields if name != "site_id"}
        for device_id, report in merge(told).items()
    }


def test_a_state_that_somebody_else_moved_keeps_the_times_of_its_fields(
    sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade(BEFORE)
    told = [Report("d", START, {"site_id": "a", "cpu_pct": 1.0})]
    store_as_before(sources, told)
    sources.rows("UPDATE iot_data.device_state SET last_seen_ts = last_seen_ts + interval '1 h'")
    migrator.upgrade(THIS)
    engine = create_engine(engine_for(sources.settings).url)
    store_now(engine, [Report("d", START + timedelta(minutes=1), {"site_id": "a", "cpu_pct": 2.0})])
    engine.dispose()
    state = stored(sources)["d"]
    assert (state["cpu_pct"], state["last_seen_ts"]) == (2.0, START + timedelta(hours=1))


def test_devices_whose_fields_are_of_one_heartbeat_need_no_times(
    sources: Sandbox, migrator: Migrator
) -> None:
    migrator.upgrade(BEFORE)
    store_as_before(
        sources,
        [
            Report("usual", START, {"site_id": "a", "cpu_pct": 1.0}),
            Report("cleared", START, {"site_id": "a", "cpu_pct": None}),
        ],
    )
    migrator.upgrade(THIS)
    assert sources.rows("SELECT device_id FROM iot_data.device_state_fields") == [("cleared",)]


@pytest.mark.postgresql
def test_heartbeats_wait_while_the_times_are_migrated(sources: Sandbox, migrator: Migrator) -> None:
    migrator.upgrade(BEFORE)
    told = [Report("d", START, {"site_id": "a", "cpu_pct": 1.0})]
    store_as_before(sources, told)
    holder = connect(sources.url)
    holder.autocommit = False
    holder.cursor().execute("SELECT FROM iot_data.device_state_fields")
    engine = create_engine(engine_for(sources.settings).url)
    late = {"device_id": "d", "site_id": "a", "cpu_pct": 0.5, "ts": "2026-11-01T09:00:00Z"}
    with ThreadPoolExecutor(2) as pool:
        migration = pool.submit(migrator.upgrade, THIS)
        wait_until(sources, WAITING.format(1))
        answer = pool.submit(
            record, engine, Deadline.after(60), read_batch(late), admission=ANYBODY
        )
        wait_until(sources, WAITING.format(2))
        holder.commit()
        migration.result()
        assert answer.result().stored == 1
    holder.close()
    engine.dispose()
    assert stored(sources) == expected(told)
