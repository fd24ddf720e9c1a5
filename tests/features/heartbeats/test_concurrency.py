"""Many writers on the same devices: they wait for each other, and nothing gets lost."""

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
from psycopg2.errors import DeadlockDetected
from sqlalchemy import create_engine

from chalicelib import database
from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.model import Report, merge
from chalicelib.features.heartbeats.record import record
from tests.databases import connect
from tests.features.heartbeats.conftest import ANYBODY
from tests.features.heartbeats.oracle import expected, stored
from tests.sandbox import Sandbox
from tests.waiting import wait_until

pytestmark = pytest.mark.postgresql
WRITERS, BATCHES, BATCH_SIZE, DEVICES = 16, 6, 60, 40
START = datetime(2026, 11, 1, 10, tzinfo=UTC)
OLD = {"device_id": "d", "site_id": "a", "cpu_pct": 5.0, "ts": "2026-11-01T10:00:00Z"}
NEW = {"device_id": "d", "site_id": "a", "queue_depth": 3, "ts": "2026-11-01T10:03:00Z"}
IS_ONE_WAITING = """
SELECT count(*) = 1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def batch(chance: random.Random) -> list[Report]:
    """Devices and fields at random, within the same few milliseconds."""
    reports = []
    for _ in range(BATCH_SIZE):
        fields = {
            "site_id": chance.choice("ab"),
            "cpu_pct": chance.choice([None, 1.0, 2.0]),
            "queue_depth": chance.randrange(100),
            "status": chance.choice(["ready", "error", None]),
        }
        fields.pop(chance.choice(["cpu_pct", "queue_depth", "status"]))
        seen_at = START + timedelta(microseconds=chance.randrange(5_000))
        reports.append(Report(f"device-{chance.randrange(DEVICES)}", seen_at, fields))
    return reports


def test_sixteen_writers_lose_nothing_and_never_deadlock(migrated: Sandbox) -> None:
    chance = random.Random(7)  # noqa: S311 nothing secret
    written = [[batch(chance) for _ in range(BATCHES)] for _ in range(WRITERS)]
    all_ready = Barrier(WRITERS)

    def write(batches: list[list[Report]]) -> None:
        engine = create_engine(engine_for(migrated.settings).url, pool_size=1)
        all_ready.wait(timeout=30)
        for one in batches:
            # Without the application's own retries: a deadlock would show as an error.
            with database.transaction(engine, Deadline.after(60)) as connection:
                store.merge_heartbeats(connection, merge(one), ANYBODY)
        engine.dispose()

    before = migrated.value(DEADLOCKS)
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, written))
    assert stored(migrated) == expected(found for own in written for one in own for found in one)
    assert migrated.value(DEADLOCKS) == before


def test_a_device_deleted_meanwhile_is_stored_anew(migrated: Sandbox) -> None:
    engine = create_engine(engine_for(migrated.settings).url, pool_size=2)
    items = [{"device_id": f"device-{number}", "site_id": "a"} for number in range(200)]

    def write(_: int) -> int:
        batch = read_batch({"devices": items})
        return record(engine, Deadline.after(60), batch, admission=ANYBODY).stored

    with ThreadPoolExecutor(2) as pool:
        answers = pool.map(write, range(10))
        for _ in range(10):
            # Whoever deletes keeps to no order. The writers try again, and so may whoever deletes.
            with suppress(DeadlockDetected):
                migrated.rows("DELETE FROM iot_data.device_state")
        assert set(answers) == {200}
    engine.dispose()


def test_nothing_comes_back_of_a_device_that_is_deleted_while_it_reports(
    migrated: Sandbox,
) -> None:
    """The heartbeat has seen the state that is deleted, and waits for whoever deletes it."""
    engine = create_engine(engine_for(migrated.settings).url)
    record(engine, Deadline.after(60), read_batch(OLD), admission=ANYBODY)
    deleting = connect(migrated.url)
    deleting.autocommit = False
    deleting.cursor().execute("DELETE FROM iot_data.device_state")
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(record, engine, Deadline.after(60), read_batch(NEW), admission=ANYBODY)
        wait_until(migrated, IS_ONE_WAITING)
        deleting.commit()
        assert answer.result().stored == 1
    deleting.close()
    engine.dispose()
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["queue_depth"]) == (None, 3)
    assert migrated.value("SELECT updated_at FROM iot_data.device_state") is not None
    # What is not known of a field is known neither of its time: an older heartbeat sets it.
    record(engine, Deadline.after(60), read_batch(OLD), admission=ANYBODY)
    assert stored(migrated)["d"]["cpu_pct"] == 5.0


def test_a_time_that_another_writer_has_noted_meanwhile_counts(migrated: Sandbox) -> None:
    """The state alone does not say any more when its fields were set."""
    engine = create_engine(engine_for(migrated.settings).url)
    record(engine, Deadline.after(60), read_batch(OLD), admission=ANYBODY)
    late = {**OLD, "cpu_pct": 7.0, "ts": "2026-11-01T10:02:00Z"}
    with ThreadPoolExecutor(1) as pool, database.transaction(engine, Deadline.after(60)) as first:
        now = datetime(2026, 11, 1, 10, 4, tzinfo=UTC)
        store.merge_heartbeats(
            first, merge([Report("d", now, {"site_id": "a", "cpu_pct": None})]), ANYBODY
        )
        answer = pool.submit(
            record, engine, Deadline.after(60), read_batch(late), admission=ANYBODY
        )
        wait_until(migrated, IS_ONE_WAITING)
        first.commit()
        assert answer.result().stored == 1
    engine.dispose()
    state = stored(migrated)["d"]
    assert (state["cpu_pct"], state["last_seen_ts"]) == (None, now)
