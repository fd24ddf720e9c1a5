"""Others are told once when a metric begins to behave unusually, after that has been committed."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from chalicelib.features.telemetry import anomaly_events
from chalicelib.features.telemetry.arriving import from_payload
from chalicelib.features.telemetry.model import Way
from chalicelib.features.telemetry.tidy import tidy
from tests.aws import Aws
from tests.features.telemetry.killed_batch import QUERIES
from tests.features.telemetry.sending import Sender
from tests.interruption import interrupted_at
from tests.outbox.listener import Listener
from tests.sandbox import PROJECT

BUS = "changes"
SCHEMA = json.loads((PROJECT / "docs/events/anomaly-detected.schema.json").read_text("utf-8"))
HIGH, USUAL = 1500, 400


class PowerFailureError(Exception):
    """Nobody catches it."""


@pytest.fixture
def listener(aws: Aws) -> Listener:
    """The bus, with somebody listening to all of it."""
    return Listener(aws, BUS)


@pytest.fixture
def office(sender: Sender) -> Sender:
    """Two devices of one organization and one of another, whose air may be usual or not."""
    sender.bus = BUS
    sender.add_type("office", co2={"usual_maximum": 1000}, noise={"usual_maximum": 80})
    for device_id, organization_id in (("o-1", "org-1"), ("o-2", "org-1"), ("o-3", "org-2")):
        sender.add_device(device_id, "office", organization_id)
    return sender


def air(sender: Sender, device_id: str, value: float, **ago: float) -> dict[str, Any]:
    return {
        "deviceId": device_id,
        "timestamp": sender.ago(**(ago or {"minutes": 1})),
        "data": {"co2": value},
    }


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, float]]:
    """Whose which device began with which value."""
    return [
        (event["detail"]["organization_id"], found["device_id"], found["value"])
        for event in events
        for found in event["detail"]["anomalies"]
    ]


def waiting(sender: Sender) -> int:
    return int(sender.sandbox.value("SELECT count(*) FROM iot_data.outbox_events"))


def test_what_begins_is_told_as_its_schema_says(office: Sender, listener: Listener) -> None:
    record = air(office, "o-1", HIGH)
    record["data"]["noise"] = 90
    office.send(record)
    [event] = listener.events()
    assert (event["source"], event["detail-type"]) == ("iot.telemetry", "Anomaly Detected")
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(SCHEMA, format_checker=checker).validate(event["detail"])
    first, second = event["detail"]["anomalies"]
    assert (first["metric"], first["parameter_id"], first["value"]) == ("co2", "office.co2", HIGH)
    assert first["findings"] == [
        {
            **{"kind": "limits", "low": None, "high": 1000.0, "score": 500.0},
            "message": "1500 is above 1000",
        }
    ]
    assert second["metric"] == "noise"
    assert waiting(office) == 0


def test_the_example_of_the_documents_fits_the_schema() -> None:
    text = (PROJECT / "docs/events.md").read_text("utf-8").partition("## `Anomaly Detected`")[2]
    example = text.partition("```json")[2].partition("```")[0]
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(SCHEMA, format_checker=checker).validate(json.loads(example))


def test_each_beginning_is_told_once(office: Sender, listener: Listener) -> None:
    for minutes, value in ((9, USUAL), (8, HIGH), (7, HIGH + 1), (6, USUAL), (5, HIGH + 2)):
        office.send(air(office, "o-1", value, minutes=minutes))
    assert told(listener.events()) == [("org-1", "o-1", HIGH), ("org-1", "o-1", HIGH + 2)]


def test_beginnings_within_one_batch_are_told_as_if_they_came_one_by_one(
    office: Sender, listener: Listener
) -> None:
    steps = ((9, USUAL), (8, HIGH), (7, HIGH + 1), (6, USUAL), (5, HIGH + 2))
    office.send(*(air(office, "o-1", value, minutes=minutes) for minutes, value in steps))
    assert told(listener.events()) == [("org-1", "o-1", HIGH), ("org-1", "o-1", HIGH + 2)]


def test_what_comes_again_or_late_or_is_corrected_is_told_no_more(
    office: Sender, listener: Listener
) -> None:
    record = air(office, "o-1", HIGH)
    office.send(record)
    listener.events()
    office.send(record)
    office.send(air(office, "o-1", HIGH, hours=1))
    office.send({**record, "data": {"co2": HIGH + 1}})
    office.send(record, air(office, "o-1", HIGH + 5, seconds=30))
    assert listener.events() == []


def test_each_organization_is_told_of_its_own(office: Sender, listener: Listener) -> None:
    office.send(*(air(office, device_id, HIGH) for device_id in ("o-1", "o-2", "o-3")))
    events = listener.events()
    assert len(events) == 2
    assert sorted(told(events)) == [
        ("org-1", "o-1", HIGH),
        ("org-1", "o-2", HIGH),
        ("org-2", "o-3", HIGH),
    ]


def test_many_are_told_in_events_that_say_how_many_there_are(
    office: Sender, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anomaly_events, "MOST_IN_AN_EVENT", 2)
    for number in range(5):
        office.add_device(f"many-{number}", "office")
    office.send(*(air(office, f"many-{number}", HIGH) for number in range(5)))
    events = listener.events()
    assert [event["detail"]["chunk"] for event in events] == [1, 2, 3]
    assert {event["detail"]["chunks"] for event in events} == {3}
    assert len({found for _, found, _ in told(events)}) == 5


@pytest.mark.parametrize("boundary", ["after:store_readings", "committed:store_readings"])
def test_wherever_it_dies_it_is_told_once_in_effect(
    office: Sender, listener: Listener, boundary: str
) -> None:
    def fail() -> None:
        raise PowerFailureError

    record = air(office, "o-1", HIGH)
    with interrupted_at(QUERIES, boundary, fail), pytest.raises(PowerFailureError):
        office.send(record)
    assert listener.events() == []
    office.send(record)
    tidy(office.ingestion(Way.REPLAY), retention_days=30)
    assert len({event["detail"]["event_id"] for event in listener.events()}) == 1
    assert waiting(office) == 0


def test_whoever_asks_over_http_leaves_telling_to_the_schedule(
    office: Sender, listener: Listener
) -> None:
    office.take(from_payload([air(office, "o-1", HIGH)]), Way.HTTP)
    assert (listener.events(), waiting(office)) == ([], 1)
    done = tidy(office.ingestion(Way.REPLAY), retention_days=30)
    assert (len(listener.events()), done.pending_event_count) == (1, 0)


def test_without_a_bus_nothing_is_queued(office: Sender) -> None:
    office.bus = None
    outcome = office.send(air(office, "o-1", HIGH))
    assert (outcome.anomaly_count, waiting(office)) == (1, 0)
    assert office.qualities() == [1]


def test_while_the_bus_is_away_readings_are_stored_and_events_wait(
    office: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.outbox.send.ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "none")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "none")
    outcome = office.send(air(office, "o-1", HIGH))
    assert (outcome.stored, outcome.pending_event_count) == (1, 1)
