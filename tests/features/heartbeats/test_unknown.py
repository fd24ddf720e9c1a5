"""Devices that nobody knows: they are set apart, or refused, and fill no table."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine

from chalicelib.database import Deadline, engine_for
from chalicelib.errors import InvalidRequestError, RunTimedOutError
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.batch import read_batch
from chalicelib.features.heartbeats.bodies import SilenceCheck
from chalicelib.features.heartbeats.model import (
    MAX_BATCH,
    MAX_UNKNOWN_DEVICES,
)
from chalicelib.features.heartbeats.record import record
from tests import emf
from tests.features.device_parameters.test_routes import get, pages
from tests.features.heartbeats.oracle import stored
from tests.features.heartbeats.test_invocations import deliver, invoke
from tests.features.heartbeats.test_routes import post
from tests.sandbox import Sandbox

KNOWN = {"device_id": "known", "site_id": "a"}
OTHER = {"device_id": "other", "site_id": "a"}
STRANGER = {"device_id": "stranger", "site_id": "b"}
COUNT = "SELECT count(*) FROM iot_data.unknown_devices"


def register(sandbox: Sandbox, device_id: str, *, is_active: bool = True) -> None:
    sandbox.rows(
        "INSERT INTO iot_data.redshift_devices (device_id, status) VALUES (%s, %s)",
        (device_id, is_active),
    )


@pytest.fixture
def platform(migrated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A platform that knows two devices; nothing is said about the others."""
    monkeypatch.delenv("UNKNOWN_DEVICES")
    register(migrated, "known")
    register(migrated, "other")
    return migrated


@pytest.fixture
def refusing(platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("UNKNOWN_DEVICES", "refuse")
    return platform


@pytest.fixture
def accepting(platform: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    monkeypatch.setenv("UNKNOWN_DEVICES", "accept")
    return platform


def strangers(count: int, name: str = "stranger") -> dict[str, Any]:
    return {
        "devices": [
            {"device_id": f"{name}-{number}", "site_id": f"site-{number}"}
            for number in range(count)
        ]
    }


def test_ten_thousand_strangers_leave_the_states_as_they_are(platform: Sandbox) -> None:
    post(KNOWN)
    before = stored(platform)
    status, answer = post(strangers(MAX_BATCH))
    assert (status, answer["stored"], answer["quarantined"]) == (200, 0, MAX_BATCH)
    assert stored(platform) == before
    assert get("/heartbeats/stale/sites?limit=1")[1]["items"] == []


def test_of_a_thousand_strangers_too_many_the_oldest_are_dropped(platform: Sandbox) -> None:
    post(strangers(1_000, "old"))
    post(strangers(MAX_UNKNOWN_DEVICES, "new"))
    assert platform.value(COUNT) == MAX_UNKNOWN_DEVICES
    assert platform.value(f"{COUNT} WHERE device_id LIKE 'old-%'") == 0


def test_more_strangers_at_once_than_are_kept_are_no_more_in_the_end(platform: Sandbox) -> None:
    assert deliver(strangers(6_000, "x"), strangers(6_000, "y")) == []
    assert platform.value(COUNT) == MAX_UNKNOWN_DEVICES


def test_who_has_not_knocked_for_a_month_is_no_longer_remembered(platform: Sandbox) -> None:
    post(strangers(2))
    platform.rows(
        "UPDATE iot_data.unknown_devices SET last_seen_at = now() - interval '30 days 1 second' "
        "WHERE device_id = 'stranger-0'"
    )
    post(STRANGER)
    remembered = platform.rows("SELECT device_id FROM iot_data.unknown_devices ORDER BY 1")
    assert remembered == [("stranger",), ("stranger-1",)]


def test_a_stranger_is_remembered_with_what_it_said_last(platform: Sandbox) -> None:
    before = platform.now()
    invoke({**STRANGER, "cpu_pct": 5, "ts": "2026-01-01T00:00:00Z"})
    said = {"agent_version": "2", "last_upload_ts": "2026-11-01T10:15:00Z", "cpu_pct": None}
    at = "2026-01-02T00:00:00Z"
    invoke({"devices": [{**STRANGER, "site_id": "c", **said, "ts": at}, STRANGER | {"ts": at}]})
    [[device]] = pages("/heartbeats/unknown?limit=5")
    assert device["last_heartbeat"] == {
        "ts": at,
        "site_id": "c",
        **said,
    }
    assert (device["device_id"], device["site_id"]) == ("stranger", "c")
    assert device["heartbeat_count"] == 3
    assert f"{before:%Y-%m-%dT%H:%M:%S}" <= device["first_seen_at"] < device["last_seen_at"]


def test_strangers_are_listed_page_by_page_and_by_site(platform: Sandbox) -> None:
    post(strangers(5))
    found = pages("/heartbeats/unknown?limit=2")
    assert [len(page) for page in found] == [2, 2, 1]
    assert [device["device_id"] for page in found for device in page] == [
        f"stranger-{number}" for number in range(5)
    ]
    [[only]] = pages("/heartbeats/unknown?site_id=site-3")
    assert only["device_id"] == "stranger-3"


def test_a_known_device_is_stored_beside_strangers(platform: Sandbox) -> None:
    answer = invoke({"devices": [STRANGER, KNOWN, {**STRANGER, "cpu_pct": 500}, STRANGER]})
    assert (answer["received"], answer["stored"], answer["quarantined"]) == (4, 1, 2)
    assert [refusal["index"] for refusal in answer["refused"]] == [2]
    assert list(stored(platform)) == ["known"]


def test_a_message_of_a_stranger_does_not_come_again(platform: Sandbox) -> None:
    assert deliver(STRANGER) == []
    assert platform.value(COUNT) == 1


def test_a_device_that_is_entered_is_stored_with_its_next_heartbeat(platform: Sandbox) -> None:
    assert post(STRANGER)[1]["quarantined"] == 1
    register(platform, "stranger")
    assert post(STRANGER)[1]["stored"] == 1
    assert list(stored(platform)) == ["stranger"]
    assert platform.value(COUNT) == 0


def test_an_inactive_device_is_known(platform: Sandbox) -> None:
    register(platform, "off", is_active=False)
    assert post({**KNOWN, "device_id": "off"})[1]["stored"] == 1


@pytest.mark.parametrize("mode", ["quarantine", "refuse"])
@pytest.mark.parametrize("has_fields", [False, True])
def test_a_device_with_a_state_goes_on_being_stored(
    accepting: Sandbox, monkeypatch: pytest.MonkeyPatch, mode: str, has_fields: bool
) -> None:
    """What an update of the application must not do is to silence anybody."""
    post({**STRANGER, "ts": "2026-01-01T00:00:00Z"})
    if not has_fields:
        accepting.rows("DELETE FROM iot_data.device_state_fields")
    monkeypatch.setenv("UNKNOWN_DEVICES", mode)
    assert post({**STRANGER, "cpu_pct": 5})[1]["stored"] == 1
    assert stored(accepting)["stranger"]["cpu_pct"] == 5


def test_a_device_that_leaves_the_master_table_keeps_its_state(platform: Sandbox) -> None:
    post(KNOWN)
    platform.rows("DELETE FROM iot_data.redshift_devices")
    assert post({**KNOWN, "cpu_pct": 5})[1]["stored"] == 1


def test_where_strangers_are_refused_each_is_listed(refusing: Sandbox) -> None:
    answer = invoke({"devices": [STRANGER, KNOWN, STRANGER]})
    reason = {
        "device_id": "stranger",
        "field": "device_id",
        "reason": "the device is not known here",
    }
    assert answer == {
        "received": 3,
        "stored": 1,
        "quarantined": 0,
        "refused": [{"index": 0, **reason}, {"index": 2, **reason}],
    }
    assert (list(stored(refusing)), refusing.value(COUNT)) == (["known"], 0)


def test_a_refused_stranger_that_comes_alone_is_an_error(refusing: Sandbox) -> None:
    status, answer = post(STRANGER)
    assert (status, answer["error"]["details"]) == (400, {"parameter": "device_id"})
    with pytest.raises(InvalidRequestError, match="the device is not known here"):
        invoke(STRANGER)
    assert deliver(KNOWN, STRANGER) == ["1"]


def test_where_strangers_are_accepted_they_are_stored(accepting: Sandbox) -> None:
    answer = invoke({"devices": [STRANGER, KNOWN]})
    assert (answer["stored"], answer["quarantined"]) == (2, 0)
    assert sorted(stored(accepting)) == ["known", "stranger"]


def test_who_is_accepted_after_all_is_set_apart_no_longer(
    platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(STRANGER)
    monkeypatch.setenv("UNKNOWN_DEVICES", "accept")
    post(STRANGER)
    assert (list(stored(platform)), platform.value(COUNT)) == (["stranger"], 0)


def test_a_heartbeat_from_the_future_is_refused_and_not_set_apart(platform: Sandbox) -> None:
    late = (platform.now() + timedelta(hours=1)).isoformat()
    answer = invoke({"devices": [STRANGER, {**STRANGER, "ts": late}]})
    assert (answer["quarantined"], len(answer["refused"])) == (1, 1)
    assert platform.value("SELECT heartbeat_count FROM iot_data.unknown_devices") == 1


def test_nobody_is_told_that_a_stranger_fell_silent(
    platform: Sandbox, check_untold: Callable[..., SilenceCheck]
) -> None:
    invoke({**STRANGER, "ts": "2026-01-01T00:00:00Z"})
    found = check_untold()
    assert (found.stale, found.became_stale) == (0, 0)


def test_the_metrics_count_what_is_set_apart_where_there_is_any(
    platform: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(KNOWN)
    invoke({"devices": [KNOWN, STRANGER, STRANGER]})
    none, two = emf.documents(capsys.readouterr().out)
    assert "HeartbeatsQuarantined" not in none
    assert two["HeartbeatsQuarantined"] == [2.0]
    assert (two["HeartbeatsStored"], two["HeartbeatsRefused"]) == ([1.0], [0.0])


@pytest.mark.parametrize("device_id", ["gerät ☃", "'; --", '{"', "x" * 256, "\x01"])
def test_a_stranger_may_be_called_anything(platform: Sandbox, device_id: str) -> None:
    post({"device_id": device_id, "site_id": device_id, "agent_version": device_id})
    [[device]] = pages("/heartbeats/unknown?limit=5")
    assert (device["device_id"], device["site_id"]) == (device_id, device_id)


def separate_engine(sandbox: Sandbox) -> Engine:
    return create_engine(engine_for(sandbox.settings).url, pool_size=1)


@pytest.mark.postgresql
def test_many_senders_of_strangers_at_once_do_not_outgrow_the_limit(platform: Sandbox) -> None:
    writers = 6
    all_ready = Barrier(writers)

    def send(number: int) -> int:
        engine = separate_engine(platform)
        batch = read_batch(strangers(4_000, f"of-{number % 3}"))
        all_ready.wait(timeout=30)
        recorded = record(engine, Deadline.after(60), batch)
        engine.dispose()
        return recorded.quarantined

    with ThreadPoolExecutor(writers) as pool:
        assert set(pool.map(send, range(writers))) == {4_000}
    assert platform.value(COUNT) == MAX_UNKNOWN_DEVICES


@pytest.mark.postgresql
def test_a_known_device_does_not_wait_for_those_who_set_strangers_apart(platform: Sandbox) -> None:
    holder, engine = separate_engine(platform), separate_engine(platform)
    with holder.begin() as connection:
        connection.execute(store.sql.lock_quarantine, {"key": store._QUARANTINE_LOCK})
        batch = read_batch({"devices": [KNOWN]})
        assert record(engine, Deadline.after(20), batch).stored == 1
        with pytest.raises(RunTimedOutError):
            record(engine, Deadline.after(7), read_batch({"devices": [STRANGER, OTHER]}))
    assert sorted(stored(platform)) == ["known", "other"]
    holder.dispose()
    engine.dispose()
