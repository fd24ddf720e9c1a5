"""Whatever is sent, in any batches, by any way and however often, a plain model says what it makes.

TELEMETRY_SEQUENCES=2000 tries more of it.
"""

import json
import os
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from chalice.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from tenacity import wait_none

from app import app
from chalicelib.database import engine_for
from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.telemetry.arriving import from_payload
from chalicelib.features.telemetry.invocations import consume_queue, consume_stream, process_rule
from tests.features.telemetry.aggregating import aggregated
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.oracle import Oracle, Sent, add_fleet, forget, stored
from tests.features.telemetry.sending import Sender, kinesis_event
from tests.interruption import interrupted_at, run_until_killed

SEQUENCES = int(os.environ.get("TELEMETRY_SEQUENCES", "40"))
EXAMPLES = settings(
    max_examples=SEQUENCES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STATEMENTS = ("find_devices", "begin_devices", "lock_devices", "store_readings", "keep_rejects")
BOUNDARIES = [
    f"{moment}:{statement}"
    for statement in STATEMENTS
    for moment in ("before", "after", "committed")
]
# Few devices and few times, so that readings meet; one is too late, one ahead, one is not said.
SECONDS = (-60, -60, -60, -60, -120, 30, -8 * 86_400, 600, None)

values = st.one_of(st.integers(0, 3), st.sampled_from([0.5, 101, "warm", True, None]))
records = st.tuples(
    st.sampled_from(["dev-1", "dev-1", "dev-1", "dev-1", "dev-2", "dev-3", "stranger", None]),
    st.sampled_from(SECONDS),
    st.dictionaries(
        st.sampled_from(["temperature", "humidity", "humidity", "total", "surprise"]),
        values,
        max_size=3,
    ),
)
batches = st.lists(records, min_size=1, max_size=5)
ways = st.sampled_from(["stream", "packed", "queue", "rule", "http"])
# What goes wrong, if anything does: somebody dies there, or the connection is lost.
failures = st.one_of(
    st.none(), st.tuples(st.sampled_from(BOUNDARIES), st.sampled_from(["died", "lost"]))
)
# A batch that is sent, or one that has been sent and comes again.
steps = st.lists(
    st.tuples(st.one_of(batches, st.integers(0, 5)), ways, failures), min_size=1, max_size=6
)
Batch = Sequence[tuple[str | None, int | None, dict[str, Any]]]


class PowerFailureError(Exception):
    """Nobody catches it."""


@pytest.fixture(autouse=True)
def _no_pause_between_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["chalicelib.database.retry"]
    monkeypatch.setattr(module, "wait_exponential_jitter", lambda **_: wait_none())


@pytest.fixture
def fleet(sender: Sender) -> Sender:
    """The devices that the oracle knows."""
    add_fleet(sender)
    return sender


def documents(batch: Batch, now: datetime) -> list[dict[str, Any]]:
    """The records of *batch* as devices spell them."""
    found = []
    for device, seconds, data in batch:
        at = None if seconds is None else (now + timedelta(seconds=seconds)).isoformat()
        said = {"deviceId": device, "timestamp": at, "data": data}
        found.append({name: value for name, value in said.items() if value is not None})
    return found


def deliver(way: str, found: list[dict[str, Any]], at: datetime) -> None:
    """Have the records arrive by *way*, whose carrier had them at *at*, if it says so."""
    spelled = [json.dumps(document, indent=1).encode() for document in found]
    if way in ("stream", "packed"):
        event = kinesis_event(*([aggregated(spelled)] if way == "packed" else spelled))
        for received in event["Records"]:
            received["kinesis"]["approximateArrivalTimestamp"] = at.timestamp()
        answer = consume_stream(event, None)
        if answer["batchItemFailures"]:
            raise DatabaseUnavailableError("all of it is delivered again")
    elif way == "queue":
        attributes = {"SentTimestamp": str(round(at.timestamp() * 1000))}
        messages = [{"body": text.decode(), "attributes": attributes} for text in spelled]
        consume_queue({"Records": messages}, None)
    elif way == "rule":
        process_rule(found, None)
    else:
        _post(found)


def _post(found: list[dict[str, Any]]) -> None:
    headers = {"Content-Type": "application/json"}
    with Client(app) as client:
        body = json.dumps({"records": found}).encode()
        answer = client.http.post("/telemetry", headers=headers, body=body)
    if answer.status_code != 200:
        raise DatabaseUnavailableError("the device sends it again")


def once(kind: str) -> Callable[[], None]:
    """Fail the first time, and never after."""
    left = [PowerFailureError() if kind == "died" else DatabaseUnavailableError("lost")]

    def interrupt() -> None:
        if left:
            raise left.pop()

    return interrupt


# One batch contradicts itself, another one what is stored, and is lost after it was committed.
_CONTRADICTING: Batch = [("dev-1", -60, {"humidity": 1}), ("dev-1", -60, {"humidity": 2})]
_COMPLETING: Batch = [("dev-1", -60, {"humidity": 3}), ("dev-1", -60, {"temperature": 2})]


@EXAMPLES
@given(script=steps)
@example(
    script=[
        (_CONTRADICTING, "stream", None),
        (_COMPLETING, "http", ("committed:store_readings", "lost")),
        (0, "queue", ("after:store_readings", "died")),
    ]
)
def test_what_is_stored_is_what_the_model_says(
    fleet: Sender,
    script: list[tuple[Batch | int, str, tuple[str, str] | None]],
) -> None:
    forget(fleet)
    now = fleet.now()
    oracle, sent = Oracle(now), list[Batch]()
    carried_at = now - timedelta(seconds=90)
    for what, way, failure in script:
        if isinstance(what, int):
            if not sent:
                continue
            what = sent[what % len(sent)]
        sent.append(what)
        found = documents(what, now)
        if failure is not None:
            boundary, kind = failure
            with (
                interrupted_at(QUERIES, boundary, once(kind)),
                suppress(PowerFailureError, DatabaseUnavailableError),
            ):
                deliver(way, found, carried_at)
        deliver(way, found, carried_at)
        said_at = carried_at if way in ("stream", "packed", "queue") else None
        oracle.take([Sent(document, said_at) for document in found])
        assert stored(fleet) == oracle.state()


# Each says the same of a device, metric and time, whoever sends it.
def consistent(chance: random.Random) -> Batch:
    """Records of which no two contradict each other."""
    batch = []
    for _ in range(chance.randrange(1, 40)):
        device = chance.choice(["dev-1", "dev-2", "dev-3", "stranger"])
        seconds = -chance.randrange(60, 100)
        names = chance.sample(["temperature", "humidity", "surprise"], 2)
        batch.append((device, seconds, {name: (seconds * 7 + len(name)) % 90 for name in names}))
    return batch


@pytest.mark.postgresql
def test_two_consumers_at_once_store_what_one_would(fleet: Sender) -> None:
    """Each is handed half of the batches, some of which the other is handed, too."""
    chance = random.Random(11)  # noqa: S311 nothing secret
    now = fleet.now()
    sent = [documents(consistent(chance), now) for _ in range(30)]
    both_ready = Barrier(2)

    def consume(own: list[list[dict[str, Any]]]) -> int:
        engine = create_engine(engine_for(fleet.sandbox.settings).url, pool_size=1)
        sender = Sender(fleet.sandbox, engine)
        both_ready.wait(timeout=30)
        counts = [sender.take(from_payload(batch)) for batch in own]
        engine.dispose()
        return sum(outcome.stored for outcome in counts)

    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(consume, [sent[:20], sent[10:][::-1]]))
    oracle = Oracle(now)
    for batch in sent:
        oracle.take([Sent(document) for document in batch])
    # What both stored of the same time they corrected by nothing.
    oracle.corrected.clear()
    found = stored(fleet)
    assert found == oracle.state()
    assert sum(counts) == len(found.readings)


@pytest.mark.parametrize(
    "boundary",
    [
        "committed:begin_devices",
        "after:store_readings",
        "before:keep_rejects",
        "committed:keep_rejects",
    ],
)
def test_a_process_that_is_killed_loses_and_doubles_nothing(
    fleet: Sender, engine: Engine, boundary: str
) -> None:
    now = fleet.now()
    batch: Batch = [
        ("dev-1", -60, {"temperature": 1, "humidity": 2}),
        ("dev-2", -60, {"temperature": 101}),
        ("stranger", -60, {"temperature": 1}),
    ]
    found = documents(batch, now)
    event = kinesis_event(*found)
    run_until_killed(
        fleet.sandbox, "tests.features.telemetry.killed_batch", boundary, json.dumps(event)
    )
    is_kept = boundary == "committed:keep_rejects"
    assert (len(fleet.stored()), len(fleet.rejects())) == ((3, 2) if is_kept else (0, 0))
    oracle = Oracle(now)
    oracle.take([Sent(document) for document in found])
    for _ in range(2):
        assert consume_stream(event, None) == {"batchItemFailures": []}
        assert stored(fleet) == oracle.state()


def test_the_model_can_tell(fleet: Sender) -> None:
    """Otherwise it might agree with anything."""
    now = fleet.now()
    [document] = documents([("dev-1", -60, {"temperature": 1})], now)
    deliver("rule", [document], now)
    oracle = Oracle(now)
    assert stored(fleet) != oracle.state()
    oracle.take([Sent({**document, "data": {"temperature": 2}})])
    assert stored(fleet) != oracle.state()
    assert datetime.now(UTC) > now - timedelta(days=1)
