"""Reading over HTTP: runs, changes, pairs, page by page."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client

from app import app
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def get(path: str) -> tuple[int, Any]:
    with Client(app) as client:
        response = client.http.get(path)
        return response.status_code, response.json_body


def pages(path: str) -> list[list[dict[str, Any]]]:
    """Every page from the first to the last, following `next`."""
    found = []
    after: str | None = ""
    while after is not None:
        status, body = get(path + (f"&after={after}" if after else ""))
        assert status == 200, body
        found.append(body["items"])
        after = body["next"]
    return found


@pytest.fixture
def five_runs(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> list[int | None]:
    """Runs 1 to 5; 2 and 4 are dressed up as others."""
    runs = [sync().run_id for _ in range(5)]
    migrated.rows("UPDATE iot_data.sync_runs SET status = 'failed' WHERE run_id = 2")
    migrated.rows("UPDATE iot_data.sync_runs SET trigger = 'schedule' WHERE run_id = 4")
    return runs


def test_runs_come_newest_first(five_runs: list[int]) -> None:
    [page] = pages("/runs?limit=5")
    assert [run["run_id"] for run in page] == [5, 4, 3, 2, 1]


def test_runs_are_paged_by_key(five_runs: list[int]) -> None:
    assert [[run["run_id"] for run in page] for page in pages("/runs?limit=2")] == [
        [5, 4],
        [3, 2],
        [1],
    ]


@pytest.mark.parametrize(
    ("query", "run_ids"),
    [("status=failed", [2]), ("trigger=schedule", [4]), ("status=failed&trigger=schedule", [])],
)
def test_runs_are_filtered(five_runs: list[int], query: str, run_ids: list[int]) -> None:
    [page] = pages(f"/runs?{query}")
    assert [run["run_id"] for run in page] == run_ids


def test_one_run_is_as_the_list_shows_it(five_runs: list[int]) -> None:
    status, run = get("/runs/3")
    assert status == 200
    assert run == pages("/runs?limit=5")[0][2]


@pytest.mark.parametrize("run_id", ["6", "0", "-1", "x", "1.0", "9" * 30, "٣"])
@pytest.mark.parametrize("suffix", ["", "/changes"])
def test_an_unknown_run_is_a_404(five_runs: list[int], run_id: str, suffix: str) -> None:
    status, body = get(f"/runs/{quote(run_id)}{suffix}")
    assert (status, body["error"]["code"]) == (404, "NOT_FOUND")


def test_changes_of_a_run_are_paged_and_filtered(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(3, migrated.now() - MINUTE)
    sync()
    fleet.switch_off("d000")
    fleet.rename_device("d001", "Door")
    fleet.add_device("new")
    fleet.report("new", "p", migrated.now() - MINUTE)
    sync()
    expected = [
        ("added", "new", None),
        ("removed", "d000", "device_inactive"),
        ("renamed", "d001", None),
    ]
    paged = [change for page in pages("/runs/2/changes?limit=1") for change in page]
    assert [(c["change"], c["device_id"], c["reason"]) for c in paged] == expected
    [renamed] = pages("/runs/2/changes?change=renamed")
    assert [change["device_name"] for change in renamed] == ["Door"]


@pytest.fixture
def named_pairs(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> Fleet:
    now = migrated.now()
    for device, name in [("a", "Lobby 100%"), ("b", "Lift_A"), ("c", None)]:
        fleet.add_device(device, name)
    for parameter, name in [("co2", "Carbon dioxide"), ("t", "Temperature")]:
        fleet.add_parameter(parameter, name)
        for device in "abc":
            fleet.report(device, parameter, now - 2 * HOUR)
    sync(window_minutes=240)
    return fleet


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        ("limit=500", ["a/co2", "a/t", "b/co2", "b/t", "c/co2", "c/t"]),
        ("device_id=b", ["b/co2", "b/t"]),
        ("parameter_id=t", ["a/t", "b/t", "c/t"]),
        ("device_id=b&parameter_id=t", ["b/t"]),
        ("device_id=nope", []),
        ("q=LOBBY", ["a/co2", "a/t"]),
        ("q=dioxide", ["a/co2", "b/co2", "c/co2"]),
        ("q=" + quote("100%"), ["a/co2", "a/t"]),
        ("q=" + quote("%"), ["a/co2", "a/t"]),
        ("q=_", ["b/co2", "b/t"]),
        ("q=CO2", ["a/co2", "b/co2", "c/co2"]),
        ("q=" + quote("'; DROP TABLE iot_data.device_parameters --"), []),
    ],
)
def test_pairs_are_filtered(named_pairs: Fleet, query: str, pairs: list[str]) -> None:
    [page] = pages(f"/device-parameters?{query}")
    assert [f"{pair['device_id']}/{pair['parameter_id']}" for pair in page] == pairs


def test_pairs_are_paged_by_key(named_pairs: Fleet) -> None:
    paged = pages("/device-parameters?limit=4")
    assert [[f"{pair['device_id']}/{pair['parameter_id']}" for pair in page] for page in paged] == [
        ["a/co2", "a/t", "b/co2", "b/t"],
        ["c/co2", "c/t"],
    ]


def test_a_pair_shows_when_it_was_last_seen(migrated: Sandbox, named_pairs: Fleet) -> None:
    [page] = pages("/device-parameters?device_id=a&parameter_id=t")
    [seen] = migrated.rows("SELECT max(time) FROM iot_data.timescale_measurements")
    assert page[0]["last_seen_at"] == f"{seen[0]:%Y-%m-%dT%H:%M:%S.%f}Z"


def test_a_pair_that_no_closed_bucket_holds_has_no_last_seen(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(1, migrated.now())
    sync(window_minutes=1)
    [page] = pages("/device-parameters?")
    assert [pair["last_seen_at"] for pair in page] == [None]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/runs?limit=0", "limit"),
        ("/runs?limit=501", "limit"),
        ("/runs?limit=ten", "limit"),
        ("/runs?limit=1&limit=2", "limit"),
        ("/runs?after=x", "after"),
        ("/runs?status=bad", "status"),
        ("/runs?trigger=", "trigger"),
        ("/runs?page=2", "page"),
        ("/runs/1/changes?change=moved", "change"),
        ("/runs/1/changes?after=WzFd", "after"),
        ("/device-parameters?q=%00", "q"),
        ("/device-parameters?colour=red", "colour"),
        ("/status?verbose=1", "verbose"),
        ("/runs/1?x=1", "x"),
        ("/runs/%00", "run_id"),
        ("/device-parameters/%FF/p", "device_id"),
        ("/device-parameters/d/%00", "parameter_id"),
    ],
)
def test_a_wrong_parameter_is_named(five_runs: list[int], path: str, parameter: str) -> None:
    status, body = get(path)
    assert status == 400
    assert body["error"]["code"] == "INVALID_REQUEST"
    assert body["error"]["details"] == {"parameter": parameter}
    assert body["error"]["requestId"]


def test_what_nobody_foresaw_is_a_500_without_a_stack_trace(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("chalicelib.features.device_parameters.run_log.last_run", fail)
    status, body = get("/status")
    assert status == 500
    assert body["error"]["code"] == "INTERNAL_ERROR"
    assert "secret" not in json.dumps(body)
    assert "secret detail" in caplog.text
