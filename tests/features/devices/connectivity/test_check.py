"""The check as the schedule starts it: events, metrics, two at once, killed anywhere."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine
from sqlalchemy.event import listen, remove

from app import decide_connectivity
from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.connectivity import store
from chalicelib.features.devices.connectivity.decide import decide
from tests import emf
from tests.aws import Aws
from tests.databases import connect
from tests.features.device_parameters.test_invocations import SCHEDULE, LambdaContext
from tests.features.devices.connectivity.conftest import MINUTE, RULES, START, Devices
from tests.outbox.listener import Listener
from tests.people import People
from tests.sandbox import PROJECT

CONNECTIVITY = PROJECT / "docs" / "events" / "device-connectivity.schema.json"
FLEET = PROJECT / "docs" / "events" / "fleet-silence.schema.json"


def events(devices: Devices) -> list[tuple[str, dict[str, Any]]]:
    """What waits to be told, in order."""
    return devices.sandbox.rows(
        "SELECT detail_type, detail FROM iot_data.outbox_events ORDER BY position"
    )


def test_a_transition_is_an_event_of_its_organization(devices: Devices) -> None:
    devices.add("a", "b")
    devices.add("x", organization="other")
    devices.report("a", "b", "x")
    devices.check(is_told=True)
    found = events(devices)
    schema = Draft202012Validator(json.loads(CONNECTIVITY.read_text()))
    for _, detail in found:
        schema.validate(detail)
    assert [
        (kind, detail["organization_id"], [one["device_id"] for one in detail["devices"]])
        for kind, detail in found
    ] == [("Device Online", "o", ["a", "b"]), ("Device Online", "other", ["x"])]
    devices.check(is_told=True)
    assert len(events(devices)) == 2


def test_a_device_in_maintenance_is_told_of_apart(devices: Devices) -> None:
    devices.add("a", "b")
    devices.report("a", "b")
    devices.check()
    devices.sandbox.rows(
        "UPDATE iot_data.devices SET maintenance_until = %s WHERE device_id = 'b'",
        (START + 6 * MINUTE,),
    )
    devices.wait(minutes=5)
    devices.check(is_told=True)
    assert [
        (detail["in_maintenance"], detail["devices"][0]["device_id"])
        for _, detail in events(devices)
    ] == [(False, "a"), (True, "b")]


def test_a_maintenance_that_is_over_is_ended_as_a_change(devices: Devices) -> None:
    devices.add("a")
    devices.sandbox.rows("UPDATE iot_data.devices SET maintenance_until = %s", (START + MINUTE,))
    assert devices.check().maintenance_ended == 0
    devices.wait(minutes=1)
    assert devices.check().maintenance_ended == 1
    assert devices.check().maintenance_ended == 0
    [change] = devices.sandbox.rows(
        "SELECT action, actor, before, after, device.version, maintenance_until "
        "FROM iot_data.device_changes JOIN iot_data.devices AS device USING (device_id)"
    )
    assert change == (
        "changed",
        "schedule",
        {"status": "maintenance", "maintenanceUntil": "2026-11-01T10:01:00.000000Z"},
        {"status": "active", "maintenanceUntil": None},
        2,
        None,
    )


def test_a_hold_is_an_event_and_so_is_its_end(devices: Devices) -> None:
    names = [f"d{number}" for number in range(20)]
    devices.add(*names)
    devices.report(*names)
    devices.check()
    devices.wait(minutes=4)
    devices.check(is_told=True)
    devices.wait(minutes=1)
    devices.report(*names)
    devices.check(is_told=True)
    schema = Draft202012Validator(json.loads(FLEET.read_text()))
    found = events(devices)
    for _, detail in found:
        schema.validate(detail)
    assert [kind for kind, _ in found] == ["Fleet Silent", "Fleet Hold Ended"]
    assert found[1][1]["reason"] == "readings_came_back"


def test_much_at_once_is_done_in_steps(devices: Devices) -> None:
    names = [f"d{number:02}" for number in range(11)]
    devices.add(*names)
    devices.report(*names)
    assert devices.check(batch=4).became_online == 11
    devices.wait(minutes=5)
    assert devices.check(batch=4, guard_percent=100).became_offline == 11
    gone = [name for name, became, _ in devices.transitions() if became == "offline"]
    assert sorted(gone) == names


def test_what_a_killed_check_left_is_done_by_the_next(devices: Devices) -> None:
    names = [f"d{number:02}" for number in range(5)]
    devices.add(*names)
    devices.report(*names)
    devices.check()
    devices.wait(minutes=5)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    # Whatever statement it dies at, nothing of that step is there.
    for fatal in range(6, 24, 3):
        left = iter(range(fatal))

        def count_down(*_: object, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                die()

        listen(devices.engine, "before_cursor_execute", count_down)
        try:
            devices.check(is_told=True)
        except KeyboardInterrupt:
            assert len(devices.transitions()) == 5
            assert events(devices) == []
        finally:
            remove(devices.engine, "before_cursor_execute", count_down)
    devices.check(is_told=True)
    assert len(devices.transitions()) == 10
    assert len(events(devices)) == 1


@pytest.mark.postgresql
def test_two_checks_at_once_notice_everything_once(devices: Devices, engine: Engine) -> None:
    names = [f"d{number:02}" for number in range(50)]
    devices.add(*names)
    devices.now = devices.sandbox.now()
    devices.report(*names)
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(lambda _: decide(engine, Deadline.after(60), RULES, is_told=True), range(8))
        )
    assert sum(one.became_online for one in found) == 50
    assert len(devices.transitions()) == 50


@pytest.mark.postgresql
def test_a_device_that_is_deleted_while_a_check_waits_has_no_transition(devices: Devices) -> None:
    devices.add("a", "b")
    devices.report("a", "b")
    with connect(devices.sandbox.url) as other, other.cursor() as cursor, ThreadPoolExecutor() as p:
        other.autocommit = False
        cursor.execute("UPDATE iot_data.devices SET lifecycle = 'deleted' WHERE device_id = 'a'")
        checking = p.submit(devices.check)
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
        while not devices.sandbox.value(waiting):
            assert not checking.done()
        other.commit()
        assert checking.result().became_online == 1
    assert [name for name, _, _ in devices.transitions()] == ["b"]


def test_an_invocation_decides_and_says_what_it_found(
    devices: Devices, capsys: pytest.CaptureFixture[str]
) -> None:
    devices.add("a", "b")
    devices.report("a", at=devices.sandbox.now())
    answer = decide_connectivity(SCHEDULE, LambdaContext())
    assert answer == {
        "is_skipped": False,
        "is_behind": False,
        "became_online": 1,
        "became_offline": 0,
        "maintenance_ended": 0,
        "fleets_held": 0,
    }
    [published] = emf.documents(capsys.readouterr().out)
    assert {
        name: published[name] for name in ("DevicesOnline", "DevicesOffline", "Transitions")
    } == {
        "DevicesOnline": [1.0],
        "DevicesOffline": [0.0],
        "Transitions": [1.0],
    }


def test_the_bus_hears_of_it(devices: Devices, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(aws, "changes")
    monkeypatch.setenv("CHANGE_EVENT_BUS", "changes")
    devices.add("a")
    devices.report("a", at=devices.sandbox.now())
    decide_connectivity(SCHEDULE, LambdaContext())
    [heard] = listener.events()
    assert (heard["source"], heard["detail-type"]) == ("iot.devices", "Device Online")
    assert events(devices) == []


@pytest.mark.postgresql
def test_a_check_beside_another_does_nothing(devices: Devices, engine: Engine) -> None:
    with database.transaction(engine, Deadline.after(60), EVERY_ORGANIZATION) as connection:
        assert store.try_lock_check(connection)
        assert decide(engine, Deadline.after(60), RULES, is_told=False).is_skipped


def test_after_an_outage_of_the_function_the_next_check_catches_up(devices: Devices) -> None:
    devices.add("a", "b", interval=3600)
    devices.report("a")
    devices.check()
    devices.report("b", at=START + timedelta(hours=2))
    devices.wait(hours=12)
    devices.report("a", at=devices.now - MINUTE)
    devices.check()
    assert devices.transitions() == [
        ("a", "online", 0),
        ("b", "offline", 5 * 3600),
    ]


def test_a_shorter_interval_counts_at_once(devices: Devices) -> None:
    devices.add("a", interval=900)
    devices.report("a")
    devices.check()
    devices.wait(minutes=10)
    devices.check()
    devices.sandbox.rows("UPDATE iot_data.device_types SET reporting_interval_seconds = 60")
    assert devices.check().became_offline == 1


def test_a_device_that_is_deleted_may_be_silent_for_no_time(
    devices: Devices, people: People
) -> None:
    people.organization("org-own")
    devices.add("dev-a", organization="org-own")
    devices.report("dev-a")
    devices.check()
    admin = people.user("a", "org-own", role="admin")
    assert admin.ask("DELETE", "/devices/dev-a").status_code == 200
    devices.minutes(1, "dev-a")
    limit = "SELECT silent_after FROM iot_data.device_presence"
    assert devices.sandbox.value(limit) == timedelta(0)
    assert len(devices.transitions()) == 1


def test_what_changes_with_a_reading_is_in_no_index(devices: Devices) -> None:
    """Or else each reading of each device would be put into every index."""
    indexes = devices.sandbox.rows(
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'device_presence'"
    )
    assert indexes
    for [index] in indexes:
        assert "last_seen_at" not in index
        assert "is_online" not in index


def test_what_is_held_is_shown_and_let_go_over_http(devices: Devices, people: People) -> None:
    devices.add("a", organization="org-held")
    devices.sandbox.rows(
        "INSERT INTO iot_data.connectivity_holds (organization_id, since, quiet_since, patience, "
        "silent_count, device_count, reason) "
        "VALUES ('org-held', %(at)s, %(at)s, '90 seconds', 25, 30, 'ingestion_stopped')",
        {"at": START},
    )
    admin = people.platform("admin")
    [held] = admin.get("/connectivity/holds").json_body["items"]
    assert (held["organizationId"], held["silentCount"], held["releasedAt"]) == (
        "org-held",
        25,
        None,
    )
    path = "/connectivity/holds/org-held/release"
    assert people.platform("operator").ask("POST", path, {}).status_code == 403
    for _ in range(2):
        released = admin.ask("POST", path, {"comment": "no power"}).json_body
        assert released["comment"] == "no power"
    assert admin.ask("POST", "/connectivity/holds/o-else/release", {}).status_code == 404
    assert (
        devices.sandbox.value(
            "SELECT count(*) FROM iot_data.audit_log WHERE action = 'fleet.released'"
        )
        == 1
    )


def test_the_transitions_of_a_device_are_pages(devices: Devices, people: People) -> None:
    people.organization("org-own")
    viewer = people.user("v", "org-own", role="viewer")
    devices.add("dev-a", organization="org-own")
    devices.report("dev-a")
    devices.check()
    devices.minutes(4)
    first = viewer.get("/devices/dev-a/transitions?limit=1").json_body
    assert [one["isOnline"] for one in first["items"]] == [False]
    rest = viewer.get(f"/devices/dev-a/transitions?limit=1&after={first['next']}").json_body
    assert [(one["isOnline"], one["was"]) for one in rest["items"]] == [(True, "never")]
    assert rest["next"] is None
    assert viewer.get("/devices/dev-b/transitions").status_code == 404
