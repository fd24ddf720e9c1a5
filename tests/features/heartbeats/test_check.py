"""Silence is noticed once, told once, and taken back once."""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from app import check_heartbeats
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import check as checking
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import SilenceCheck
from tests import emf
from tests.databases import connect
from tests.features.device_parameters.test_invocations import SCHEDULE, LambdaContext
from tests.features.heartbeats.conftest import Devices
from tests.outbox.listener import Listener
from tests.sandbox import PROJECT, Sandbox

SECOND = timedelta(seconds=1)


def counts(found: SilenceCheck) -> tuple[int, int, int]:
    return found.became_stale, found.recovered, found.stale


def told(events: list[dict[str, Any]]) -> list[tuple[str, str, list[str]]]:
    return [
        (
            event["detail-type"],
            event["detail"]["site_id"],
            [device["device_id"] for device in event["detail"]["devices"]],
        )
        for event in events
    ]


def queued(migrated: Sandbox) -> int:
    count: int = migrated.value("SELECT count(*) FROM iot_data.outbox_events")
    return count


def test_a_transition_is_noticed_once(
    devices: Devices, check_untold: Callable[..., SilenceCheck]
) -> None:
    devices.seen("alive", 0 * SECOND)
    devices.seen("silent", 121 * SECOND)
    assert counts(check_untold()) == (1, 0, 1)
    assert counts(check_untold()) == (0, 0, 1)
    devices.seen("silent", 0 * SECOND)
    assert counts(check_untold()) == (0, 1, 0)
    assert counts(check_untold()) == (0, 0, 0)
    devices.seen("silent", 121 * SECOND)
    assert counts(check_untold()) == (1, 0, 1)


@pytest.mark.parametrize(("age", "is_noticed"), [(59, 0), (62, 1)])
def test_the_limit_is_the_configured_one(
    devices: Devices, check_untold: Callable[..., SilenceCheck], age: int, is_noticed: int
) -> None:
    devices.seen("d", age * SECOND)
    assert check_untold(stale_after_seconds=61).became_stale == is_noticed


def test_a_longer_limit_takes_silence_back(
    devices: Devices, check_untold: Callable[..., SilenceCheck]
) -> None:
    devices.seen("d", 200 * SECOND)
    assert counts(check_untold()) == (1, 0, 1)
    assert counts(check_untold(stale_after_seconds=600)) == (0, 1, 0)


def test_a_device_that_is_deleted_is_forgotten_without_a_word(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen("d", 200 * SECOND)
    check_once()
    listener.events()
    migrated.rows("DELETE FROM iot_data.device_state")
    assert counts(check_once()) == (0, 0, 0)
    assert listener.events() == []


def test_each_transition_is_told_once(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen("x", 200 * SECOND, "a")
    devices.seen("y", 300 * SECOND, "a")
    devices.seen("z", 200 * SECOND, "b")
    found = check_once()
    assert found.pending_event_count == 0
    events = listener.events()
    assert told(events) == [("Device Stale", "a", ["x", "y"]), ("Device Stale", "b", ["z"])]
    assert {event["source"] for event in events} == {"iot.heartbeats"}
    devices.seen("y", 0 * SECOND, "a")
    devices.seen("new", 200 * SECOND, "a")
    check_once()
    assert told(listener.events()) == [
        ("Device Stale", "a", ["new"]),
        ("Device Recovered", "a", ["y"]),
    ]
    check_once()
    assert listener.events() == []
    assert queued(migrated) == 0


def test_an_event_says_what_is_to_know(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen("gerät-☃", 200 * SECOND)
    silent_since = migrated.value("SELECT last_seen_ts FROM iot_data.device_state")
    found = check_once()
    [stale] = listener.events()
    detail = stale["detail"]
    assert detail.pop("event_id")
    assert detail == {
        "checked_at": f"{found.checked_at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "stale_after_seconds": 120,
        "site_id": "a",
        "chunk": 1,
        "chunks": 1,
        "devices": [
            {
                "device_id": "gerät-☃",
                "last_seen_ts": f"{silent_since:%Y-%m-%dT%H:%M:%S.%f}Z",
                "silent_since": f"{silent_since:%Y-%m-%dT%H:%M:%S.%f}Z",
            }
        ],
    }
    devices.seen("gerät-☃", 0 * SECOND)
    check_once()
    [recovered] = listener.events()
    [device] = recovered["detail"]["devices"]
    assert device["silent_since"] == detail["devices"][0]["silent_since"]
    assert device["last_seen_ts"] > device["silent_since"]


def test_the_events_fit_their_schema(
    devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    schema = json.loads((PROJECT / "docs/events/device-silence.schema.json").read_text("utf-8"))
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    devices.seen("d", 200 * SECOND)
    check_once()
    devices.seen("d", 0 * SECOND)
    check_once()
    events = listener.events()
    assert [event["detail-type"] for event in events] == ["Device Stale", "Device Recovered"]
    for event in events:
        validator.validate(event["detail"])


def test_a_check_that_has_nothing_to_tell_makes_no_table_for_it(
    engine: Engine, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    made: list[str] = []

    def note_tables(connection: object, cursor: object, statement: str, *rest: object) -> None:
        made.extend(re.findall(r"TEMPORARY TABLE (\w+)", statement))

    devices.seen("d", 200 * SECOND)
    listen(engine, "before_cursor_execute", note_tables)
    try:
        assert (counts(check_once()), made) == ((1, 0, 1), ["news_item"])
        assert (counts(check_once()), made) == ((0, 0, 1), ["news_item"])
    finally:
        remove(engine, "before_cursor_execute", note_tables)


def test_a_site_s_outage_is_a_few_events_that_fit_the_bus(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen_many(2_000, 200 * SECOND, "ä" * 200)
    assert check_once().became_stale == 2_000
    events = listener.events()
    assert [event["detail"]["chunk"] for event in events] == list(range(1, len(events) + 1))
    assert {event["detail"]["chunks"] for event in events} == {len(events)}
    assert 1 < len(events) < 40
    assert (
        max(len(json.dumps(event["detail"], ensure_ascii=False).encode()) for event in events)
        < 64_000
    )
    named = [device for _, _, found in told(events) for device in found]
    assert (len(named), len(set(named))) == (2_000, 2_000)


def test_a_crash_before_the_events_went_out_loses_none(
    migrated: Sandbox,
    engine: Engine,
    devices: Devices,
    check_once: Callable[..., SilenceCheck],
    listener: Listener,
) -> None:
    devices.seen("d", 200 * SECOND)
    checking.notice(engine, Deadline.after(60), stale_after_seconds=120, is_told=True)
    assert listener.events() == []
    assert check_once().became_stale == 0
    assert told(listener.events()) == [("Device Stale", "a", ["d"])]


def test_a_check_that_fails_has_noticed_nothing(
    migrated: Sandbox,
    devices: Devices,
    check_once: Callable[..., SilenceCheck],
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    devices.seen("d", 200 * SECOND)
    note_transitions = store.note_transitions

    def note_and_fail(*arguments: Any) -> SilenceCheck:
        note_transitions(*arguments)
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(store, "note_transitions", note_and_fail)
        with pytest.raises(ZeroDivisionError):
            check_once()
    assert (queued(migrated), listener.events()) == (0, [])
    assert check_once().became_stale == 1
    assert told(listener.events()) == [("Device Stale", "a", ["d"])]


def test_without_a_bus_it_is_noticed_and_nobody_told(
    migrated: Sandbox, devices: Devices, check_untold: Callable[..., SilenceCheck]
) -> None:
    devices.seen("d", 200 * SECOND)
    assert check_untold().pending_event_count is None
    assert queued(migrated) == 0
    assert migrated.value("SELECT device_id FROM iot_data.stale_devices") == "d"


@pytest.fixture
def another_check(migrated: Sandbox) -> Iterator[None]:
    """A check that is at work."""
    connection = connect(migrated.url)
    connection.autocommit = False
    connection.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (store._CHECK_LOCK,))
    yield
    connection.rollback()
    connection.close()


@pytest.mark.postgresql
def test_a_second_check_at_the_same_time_gives_way(
    migrated: Sandbox,
    devices: Devices,
    another_check: None,
    check_untold: Callable[..., SilenceCheck],
    capsys: pytest.CaptureFixture[str],
) -> None:
    devices.seen("d", 200 * SECOND)
    assert check_untold().is_skipped
    assert check_heartbeats(SCHEDULE, LambdaContext())["is_skipped"]
    assert emf.documents(capsys.readouterr().out) == []
    assert migrated.rows("SELECT FROM iot_data.stale_devices") == []


@pytest.mark.postgresql
def test_checks_at_the_same_time_tell_each_transition_once(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen_many(500, 200 * SECOND)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: check_once(), range(8)))
    assert sum(one.became_stale for one in found) == 500
    check_once()
    named = [device for _, _, ids in told(listener.events()) for device in ids]
    assert (len(named), len(set(named))) == (500, 500)


@pytest.mark.parametrize("event", [SCHEDULE, {}], ids=["schedule", "by hand"])
def test_the_schedule_looks_and_counts(
    devices: Devices, capsys: pytest.CaptureFixture[str], event: Any
) -> None:
    devices.seen("d", 200 * SECOND)
    devices.seen("e", 0 * SECOND)
    answer = check_heartbeats(event, LambdaContext())
    assert (answer["became_stale"], answer["recovered"], answer["stale"]) == (1, 0, 1)
    [document] = emf.documents(capsys.readouterr().out)
    assert document["service"] == "heartbeats"
    found = {name: document[name] for name in ("DevicesStale", "BecameStale", "Recovered")}
    assert found == {"DevicesStale": [1.0], "BecameStale": [1.0], "Recovered": [0.0]}
