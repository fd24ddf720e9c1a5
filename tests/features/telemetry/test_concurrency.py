"""Several consumers at once wait for each other, and nothing is lost, doubled, or deadlocked."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from chalicelib.database import Deadline, engine_for
from chalicelib.errors import ApplicationError
from chalicelib.features.telemetry.arriving import from_payload
from chalicelib.features.telemetry.context import Ingestion
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.features.telemetry.model import Reason, Way
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.sending import Sender
from tests.interruption import interrupted_at
from tests.sandbox import Sandbox
from tests.waiting import IS_WAITING, wait_until

CONSUMERS, BATCHES, BATCH_SIZE, DEVICES = 4, 12, 60, 30
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
Record = dict[str, Any]


@contextmanager
def own_engine(sandbox: Sandbox) -> Iterator[Engine]:
    engine = create_engine(engine_for(sandbox.settings).url, pool_size=1)
    try:
        yield engine
    finally:
        engine.dispose()


def record(device_id: str, at: datetime, **data: object) -> Record:
    return {"deviceId": device_id, "timestamp": at.isoformat(), "data": data}


def batch(chance: random.Random, start: datetime) -> list[Record]:
    """Devices at random, which say the same of the same time whoever is told."""
    found = []
    for _ in range(BATCH_SIZE):
        second = chance.randrange(40)
        device_id = f"dev-{chance.randrange(DEVICES)}"
        data: Record = {"temperature": second, "humidity": second * 2}
        data.pop(chance.choice(["temperature", "humidity", "nothing"]), None)
        if chance.random() < 0.1:
            data["surprise"] = second
        found.append(record(device_id, start + timedelta(seconds=second), **data))
    return found


@pytest.mark.postgresql
def test_four_consumers_lose_nothing_and_never_deadlock(sender: Sender) -> None:
    for number in range(DEVICES):
        sender.add_device(f"dev-{number}", organization_id=f"org-{number % 2 + 1}")
    chance = random.Random(5)  # noqa: S311 nothing secret
    start = sender.now() - timedelta(minutes=5)
    sent = [[batch(chance, start) for _ in range(BATCHES)] for _ in range(CONSUMERS)]
    all_ready = Barrier(CONSUMERS)

    def consume(batches: list[list[Record]]) -> tuple[int, int]:
        with own_engine(sender.sandbox) as engine:
            own = Sender(sender.sandbox, engine)
            all_ready.wait(timeout=30)
            outcomes = [own.take(from_payload(each)) for each in batches]
        return sum(one.stored for one in outcomes), sum(one.corrected for one in outcomes)

    before = sender.sandbox.value(DEADLOCKS)
    with ThreadPoolExecutor(CONSUMERS) as pool:
        counts = list(pool.map(consume, sent))
    records = [one for batches in sent for each in batches for one in each]
    expected = {
        (one["deviceId"], name, datetime.fromisoformat(one["timestamp"])): float(value)
        for one in records
        for name, value in one["data"].items()
        if name != "surprise"
    }
    assert sender.stored() == expected
    assert (sum(new for new, _ in counts), sum(old for _, old in counts)) == (len(expected), 0)
    wrong = {repr(sorted(one.items(), key=str)) for one in records if "surprise" in one["data"]}
    assert len(sender.rejects()) == len(wrong)
    assert sender.sandbox.value("SELECT sum(reading_count) FROM iot_data.device_readings") == len(
        expected
    )
    assert sender.sandbox.value(DEADLOCKS) == before


@pytest.mark.postgresql
@pytest.mark.parametrize("is_patient", [True, False])
def test_a_slow_consumer_makes_others_wait_and_loses_nothing(
    sender: Sender, is_patient: bool
) -> None:
    """Whoever has no time to wait raises, and is handed the batch again."""
    at = sender.now() - timedelta(minutes=1)
    sender.report("dev-a", (at - timedelta(minutes=1)).isoformat(), humidity=0)
    is_held, may_go_on = Event(), Event()

    def pause() -> None:
        if not is_held.is_set():
            is_held.set()
            assert may_go_on.wait(timeout=60)

    def send(seconds: float, **data: object) -> int:
        with own_engine(sender.sandbox) as engine:
            context = Ingestion(engine, Deadline.after(seconds), Way.RULE)
            return ingest(context, from_payload(record("dev-a", at, **data))).stored

    with (
        interrupted_at(QUERIES, "after:lock_devices", pause),
        ThreadPoolExecutor(2) as pool,
    ):
        slow = pool.submit(send, 60, humidity=1)
        assert is_held.wait(timeout=30)
        other = pool.submit(send, 60 if is_patient else 8, temperature=2)
        wait_until(sender.sandbox, IS_WAITING)
        if not is_patient:
            with pytest.raises(ApplicationError):
                other.result(timeout=30)
        may_go_on.set()
        assert slow.result() == 1
        assert (other.result() if is_patient else send(60, temperature=2)) == 1
    assert sender.stored().keys() >= {("dev-a", "humidity", at), ("dev-a", "temperature", at)}
    assert sender.latest() == {
        ("dev-a", "humidity"): (at, 1.0),
        ("dev-a", "temperature"): (at, 2.0),
    }


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "delete",
    [
        "UPDATE iot_data.devices SET lifecycle = 'deleted', deleted_at = now()",
        "DELETE FROM iot_data.devices",
    ],
)
def test_a_device_that_is_deleted_meanwhile_is_unknown_from_then_on(
    sender: Sender, delete: str
) -> None:
    start = sender.now() - timedelta(minutes=5)
    is_deleted = Event()

    def consume() -> list[list[Reason]]:
        found = []
        with own_engine(sender.sandbox) as engine:
            own = Sender(sender.sandbox, engine)
            for number in range(400):
                was_deleted = is_deleted.is_set()
                at = start + timedelta(milliseconds=number)
                records = [record(device, at, humidity=1) for device in ("dev-a", "dev-b")]
                outcome = own.take(from_payload(records))
                found.append([reject.reason for reject in outcome.rejects])
                if was_deleted:
                    break
        return found

    with ThreadPoolExecutor(1) as pool:
        consumer = pool.submit(consume)
        wait_until(sender.sandbox, "SELECT count(*) > 0 FROM iot_data.device_readings")
        sender.sandbox.rows(f"{delete} WHERE device_id = 'dev-a'")
        is_deleted.set()
        found = consumer.result(timeout=60)
    assert found[-1] == [Reason.UNKNOWN_DEVICE]
    assert sorted(found, key=len) == found
    by_device = [device for device, *_ in sender.stored()]
    assert by_device.count("dev-b") == len(found)
    assert by_device.count("dev-a") == found.count([])


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "boundary", ["after:find_devices", "before:begin_devices", "committed:begin_devices"]
)
def test_a_device_that_is_deleted_in_between_is_unknown(sender: Sender, boundary: str) -> None:
    """A device without a row of its own as yet."""

    def delete() -> None:
        with own_engine(sender.sandbox) as engine, engine.begin() as connection:
            connection.exec_driver_sql("SET lock_timeout = '100ms'")
            connection.exec_driver_sql("DELETE FROM iot_data.devices WHERE device_id = 'dev-a'")

    with interrupted_at(QUERIES, boundary, delete):
        outcome = sender.report("dev-a", sender.ago(minutes=1), humidity=1)
    assert [reject.reason for reject in outcome.rejects] == [Reason.UNKNOWN_DEVICE]
    assert sender.stored() == {}


def test_late_readings_of_many_devices_reach_a_compressed_day(sender: Sender) -> None:
    """Each opens what is compressed of its device, which together is more than a server likes."""
    sender.sandbox.expect_rebuild()
    day = sender.now().astimezone(UTC).replace(hour=0, minute=0, second=0) - timedelta(days=3)
    count = 130
    sender.sandbox.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "SELECT 'many-' || n, 'org-1', 'sensor', 'N' FROM generate_series(1, %s) AS n",
        [count],
    )
    sender.sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "SELECT %s + s * interval '10 seconds', 'many-' || n, 'sensor.humidity', 1 "
        "FROM generate_series(1, %s) AS n, generate_series(1, 900) AS s",
        [day, count],
    )
    sender.sandbox.rows(
        "ALTER TABLE iot_data.timescale_measurements SET (timescaledb.compress, "
        "timescaledb.compress_segmentby = 'device_id, parameter_id', "
        "timescaledb.compress_orderby = 'time')"
    )
    sender.sandbox.rows(
        "SELECT compress_chunk(chunk) FROM show_chunks('iot_data.timescale_measurements') AS chunk"
    )
    new, known = day + timedelta(seconds=1005), day + timedelta(seconds=1010)
    outcome = sender.send(
        *(record(f"many-{n}", new, humidity=2) for n in range(1, count + 1)),
        *(record(f"many-{n}", known, humidity=3) for n in range(1, count + 1)),
    )
    assert (outcome.stored, outcome.corrected, outcome.rejects) == (count, count, [])
    changed = sender.sandbox.rows(
        "SELECT value, count(*) FROM iot_data.timescale_measurements "
        "WHERE value <> 1 GROUP BY value ORDER BY value"
    )
    assert changed == [(2.0, count), (3.0, count)]
