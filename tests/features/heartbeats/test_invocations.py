"""The Lambda functions, invoked as AWS invokes them."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from app import record_heartbeats, record_queued_heartbeats
from chalicelib.database import engine_for
from chalicelib.errors import DatabaseBusyError, DatabaseUnavailableError, InvalidRequestError
from chalicelib.features.heartbeats import batch as batches
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import Heartbeat
from chalicelib.features.heartbeats.model import MAX_BATCH, Admission, Objection, Report
from tests import emf
from tests.features.device_parameters.test_invocations import LambdaContext
from tests.features.heartbeats.oracle import stored
from tests.sandbox import PROJECT, Sandbox

MICROSECOND = timedelta(microseconds=1)
SENT_AT = datetime(2026, 11, 1, 10, 17, 3, 250_000, tzinfo=UTC)
GOOD = {"device_id": "good", "site_id": "a"}
KNOWN_FIELDS = Heartbeat.__struct_fields__
BAD = {"device_id": "bad", "site_id": "a", "status": "fine"}


def sample(name: str) -> Any:
    return json.loads((PROJECT / "tests" / "events" / f"{name}.json").read_text("utf-8"))


def invoke(event: Any) -> dict[str, Any]:
    """What Lambda would return."""
    answer: dict[str, Any] = json.loads(json.dumps(record_heartbeats(event, LambdaContext())))
    return answer


def answer_of(stored: int) -> dict[str, Any]:
    """The answer where all is stored."""
    return {"received": stored, "stored": stored, "quarantined": 0, "refused": []}


def record_of(body: Any, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A message of the queue; None leaves a field out."""
    template = sample("heartbeat_sqs")["Records"][0]
    content = body if isinstance(body, str) else json.dumps(body)
    record = {**template, "messageId": str(number), "body": content, **changes}
    return {name: value for name, value in record.items() if value is not None}


def failures_of(*records: Any) -> list[str]:
    answer = record_queued_heartbeats({"Records": list(records)}, LambdaContext())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def deliver(*bodies: Any) -> list[str]:
    """The ids of the messages that failed; they are numbers."""
    return failures_of(*(record_of(body, number) for number, body in enumerate(bodies)))


def test_one_heartbeat_is_stored(migrated: Sandbox) -> None:
    before = migrated.now()
    assert invoke(sample("heartbeat")) == answer_of(1)
    [(device_id, state)] = stored(migrated).items()
    assert before <= state.pop("last_seen_ts") <= migrated.now()
    assert (device_id, state) == (
        "hvac-unit-001",
        {
            "site_id": "building-a",
            "status": "ready",
            "agent_version": "1.0.0",
            "cpu_pct": 25.5,
            "disk_free_gb": 45.2,
            "queue_depth": None,
            "poll_interval_s": None,
            "last_upload_ts": None,
        },
    )


def test_a_batch_is_stored(migrated: Sandbox) -> None:
    assert invoke(sample("heartbeat_batch")) == answer_of(3)
    assert {device_id: state["status"] for device_id, state in stored(migrated).items()} == {
        "hvac-001": "ready",
        "hvac-002": "ready",
        "hvac-003": "degraded",
    }


def test_a_rule_of_iot_core_may_pass_its_own_time(migrated: Sandbox) -> None:
    invoke(sample("heartbeat_iot_rule"))
    state = stored(migrated)["hvac-unit-001"]
    assert state["last_seen_ts"] == SENT_AT
    assert state["last_upload_ts"] == datetime(2026, 11, 1, 10, 15, tzinfo=UTC)


def test_in_eventbridge_s_envelope_its_time_counts(migrated: Sandbox) -> None:
    assert invoke(sample("heartbeat_eventbridge"))["stored"] == 2
    seen = {device: state["last_seen_ts"] for device, state in stored(migrated).items()}
    at = datetime(2026, 11, 1, 10, 17, 3, tzinfo=UTC)
    assert seen == {"hvac-001": at - MICROSECOND, "hvac-002": at}


def test_a_bad_neighbour_costs_nobody_anything(migrated: Sandbox) -> None:
    answer = invoke({"devices": [BAD, GOOD, 5, {**GOOD, "device_id": "x", "colour": "red"}]})
    assert (answer["received"], answer["stored"]) == (4, 1)
    assert [(r["index"], r["device_id"], r["field"]) for r in answer["refused"]] == [
        (0, "bad", "status"),
        (2, None, None),
        (3, "x", "colour"),
    ]
    assert answer["refused"][0]["reason"] == "status must be one of ready, degraded, error"
    assert list(stored(migrated)) == ["good"]


@pytest.mark.parametrize(
    "event", [BAD, {}, [], None, "hvac", {"devices": 5}, {"devices": [], "x": 1}]
)
def test_what_is_no_heartbeat_fails_the_invocation(migrated: Sandbox, event: Any) -> None:
    with pytest.raises(InvalidRequestError):
        invoke(event)
    assert stored(migrated) == {}


def test_a_batch_as_large_as_may_be_with_each_device_twice(migrated: Sandbox) -> None:
    items = [
        {"device_id": f"device-{number % 5000}", "site_id": "a", "queue_depth": number}
        for number in range(MAX_BATCH)
    ]
    assert invoke({"devices": items})["stored"] == MAX_BATCH
    depths = {device: state["queue_depth"] for device, state in stored(migrated).items()}
    assert depths == {f"device-{number}": number + 5000 for number in range(5000)}


@pytest.mark.parametrize(
    "device_id",
    ["gerät-☃🚀", "%s :x {} \\N", "'; DROP TABLE iot_data.device_state --", "\x01\u202e"],
)
def test_a_device_may_be_called_anything(migrated: Sandbox, device_id: str) -> None:
    invoke(
        {"devices": [{"device_id": device_id, "site_id": device_id, "agent_version": device_id}]}
    )
    state = stored(migrated)[device_id]
    assert (state["site_id"], state["agent_version"]) == (device_id, device_id)


def test_the_longest_names_fit_into_every_index(migrated: Sandbox) -> None:
    longest = "🚀" * 256
    assert invoke({"devices": [{"device_id": longest, "site_id": longest}]})["stored"] == 1


# Names that are known, and values that anything but their meaning may have.
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=300)
    | st.sampled_from(
        ["ready", "2026-11-01T10:17:03Z", "0001-01-01T00:00:00+14:00", 2**31, 10**400]
    )
)
items = scalars | st.dictionaries(
    st.sampled_from([*KNOWN_FIELDS, "colour"]) | st.text(max_size=5),
    scalars | st.lists(scalars, max_size=2),
    max_size=6,
)
named_items = st.builds(
    lambda item, device_id: {**item, "device_id": device_id, "site_id": "a"},
    st.dictionaries(st.sampled_from(KNOWN_FIELDS), scalars, max_size=4),
    st.text(min_size=1, max_size=256),
)


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(devices=st.lists(items | named_items, max_size=6))
def test_whatever_is_in_a_batch_the_good_in_it_is_stored(
    migrated: Sandbox, devices: list[Any]
) -> None:
    migrated.migrate()
    answer = invoke({"devices": [*devices, GOOD]})
    refused = {refusal["index"] for refusal in answer["refused"]}
    assert len(devices) not in refused
    good = {item["device_id"] for n, item in enumerate([*devices, GOOD]) if n not in refused}
    assert set(stored(migrated)) == good


def test_the_metrics_count_both_kinds(
    migrated: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke({"devices": [GOOD, BAD, BAD]})
    [document] = emf.documents(capsys.readouterr().out)
    assert document["service"] == "heartbeats"
    assert (document["HeartbeatsStored"], document["HeartbeatsRefused"]) == ([1.0], [2.0])


def test_a_refusal_is_logged_with_its_reason(
    migrated: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    invoke({"devices": [GOOD, BAD]})
    [record] = [record for record in caplog.records if record.message == "heartbeats_refused"]
    assert record.__dict__["refused"] == 1
    assert record.__dict__["first"][0]["device_id"] == "bad"


def test_messages_count_from_when_they_were_sent(migrated: Sandbox) -> None:
    answer = record_queued_heartbeats(sample("heartbeat_sqs"), LambdaContext())
    assert answer == {"batchItemFailures": []}
    seen = {device: state["last_seen_ts"] for device, state in stored(migrated).items()}
    later = SENT_AT + timedelta(milliseconds=50)
    assert seen == {"hvac-001": SENT_AT, "hvac-002": later - MICROSECOND, "hvac-003": later}


NO_INSTANTS: list[Any] = [
    *(None, "", "soon", "0", "-1", "1e12", "9" * 5_000, {}, [], True),
    *(float("nan"), float("inf"), 1e300),
]


@pytest.mark.parametrize(
    "attributes",
    [None, {}, [], "", 5, *({"SentTimestamp": value} for value in NO_INSTANTS)],
    ids=lambda attributes: repr(attributes)[:40],
)
def test_of_a_message_that_does_not_say_when_it_was_sent_the_database_s_clock_counts(
    migrated: Sandbox, attributes: Any
) -> None:
    """AWS always says it. Emulators and events made by hand do not."""
    before = migrated.now()
    neighbour = record_of({**GOOD, "device_id": "neighbour"}, number=1)
    assert failures_of(record_of(GOOD, attributes=attributes), neighbour) == []
    seen = {device: state["last_seen_ts"] for device, state in stored(migrated).items()}
    assert seen["neighbour"] == SENT_AT
    assert before <= seen["good"] <= migrated.now()


def test_without_the_time_it_was_sent_a_message_counts_from_when_it_was_first_received(
    migrated: Sandbox,
) -> None:
    """This stays the same when the message comes again."""
    received = {"ApproximateFirstReceiveTimestamp": "1793528223250"}
    assert failures_of(record_of(GOOD, attributes=received)) == []
    assert stored(migrated)["good"]["last_seen_ts"] == SENT_AT


def test_what_a_device_says_of_the_time_counts_whatever_its_message_says(
    migrated: Sandbox,
) -> None:
    report = {**GOOD, "ts": SENT_AT.isoformat()}
    assert failures_of(record_of(report, attributes=None)) == []
    assert stored(migrated)["good"]["last_seen_ts"] == SENT_AT


@pytest.mark.parametrize("message", [None, 5, "text", [], {}, {"body": "{}"}])
def test_what_is_no_message_makes_all_come_again_and_keeps_none_from_being_stored(
    migrated: Sandbox, message: Any
) -> None:
    """It has no id to be told apart by. To Lambda an empty one stands for the whole batch."""
    assert failures_of(record_of(GOOD), message) == [""]
    assert "good" in stored(migrated)


def test_a_message_without_an_id_is_stored(migrated: Sandbox) -> None:
    assert failures_of(record_of(GOOD, messageId=None)) == []
    assert "good" in stored(migrated)


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {"0": GOOD}}, GOOD])
def test_an_event_of_no_queue_is_refused(migrated: Sandbox, event: Any) -> None:
    with pytest.raises(InvalidRequestError, match="Records"):
        record_queued_heartbeats(event, LambdaContext())
    assert stored(migrated) == {}


def test_a_message_that_comes_again_changes_nothing(migrated: Sandbox) -> None:
    deliver({**GOOD, "cpu_pct": 5})
    invoke({**GOOD, "cpu_pct": 7})
    before = stored(migrated)
    deliver({**GOOD, "cpu_pct": 5})
    assert stored(migrated) == before


@pytest.mark.parametrize(
    "body", ["", "{", "[" * 100_000, "5", "null", BAD, {"devices": 5}, {"devices": [GOOD, BAD]}]
)
def test_a_message_that_will_never_do_is_left_to_the_queue(migrated: Sandbox, body: Any) -> None:
    other = {"device_id": "other", "site_id": "a"}
    assert deliver(other, body, {**other, "device_id": "third"}) == ["1"]
    assert {"other", "third"} <= stored(migrated).keys()
    assert ("good" in stored(migrated)) == (body == {"devices": [GOOD, BAD]})


def test_messages_may_hold_more_than_one_statement_takes(migrated: Sandbox) -> None:
    batches = [
        {"devices": [{"device_id": f"{half}-{n}", "site_id": "a"} for n in range(6000)]}
        for half in "ab"
    ]
    assert deliver(*batches) == []
    assert len(stored(migrated)) == 12_000


@pytest.fixture
def busy_once(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Makes the first attempt fail after it has stored; holds the size of each attempt."""
    merge_heartbeats = store.merge_heartbeats
    attempts: list[int] = []

    def merge_and_fail_once(
        connection: Connection, devices: Mapping[str, Report], admission: Admission
    ) -> dict[str, Objection]:
        attempts.append(len(devices))
        objections = merge_heartbeats(connection, devices, admission)
        if len(attempts) == 1:
            raise DatabaseBusyError("the rows are locked")
        return objections

    monkeypatch.setattr(store, "merge_heartbeats", merge_and_fail_once)
    return attempts


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Holds what was parsed, in order."""
    read_batch = batches.read_batch
    contents: list[object] = []

    def read_and_note(content: object) -> batches.Batch:
        contents.append(content)
        return read_batch(content)

    monkeypatch.setattr(batches, "read_batch", read_and_note)
    return contents


def test_what_came_is_parsed_once_however_often_it_is_stored(
    migrated: Sandbox, busy_once: list[int], parsed: list[object]
) -> None:
    assert deliver({"devices": [GOOD, BAD]}, {**GOOD, "device_id": "other"}) == ["0"]
    assert busy_once == [2, 2]
    assert parsed == [{"devices": [GOOD, BAD]}, {**GOOD, "device_id": "other"}]
    assert stored(migrated).keys() == {"good", "other"}


def test_an_invocation_is_stored_with_the_second_attempt(
    migrated: Sandbox, busy_once: list[int]
) -> None:
    at = SENT_AT.isoformat()
    answer = invoke({"devices": [{**GOOD, "ts": at}, BAD]})
    assert (answer["stored"], len(answer["refused"]), busy_once) == (1, 1, [1, 1])
    assert stored(migrated)["good"]["last_seen_ts"] == SENT_AT


def test_without_a_database_every_message_comes_again(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    with pytest.raises(DatabaseUnavailableError):
        deliver(GOOD)
    with pytest.raises(DatabaseUnavailableError):
        invoke(GOOD)
    engine_for.cache_clear()
