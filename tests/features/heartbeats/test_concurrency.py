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
from tests.features.heartbeats.conftest import ANYBODY
from tests.features.heartbeats.oracle import expected, stored
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
WRITERS, BATCHES, BATCH_SIZE, DEVICES = 16, 6, 60, 40
START = datetime(2026, 11, 1, 10, tzinfo=UTC)
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
    kept = migrated.value("SELECT count(*) FROM iot_data.device_state_fields")
    assert kept == migrated.value("SELECT count(*) FROM iot_data.device_state")
