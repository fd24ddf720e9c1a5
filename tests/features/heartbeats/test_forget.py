"""Forgetting devices: nothing is left of them, and nobody is told that they came back."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, event

from app import app
from chalicelib.access.model import Requirement, Role, Scope
from chalicelib.audit import Actor
from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats import forget as forgetting
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.bodies import SilenceCheck
from chalicelib.features.heartbeats.forget import forget
from chalicelib.features.heartbeats.record import record
from chalicelib.http.gate import declared_routes
from cli import cli
from tests.databases import connect
from tests.features.heartbeats.conftest import ANYBODY, Devices
from tests.features.heartbeats.oracle import stored
from tests.features.heartbeats.test_routes import GOOD, post
from tests.features.heartbeats.test_unknown import COUNT, STRANGER, register, strangers
from tests.outbox.listener import Listener
from tests.sandbox import Sandbox
from tests.test_cli import _logging

__all__ = ["_logging"]

LONG = timedelta(hours=1)
NAME = GOOD["device_id"]


def delete(device_id: str) -> tuple[int, Any]:
    with Client(app) as client:
        path = f"/devices/{quote(device_id, safe='')}/state"
        answer = client.http.delete(path)
        return answer.status_code, answer.json_body


def call(*arguments: str, answer: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["forget-device", *arguments], input=answer)


def rows_left(sandbox: Sandbox) -> int:
    tables = ("device_state", "device_state_fields", "stale_devices", "unknown_devices")
    return sum(sandbox.value(f"SELECT count(*) FROM iot_data.{table}") for table in tables)


@pytest.fixture
def quarantining(migrated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.delenv("UNKNOWN_DEVICES")
    return migrated


def test_nothing_is_left_of_a_device_that_is_forgotten(
    migrated: Sandbox, devices: Devices, check_untold: Callable[..., SilenceCheck]
) -> None:
    post({**GOOD, "cpu_pct": 5, "ts": "2026-01-01T00:00:00Z"})
    assert check_untold().became_stale == 1
    assert delete(NAME) == (200, {"device_id": NAME})
    assert rows_left(migrated) == 0


def test_a_device_that_is_forgotten_is_neither_stale_nor_recovered(
    migrated: Sandbox, devices: Devices, check_once: Callable[..., SilenceCheck], listener: Listener
) -> None:
    devices.seen("silent", LONG)
    devices.seen("other", LONG)
    check_once()
    listener.events()
    delete("silent")
    devices.seen("alive", timedelta(0))
    delete("alive")
    found = check_once()
    assert (found.became_stale, found.recovered, found.stale) == (0, 0, 1)
    assert listener.events() == []


def test_a_known_device_starts_anew(quarantining: Sandbox) -> None:
    register(quarantining, NAME)
    post({**GOOD, "cpu_pct": 5})
    delete(NAME)
    assert post(GOOD)[1]["stored"] == 1
    assert stored(quarantining)[NAME]["cpu_pct"] is None


def test_an_unknown_device_with_a_state_is_set_apart_once_it_is_forgotten(
    quarantining: Sandbox, devices: Devices
) -> None:
    devices.seen(NAME, LONG)
    delete(NAME)
    answer = post(GOOD)[1]
    assert (answer["stored"], answer["quarantined"], stored(quarantining)) == (0, 1, {})


def test_a_device_that_is_set_apart_can_be_forgotten(quarantining: Sandbox) -> None:
    post(strangers(2))
    assert delete("stranger-0")[0] == 200
    remembered = quarantining.rows("SELECT device_id FROM iot_data.unknown_devices")
    assert remembered == [("stranger-1",)]


@pytest.mark.parametrize("device_id", ["nobody", "stale", "unknown", "a/b"])
def test_what_is_not_known_cannot_be_forgotten(migrated: Sandbox, device_id: str) -> None:
    status, answer = delete(device_id)
    assert (status, answer["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("device_id", ["stale", "unknown", "a/b", "gerät ☃", "%", ".."])
def test_a_device_of_any_name_can_be_forgotten(migrated: Sandbox, device_id: str) -> None:
    post({**GOOD, "device_id": device_id})
    assert delete(device_id) == (200, {"device_id": device_id})


@pytest.mark.parametrize("path", ["/heartbeats/stale", "/heartbeats/unknown"])
def test_a_list_is_no_device(migrated: Sandbox, path: str) -> None:
    post({**GOOD, "device_id": path.rpartition("/")[2]})
    with Client(app) as client:
        assert client.http.delete(path).status_code == 405
    assert len(stored(migrated)) == 1


def test_only_operators_of_the_platform_may_forget() -> None:
    [route] = [route for route in declared_routes(app) if route.name == "forget_device"]
    assert route.requirement == Requirement(Role.OPERATOR, Scope.PLATFORM)


def test_who_forgets_is_in_the_log(migrated: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    post(GOOD)
    delete(NAME)
    delete(NAME)
    [logged] = [line for line in caplog.records if line.message == "device_forgotten"]
    assert (logged.__dict__["actor"], logged.__dict__["first"]) == ("anybody", [NAME])


def test_who_forgets_is_in_the_audit_log(migrated: Sandbox, devices: Devices) -> None:
    devices.seen_many(3, LONG)
    delete("a-1")
    delete("a-1")
    call("a-2", "a-3")
    [one, several] = migrated.rows(
        "SELECT actor, action, subject, before FROM iot_data.audit_log ORDER BY audit_id"
    )
    assert one == ("anybody", "device.forgotten", "device a-1", {"device_ids": ["a-1"]})
    assert several[0].startswith("cli:")
    assert several[1:] == ("device.forgotten", "2 devices", {"device_ids": ["a-2", "a-3"]})


def test_an_operator_forgets_devices_by_name(migrated: Sandbox, devices: Devices) -> None:
    devices.seen_many(3, LONG)
    result = call("a-1", "a-3", "nobody")
    assert (result.exit_code, result.output) == (0, "2 of 3 devices forgotten.\n")
    assert list(stored(migrated)) == ["a-2"]
    assert call("nobody").exit_code == 1


def test_an_operator_forgets_all_that_are_unknown(
    migrated: Sandbox, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices.seen("known", LONG)
    register(migrated, "known")
    devices.seen_many(3, LONG)
    monkeypatch.delenv("UNKNOWN_DEVICES")
    post(STRANGER)
    refused = call("--unknown", answer="n\n")
    assert (refused.exit_code, "Forget 4 devices?" in refused.output) == (1, True)
    assert len(stored(migrated)) == 4
    result = call("--unknown", "--yes")
    assert (result.exit_code, result.output) == (0, "4 of 4 devices forgotten.\n")
    assert (list(stored(migrated)), migrated.value(COUNT)) == (["known"], 0)
    assert call("--unknown").exit_code == 0


@pytest.mark.parametrize("arguments", [(), ("d", "--unknown")])
def test_an_operator_says_whom_to_forget(migrated: Sandbox, arguments: tuple[str, ...]) -> None:
    assert call(*arguments).exit_code == 2


def test_more_devices_than_a_statement_takes_are_forgotten(
    migrated: Sandbox, devices: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "MAX_BATCH", 2)
    devices.seen_many(5, LONG)
    assert call("--unknown", "--yes").output == "5 of 5 devices forgotten.\n"


@pytest.mark.postgresql
def test_devices_are_forgotten_while_they_report_and_are_checked(
    migrated: Sandbox, check_untold: Callable[..., SilenceCheck]
) -> None:
    """Nobody deadlocks or fails: heartbeats, checks and those who forget wait for each other."""
    engine = create_engine(engine_for(migrated.settings).url, pool_size=4)
    names = [f"device-{number}" for number in range(200)]
    items = [{"device_id": name, "site_id": "a", "ts": "2026-01-01T00:00:00Z"} for name in names]
    deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    before = migrated.value(deadlocks)

    def write() -> int:
        batch = read_batch({"devices": items})
        return record(engine, Deadline.after(60), batch, admission=ANYBODY).stored

    def look() -> int:
        return check_untold().stale

    def forget_all() -> int:
        return len(forget(engine, Deadline.after(60), names, actor=Actor("test")))

    def repeat(work: Callable[[], int]) -> set[int]:
        return {work() for _ in range(20)}

    with ThreadPoolExecutor(4) as pool:
        written, again, seen, forgotten = pool.map(repeat, (write, write, look, forget_all))
    assert written == again == {200}
    assert seen | forgotten <= {0, 200}
    assert migrated.value(deadlocks) == before
    engine.dispose()


@pytest.mark.postgresql
def test_whoever_forgets_a_device_does_not_wait_for_a_state_that_came_meanwhile(
    migrated: Sandbox,
) -> None:
    """Having deleted some of such states, it would wait for one that a heartbeat has locked, and
    the heartbeat for one that was deleted.
    """
    engine = create_engine(engine_for(migrated.settings).url)
    reporter = engine_for(migrated.settings)
    next_heartbeat = connect(migrated.url)
    next_heartbeat.autocommit = False

    @event.listens_for(engine, "after_cursor_execute")
    def report(*execution: Any) -> None:
        statement = execution[2]
        if "ORDER BY device_id COLLATE" in statement and not rows_left(migrated):
            record(reporter, Deadline.after(60), read_batch(GOOD), admission=ANYBODY)
            next_heartbeat.cursor().execute("SELECT FROM iot_data.device_state FOR UPDATE")

    try:
        assert forget(engine, Deadline.after(9), [NAME], actor=Actor("test")) == []
    finally:
        next_heartbeat.close()
        engine.dispose()
    assert list(stored(migrated)) == [NAME]


def test_states_that_another_writer_left_are_forgotten(migrated: Sandbox) -> None:
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "VALUES ('left', 'a', now()), ('other', 'a', now())"
    )
    assert call("left", "--yes").output == "1 of 1 devices forgotten.\n"
    assert list(stored(migrated)) == ["other"]
