"""Tokens for one device or one site: they are heard about these, and about nothing else."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from threading import Barrier
from typing import Any

import pytest
from chalice.test import Client
from sqlalchemy import Engine, create_engine

from app import app, authorize
from chalicelib import database
from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import (
    Admission,
    Objection,
    Report,
    UnknownDevices,
    merge,
)
from tests.features.heartbeats.oracle import stored
from tests.sandbox import PROJECT, Sandbox

START = datetime(2026, 11, 1, 10, tzinfo=UTC)
TOKENS = {"gateway": "", "device": ":device=d1", "site": ":site=a"}
D1 = {"device_id": "d1", "site_id": "a"}
D2 = {"device_id": "d2", "site_id": "a"}
AT_B = {"device_id": "d2", "site_id": "b"}
Send = Callable[[str, Any], tuple[int, Any]]


@pytest.fixture
def send(migrated: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Send:
    """Sends heartbeats with the token of that name, past the authorizer."""
    entries = [
        f"{name}:device:{sha256(name.encode()).hexdigest()}{bound}"
        for name, bound in TOKENS.items()
    ]
    monkeypatch.setenv("AUTH_MODE", "required")
    monkeypatch.setenv("API_TOKENS", ",".join(entries))
    monkeypatch.setattr(app.routes["/heartbeat"]["POST"], "authorizer", authorize)

    def post(token: str, body: Any) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        with Client(app, project_dir=str(PROJECT)) as client:
            answer = client.http.post("/heartbeat", headers=headers, body=json.dumps(body).encode())
            return answer.status_code, answer.json_body

    return post


def reasons(answer: Any) -> list[tuple[int, str, str]]:
    return [(found["index"], found["field"], found["reason"]) for found in answer["refused"]]


def test_a_token_of_a_gateway_speaks_for_any_device(send: Send, migrated: Sandbox) -> None:
    assert send("gateway", {"devices": [D1, AT_B]})[1]["stored"] == 2


def test_a_token_of_a_device_speaks_for_that_device(send: Send, migrated: Sandbox) -> None:
    status, answer = send("device", {"devices": [D2, {**D1, "site_id": "b"}, {"device_id": "x"}]})
    assert (status, answer["stored"]) == (200, 1)
    assert reasons(answer) == [
        (0, "device_id", "the token is for another device"),
        (2, "site_id", "site_id is missing"),
    ]
    assert list(stored(migrated)) == ["d1"]


def test_a_token_of_a_site_speaks_for_that_site(send: Send, migrated: Sandbox) -> None:
    status, answer = send("site", {"devices": [D1, AT_B, {**D1, "site_id": "b"}]})
    assert (status, answer["stored"]) == (200, 1)
    assert reasons(answer) == [
        (1, "site_id", "the token is for another site"),
        (2, "site_id", "the token is for another site"),
    ]
    assert stored(migrated)["d1"]["site_id"] == "a"


@pytest.mark.parametrize("is_adopted", [False, True])
def test_a_token_of_a_site_does_not_take_a_device_of_another_over(
    send: Send, migrated: Sandbox, is_adopted: bool
) -> None:
    send("gateway", AT_B)
    if is_adopted:
        migrated.rows("DELETE FROM iot_data.device_state_fields")
    before = stored(migrated)
    status, answer = send("site", {"devices": [D2, D1, {**D2, "cpu_pct": 5}]})
    elsewhere = "the token is for another site than that of the device"
    assert reasons(answer) == [(0, "device_id", elsewhere), (2, "device_id", elsewhere)]
    assert (status, answer["stored"]) == (200, 1)
    after = stored(migrated)
    assert (after["d2"], sorted(after)) == (before["d2"], ["d1", "d2"])


@pytest.mark.parametrize(
    ("token", "heartbeat", "parameter"),
    [
        ("device", D2, "device_id"),
        ("site", {"device_id": "d3", "site_id": "b"}, "site_id"),
        ("site", D2, "device_id"),
    ],
)
def test_a_single_heartbeat_of_others_is_a_403(
    send: Send, migrated: Sandbox, token: str, heartbeat: Any, parameter: str
) -> None:
    send("gateway", AT_B)
    before = stored(migrated)
    status, answer = send(token, heartbeat)
    assert (status, answer["error"]["code"]) == (403, "FORBIDDEN")
    assert answer["error"]["details"] == {"parameter": parameter}
    assert stored(migrated) == before


def test_a_bound_token_does_not_make_its_device_known(
    send: Send, migrated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNKNOWN_DEVICES")
    assert send("device", D1)[1]["quarantined"] == 1
    assert send("site", {"devices": [D1, AT_B]})[1]["quarantined"] == 1
    assert stored(migrated) == {}


def test_who_is_bound_to_both_is_heard_about_both_only() -> None:
    both = Admission(UnknownDevices.ACCEPT, device_id="d1", site_id="a")
    assert both.objection("d1", "a") is None
    assert both.objection("d2", "a") is Objection.OTHER_DEVICE
    assert both.objection("d1", "b") is Objection.OTHER_SITE


@pytest.mark.postgresql
def test_of_two_sites_that_report_a_device_at_once_one_has_it(migrated: Sandbox) -> None:
    """Whoever comes second waits for the first, and then sees where the device is."""
    sites = ("a", "b")
    all_ready = Barrier(len(sites))
    names = [f"d{number}" for number in range(200)]

    def separate_engine() -> Engine:
        return create_engine(engine_for(migrated.settings).url, pool_size=1)

    def write(site_id: str) -> dict[str, Objection]:
        engine = separate_engine()
        admission = Admission(UnknownDevices.ACCEPT, site_id=site_id)
        objections: dict[str, Objection] = {}
        for second in range(5):
            seen_at = START + timedelta(seconds=second)
            reports = [Report(name, seen_at, {"site_id": site_id}) for name in names]
            all_ready.wait(timeout=30)
            with database.transaction(engine, Deadline.after(60)) as connection:
                objections |= store.merge_heartbeats(connection, merge(reports), admission)
        engine.dispose()
        return objections

    with ThreadPoolExecutor(len(sites)) as pool:
        refused_a, refused_b = pool.map(write, sites)
    owners = {name: state["site_id"] for name, state in stored(migrated).items()}
    assert refused_a.keys() == {name for name, owner in owners.items() if owner == "b"}
    assert refused_b.keys() == {name for name, owner in owners.items() if owner == "a"}
    assert len(owners) == len(names)
