"""What a run changed is told once it is true, in chunks that an event bus takes."""

import json
from datetime import timedelta
from typing import Any

import jsonschema
import msgspec
import pytest
from sqlalchemy import Connection

from chalicelib.features.device_parameters import change_events
from chalicelib.features.device_parameters.bodies import Run
from tests.aws import Aws
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.outbox.listener import Listener
from tests.sandbox import PROJECT, Sandbox

MINUTE = timedelta(minutes=1)
BUS = "changes"
SCHEMA = json.loads(
    (PROJECT / "docs" / "events" / "device-parameters-changed.schema.json").read_text("utf-8")
)


@pytest.fixture
def listener(aws: Aws) -> Listener:
    return Listener(aws, BUS)


def queued(database: Sandbox) -> list[dict[str, Any]]:
    rows = database.rows("SELECT detail FROM iot_data.outbox_events ORDER BY position")
    return [detail for (detail,) in rows]


def told(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    changes = [change for event in events for change in event["detail"]["changes"]]
    return [(change["change"], change["device_id"]) for change in changes]


def test_a_run_says_what_it_changed(fleet: Fleet, sync: SyncRunner, listener: Listener) -> None:
    fleet.add_pairs(3, fleet.now() - MINUTE)
    sync(change_event_bus=BUS)
    listener.events()
    fleet.switch_off("d000")
    fleet.rename_device("d001", "Lobby")
    fleet.add_device("new")
    fleet.report("new", "p", fleet.now() - MINUTE)
    run = sync(change_event_bus=BUS)
    [event] = listener.events()
    assert event["source"] == "iot.device-parameters"
    assert event["detail-type"] == "Device Parameters Changed"
    detail = event["detail"]
    jsonschema.validate(detail, SCHEMA)
    assert detail["run"] == msgspec.to_builtins(run)
    assert (detail["chunk"], detail["chunks"]) == (1, 1)
    assert detail["changes"] == [
        {
            **{"change": "added", "device_id": "new", "device_name": "new"},
            **{"parameter_id": "p", "parameter_name": "p"},
        },
        {
            **{"change": "removed", "device_id": "d000", "device_name": "d000"},
            **{"parameter_id": "p", "parameter_name": "p", "reason": "device_inactive"},
        },
        {
            **{"change": "renamed", "device_id": "d001", "device_name": "Lobby"},
            **{"parameter_id": "p", "parameter_name": "p"},
        },
    ]


def test_a_run_that_changes_nothing_says_nothing(
    fleet: Fleet, sync: SyncRunner, listener: Listener
) -> None:
    sync(change_event_bus=BUS)
    assert listener.events() == []


def test_without_a_bus_nothing_is_queued(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> None:
    fleet.add_pairs(1, fleet.now() - MINUTE)
    sync()
    assert queued(migrated) == []


def test_a_plan_says_nothing(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, listener: Listener
) -> None:
    fleet.add_pairs(1, fleet.now() - MINUTE)
    sync(dry_run=True, change_event_bus=BUS)
    assert queued(migrated) == []
    assert listener.events() == []


def test_held_removals_are_counted_and_not_told(
    fleet: Fleet, sync: SyncRunner, listener: Listener
) -> None:
    fleet.add_pairs(4, fleet.now() - MINUTE)
    sync(change_event_bus=BUS)
    listener.events()
    for device in ("d000", "d001", "d002"):
        fleet.switch_off(device)
    fleet.add_device("new")
    fleet.report("new", "p", fleet.now() - MINUTE)
    sync(change_event_bus=BUS, removal_guard_min_pairs=1)
    [event] = listener.events()
    assert told([event]) == [("added", "new")]
    assert event["detail"]["run"]["deltas"]["held"] == 3


def test_many_changes_come_in_chunks_that_fit_and_miss_none(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, listener: Listener
) -> None:
    fleet.add_pairs(1000, fleet.now() - MINUTE)
    migrated.rows("UPDATE iot_data.redshift_devices SET device_name = repeat('ä', 300)")
    sync(change_event_bus=BUS)
    events = listener.events()
    assert told(events) == [("added", f"d{number:03}") for number in range(1000)]
    chunks = [(event["detail"]["chunk"], event["detail"]["chunks"]) for event in events]
    assert chunks == [(number, len(events)) for number in range(1, len(events) + 1)]
    assert len(events) > 5
    sizes = [len(json.dumps(event["detail"], ensure_ascii=False).encode()) for event in events]
    assert max(sizes) < 64 * 1024
    assert min(sizes[:-1]) > 50_000
    assert len({event["detail"]["event_id"] for event in events}) == len(events)


def test_a_name_without_end_is_cut_in_the_event_alone(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, listener: Listener
) -> None:
    fleet.add_pairs(2, fleet.now() - MINUTE)
    fleet.rename_device("d000", "\x01" * 300_000)
    sync(change_event_bus=BUS)
    [first, second] = [
        change for event in listener.events() for change in event["detail"]["changes"]
    ]
    assert first["device_name"] == "\x01" * 1024
    assert second["device_name"] == "d001"
    assert len(fleet.known_pairs()[0][1]) == 300_000


def test_what_could_not_be_sent_goes_out_with_the_next_run(
    fleet: Fleet, sync: SyncRunner, listener: Listener, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add_pairs(2, fleet.now() - MINUTE)
    with monkeypatch.context() as away:
        away.setattr(change_events, "send_pending", lambda *_: None)
        first = sync(change_event_bus=BUS)
    assert first.status == "succeeded"
    fleet.switch_off("d000")
    second = sync(change_event_bus=BUS)
    events = listener.events()
    assert [event["detail"]["run"]["run_id"] for event in events] == [first.run_id, second.run_id]
    assert told(events) == [("added", "d000"), ("added", "d001"), ("removed", "d000")]


def test_a_crash_before_the_commit_tells_nothing_and_one_after_it_everything(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.add_pairs(1, fleet.now() - MINUTE)

    queue = change_events.queue

    def crash(*_: object) -> Run:
        raise MemoryError

    def queue_then_crash(connection: Connection, run: Run) -> None:
        queue(connection, run)
        raise MemoryError

    with monkeypatch.context() as crashing:
        crashing.setattr(change_events, "queue", queue_then_crash)
        with pytest.raises(MemoryError):
            sync(change_event_bus=BUS)
    assert queued(migrated) == []
    with monkeypatch.context() as crashing:
        crashing.setattr(change_events, "send_pending", crash)
        with pytest.raises(MemoryError):
            sync(change_event_bus=BUS)
    assert len(queued(migrated)) == 1
    sync(change_event_bus=BUS)
    assert told(listener.events()) == [("added", "d000")]


def test_a_bus_that_does_not_answer_does_not_fail_the_run(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    fleet.add_pairs(1, fleet.now() - MINUTE)
    assert sync(change_event_bus=BUS).status == "succeeded"
    assert len(queued(migrated)) == 1
