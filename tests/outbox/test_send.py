"""What is queued reaches the bus: at least once, in order, and never at the work's expense."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.outbox import gateway, store
from chalicelib.outbox.model import QueuedEvent, Refusal
from chalicelib.outbox.send import send_pending
from tests.aws import Aws, moto_server
from tests.outbox.listener import Listener
from tests.sandbox import Sandbox

BUS = "changes"
NOW = datetime(2026, 11, 1, 10, 5, tzinfo=UTC)


@pytest.fixture
def listener(aws: Aws) -> Listener:
    """The bus, with somebody listening to all of it."""
    return Listener(aws, BUS)


def queue(engine: Engine, batch: str, *details: dict[str, Any], stream: str = "tests") -> None:
    with database.transaction(engine, Deadline.after(60)) as connection:
        queue_in(connection, batch, *details, stream=stream)


def queue_in(
    connection: Connection, batch: str, *details: dict[str, Any], stream: str = "tests"
) -> None:
    store.queue(
        connection,
        stream=stream,
        batch_key=batch,
        source="tests",
        detail_type="Something Happened",
        details=details,
        occurred_at=NOW,
    )


def queue_and_fail(engine: Engine) -> None:
    with database.transaction(engine, Deadline.after(60)) as connection:
        queue_in(connection, "1", {"number": 1})
        raise ZeroDivisionError


def send(engine: Engine, seconds: float = 60) -> int | None:
    return send_pending(engine, BUS, "tests", Deadline.after(seconds))


def numbers(events: list[dict[str, Any]]) -> list[int]:
    return [event["detail"]["number"] for event in events]


def test_what_is_queued_arrives_in_order_and_leaves_the_queue(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    queue(engine, "1", *({"number": number} for number in range(25)))
    queue(engine, "2", {"number": 25})
    assert send(engine) == 0
    events = listener.events()
    assert numbers(events) == list(range(26))
    assert {event["source"] for event in events} == {"tests"}
    assert {event["detail-type"] for event in events} == {"Something Happened"}
    assert {event["time"] for event in events} == {"2026-11-01T10:05:00Z"}
    assert len({event["detail"]["event_id"] for event in events}) == 26
    assert migrated.value("SELECT count(*) FROM iot_data.outbox_events") == 0


def test_an_event_without_a_time_is_dated_when_it_is_taken(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with database.transaction(engine, Deadline.after(60)) as connection:
        values = {"stream": "tests", "batch_key": "1", "source": "tests", "detail_type": "x"}
        store.queue(connection, **values, details=[{"number": 1}], occurred_at=None)
    assert send(engine) == 0
    [event] = listener.events()
    assert before <= datetime.fromisoformat(event["time"]) <= datetime.now(UTC)


def test_what_a_transaction_takes_back_is_never_told(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    with pytest.raises(ZeroDivisionError):
        queue_and_fail(engine)
    assert send(engine) == 0
    assert listener.events() == []


def test_another_stream_is_left_alone(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    queue(engine, "1", {"number": 1}, stream="others")
    assert send(engine) == 0
    assert listener.events() == []
    assert migrated.value("SELECT stream FROM iot_data.outbox_events") == "others"


def test_while_the_bus_is_away_nothing_is_lost_and_nothing_raised(
    migrated: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(engine, "1", {"number": 1}, {"number": 2})
    with moto_server() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        port = int(aws.endpoint.rpartition(":")[2])
    assert send(engine) == 2
    [(attempts, reason)] = migrated.rows(
        "SELECT DISTINCT attempt_count, last_error FROM iot_data.outbox_events"
    )
    assert attempts == 4
    assert "Could not connect" in reason
    with moto_server(port) as aws:
        listener = Listener(aws, BUS)
        assert send(engine) == 0
        assert numbers(listener.events()) == [1, 2]


def test_a_bus_that_goes_away_between_two_requests_gets_the_rest_later(
    migrated: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(engine, "1", *({"number": number} for number in range(15)))
    with moto_server() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        listener = Listener(aws, BUS)
        put_events = gateway.put_events
        requests: list[int] = []

        def cut_off(bus: str, events: list[QueuedEvent]) -> list[Refusal]:
            requests.append(len(events))
            if len(requests) > 1:
                monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
                gateway.client.cache_clear()
            return put_events(bus, events)

        monkeypatch.setattr(gateway, "put_events", cut_off)
        assert send(engine) == 5
        assert requests == [10, 5, 5, 5, 5]
        assert numbers(listener.events()) == list(range(10))
        monkeypatch.setattr(gateway, "put_events", put_events)
        monkeypatch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        gateway.client.cache_clear()
        assert send(engine) == 0
        assert numbers(listener.events()) == list(range(10, 15))


class RefusingClient:
    """EventBridge as it documents itself: some entries of a request taken, others not."""

    def __init__(self, refused: set[int], times: int = 1) -> None:
        self.refused = refused
        self.times = times
        self.requests: list[list[int]] = []

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803 AWS's name
        given = [json.loads(entry["Detail"])["number"] for entry in Entries]
        self.requests.append(given)
        refuses = len(self.requests) <= self.times
        return {
            "Entries": [
                {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
                if refuses and number in self.refused
                else {"EventId": str(number)}
                for number in given
            ]
        }


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> RefusingClient:
    """Refuses event 1 once."""
    client = RefusingClient({1})
    monkeypatch.setattr(gateway, "client", lambda: client)
    return client


def test_only_what_was_refused_is_sent_again(
    migrated: Sandbox, engine: Engine, refusing: RefusingClient
) -> None:
    queue(engine, "1", *({"number": number} for number in range(3)))
    assert send(engine) == 0
    assert refusing.requests == [[0, 1, 2], [1]]


def test_a_later_batch_waits_for_what_was_refused(
    migrated: Sandbox, engine: Engine, refusing: RefusingClient
) -> None:
    refusing.times = 100
    queue(engine, "1", {"number": 0}, {"number": 1})
    queue(engine, "2", {"number": 2})
    assert send(engine) == 2
    assert refusing.requests == [[0, 1], [1], [1], [1]]
    [(reason,)] = migrated.rows(
        "SELECT last_error FROM iot_data.outbox_events WHERE attempt_count > 0"
    )
    assert reason == "ThrottlingException: slow down"


def test_a_request_stays_within_what_the_bus_takes(
    migrated: Sandbox, engine: Engine, refusing: RefusingClient
) -> None:
    refusing.times = 0
    queue(engine, "1", *({"number": number, "text": "ä" * 50_000} for number in range(5)))
    assert send(engine) == 0
    assert refusing.requests == [[0, 1], [2, 3], [4]]


def test_one_event_too_large_for_the_bus_is_still_asked_about(
    migrated: Sandbox, engine: Engine, refusing: RefusingClient
) -> None:
    refusing.times = 0
    queue(engine, "1", {"number": 0, "text": "x" * 300_000}, {"number": 1})
    assert send(engine) == 0
    assert refusing.requests == [[0], [1]]


def test_a_lost_answer_means_the_same_event_twice_under_one_id(
    migrated: Sandbox, engine: Engine, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(engine, "1", {"number": 1})
    put_events = gateway.client().put_events
    losses = iter([EndpointConnectionError(endpoint_url="http://lost")])

    def lose_the_first_answer(**request: Any) -> Any:
        answer = put_events(**request)
        for loss in losses:
            raise loss
        return answer

    monkeypatch.setattr(gateway.client(), "put_events", lose_the_first_answer)
    assert send(engine) == 0
    first, second = listener.events()
    assert first["detail"] == second["detail"]


@pytest.mark.postgresql
def test_two_senders_do_not_get_in_each_other_s_way(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    queue(engine, "1", {"number": 1})
    with database.transaction(engine, Deadline.after(60)) as connection:
        assert store.try_lock_stream(connection, "tests")
        assert send(engine) == 1
    assert send(engine) == 0
    assert numbers(listener.events()) == [1]


def test_without_time_left_everything_stays_queued(
    migrated: Sandbox, engine: Engine, listener: Listener
) -> None:
    queue(engine, "1", {"number": 1})
    assert send(engine, seconds=1) is None
    assert listener.events() == []
    assert migrated.value("SELECT count(*) FROM iot_data.outbox_events") == 1
