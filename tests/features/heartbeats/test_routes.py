"""Heartbeats, states and silence over HTTP."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client

from app import app
from tests.features.device_parameters.test_routes import get, pages
from tests.features.heartbeats.oracle import stored
from tests.features.heartbeats.test_invocations import answer_of, sample
from tests.sandbox import Sandbox

GOOD = {"device_id": "hvac-001", "site_id": "building-a"}


def post(body: Any) -> tuple[int, Any]:
    raw = body if isinstance(body, str) else json.dumps(body)
    with Client(app) as client:
        headers = {"Content-Type": "application/json"}
        response = client.http.post("/heartbeat", headers=headers, body=raw)
        return response.status_code, response.json_body


@pytest.fixture
def silent(migrated: Sandbox) -> Sandbox:
    """Six devices on two sites, silent for 0 to 50 minutes."""
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "SELECT 'd' || n, CASE WHEN n < 4 THEN 'a' ELSE 'b' END, now() - n * interval '10 minutes' "
        "FROM generate_series(0, 5) AS n"
    )
    return migrated


def test_a_heartbeat_is_stored(migrated: Sandbox) -> None:
    assert post({**GOOD, "cpu_pct": 5}) == (200, answer_of(1))
    assert stored(migrated)["hvac-001"]["cpu_pct"] == 5


def test_a_bad_heartbeat_is_a_400_that_names_the_field(migrated: Sandbox) -> None:
    status, body = post({**GOOD, "cpu_pct": 500})
    assert (status, body["error"]["code"]) == (400, "INVALID_REQUEST")
    assert body["error"]["message"].startswith("cpu_pct must be a number ")
    assert body["error"]["details"] == {"parameter": "cpu_pct"}
    assert stored(migrated) == {}


def test_in_a_batch_what_is_bad_is_listed_and_the_rest_stored(migrated: Sandbox) -> None:
    status, body = post({"devices": [GOOD, {"device_id": "x"}]})
    refused = {
        "index": 1,
        "device_id": "x",
        "field": "site_id",
        "reason": "site_id is missing",
    }
    assert (status, body) == (200, {**answer_of(1), "received": 2, "refused": [refused]})


def test_an_envelope_of_eventbridge_is_no_heartbeat(migrated: Sandbox) -> None:
    envelope = sample("heartbeat_eventbridge")
    status, answer = post(envelope)
    assert (status, answer["error"]["code"]) == (400, "INVALID_REQUEST")
    assert stored(migrated) == {}
    assert post(envelope["detail"])[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        *("", "{", "null", "[]", '"hvac"', "[" * 100_000, '{"devices": NaN}'),
        *({"devices": 5}, {"devices": [GOOD] * 10_001}, {"devices": [], "x": 1}),
    ],
    ids=lambda body: str(body)[:20],
)
def test_what_is_no_heartbeat_is_a_400(migrated: Sandbox, body: Any) -> None:
    status, answer = post(body)
    assert (status, answer["error"]["code"]) == (400, "INVALID_REQUEST")
    assert stored(migrated) == {}


def test_silent_devices_come_longest_first_page_by_page(silent: Sandbox) -> None:
    found = pages("/heartbeats/stale?limit=2")
    assert [[device["device_id"] for device in page] for page in found] == [
        ["d5", "d4"],
        ["d3", "d2"],
        ["d1"],
    ]
    first = found[0][0]
    assert (first["site_id"], first["age_seconds"] >= 3000) == ("b", True)


@pytest.mark.parametrize(
    ("query", "device_ids"),
    [
        ("site_id=a", ["d3", "d2", "d1"]),
        ("site_id=nowhere", []),
        ("min_age_seconds=1500", ["d5", "d4", "d3"]),
        ("min_age_seconds=0", ["d5", "d4", "d3", "d2", "d1"]),
        ("min_age_seconds=1500&site_id=a", ["d3"]),
    ],
)
def test_silent_devices_are_filtered(silent: Sandbox, query: str, device_ids: list[str]) -> None:
    [page] = pages(f"/heartbeats/stale?{query}")
    assert [device["device_id"] for device in page] == device_ids


def test_devices_that_fell_silent_at_the_same_instant_are_all_listed(migrated: Sandbox) -> None:
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "SELECT 'd' || n, 'a', now() - interval '1 hour' FROM generate_series(1, 9) AS n"
    )
    found = [device["device_id"] for page in pages("/heartbeats/stale?limit=2") for device in page]
    assert found == [f"d{number}" for number in range(1, 10)]


def test_the_limit_is_the_configured_one(silent: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STALE_AFTER_SECONDS", "2000")
    [page] = pages("/heartbeats/stale?limit=9")
    assert [device["device_id"] for device in page] == ["d5", "d4"]
    assert get("/devices/d3/state")[1]["is_stale"] is False


def test_silent_devices_are_counted_by_site(silent: Sandbox) -> None:
    [[a], [b]] = pages("/heartbeats/stale/sites?limit=1")
    assert (a["site_id"], a["stale_count"], b["site_id"], b["stale_count"]) == ("a", 3, "b", 2)
    oldest = silent.value("SELECT min(last_seen_ts) FROM iot_data.device_state")
    assert b["oldest_last_seen_ts"] == f"{oldest:%Y-%m-%dT%H:%M:%S.%f}Z"
    [[only]] = pages("/heartbeats/stale/sites?min_age_seconds=2700")
    assert (only["site_id"], only["stale_count"]) == ("b", 1)


def test_the_state_of_a_device_is_all_that_it_said(migrated: Sandbox) -> None:
    said = {"status": "degraded", "agent_version": "1.0.0", "cpu_pct": 25.5, "queue_depth": 3}
    post({**GOOD, **said, "last_upload_ts": "2026-11-01T10:15:00Z"})
    status, state = get("/devices/hvac-001/state")
    assert status == 200
    assert {name: state[name] for name in said} == said
    assert state["last_upload_ts"] == "2026-11-01T10:15:00Z"
    assert (state["disk_free_gb"], state["poll_interval_s"]) == (None, None)
    assert (state["is_stale"], state["age_seconds"] < 60) == (False, True)


def test_a_device_that_is_ahead_of_us_is_of_no_age(migrated: Sandbox) -> None:
    post({**GOOD, "ts": (migrated.now() + timedelta(seconds=30)).isoformat()})
    _, state = get("/devices/hvac-001/state")
    assert (state["age_seconds"], state["is_stale"]) == (0, False)


@pytest.mark.parametrize("device_id", ["stale", "a/b", "gerät ☃", "%", "..", "x" * 300])
def test_a_device_is_found_by_any_name(migrated: Sandbox, device_id: str) -> None:
    path = f"/devices/{quote(device_id, safe='')}/state"
    assert get(path)[0] == 404
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "VALUES (%s, 'a', now())",
        (device_id,),
    )
    status, state = get(path)
    assert (status, state["device_id"]) == (200, device_id)


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/heartbeats/stale?limit=0", "limit"),
        ("/heartbeats/stale?min_age_seconds=-1", "min_age_seconds"),
        ("/heartbeats/stale?min_age_seconds=1.5", "min_age_seconds"),
        ("/heartbeats/stale?min_age_seconds=99999999", "min_age_seconds"),
        ("/heartbeats/stale?min_age_seconds=" + "9" * 5000, "min_age_seconds"),
        ("/heartbeats/stale?site_id=%00", "site_id"),
        ("/heartbeats/stale?colour=red", "colour"),
        ("/heartbeats/stale?after=x", "after"),
        ("/heartbeats/stale?after=WyJub3ciLCJhIl0", "after"),
        ("/heartbeats/stale?after=WyIyMDI2LTExLTAxVDEwOjAwOjAwIiwiYSJd", "after"),
        ("/heartbeats/stale/sites?site_id=a", "site_id"),
        ("/heartbeats/stale/sites?after=WzFd", "after"),
        ("/devices/d/state?x=1", "x"),
        ("/devices/%00/state", "device_id"),
    ],
)
def test_a_wrong_parameter_is_named(silent: Sandbox, path: str, parameter: str) -> None:
    status, body = get(path)
    assert (status, body["error"]["details"]) == (400, {"parameter": parameter})
