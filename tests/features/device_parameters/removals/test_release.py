"""What somebody has reviewed is released, and nothing else."""

import csv
import io
import json
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client, HTTPResponse
from sqlalchemy import Engine

import chalicelib.features.device_parameters.removals
from app import app
from chalicelib.audit import Actor
from chalicelib.database import Deadline, transaction
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.removals.bodies import Release, ReleaseRequest
from chalicelib.features.device_parameters.removals.release import release
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync as run_sync
from tests.conftest import SyncRunner
from tests.features.device_parameters.removals.conftest import Pair, Sites
from tests.features.device_parameters.test_concurrency import wait_for_a_blocked_session
from tests.features.device_parameters.test_routes import pages
from tests.fleet import Fleet
from tests.interruption import interrupted_at

QUERIES = Path(chalicelib.features.device_parameters.removals.__path__[0]) / "queries.sql"
JSON = {"Content-Type": "application/json"}


def ask(method: str, path: str, body: object = None) -> HTTPResponse:
    with Client(app) as client:
        raw = b"" if body is None else json.dumps(body).encode()
        return client.http.request(method, path, headers=JSON, body=raw)


def answer(method: str, path: str, body: object = None) -> Any:
    response = ask(method, path, body)
    assert response.status_code == 200, response.body
    return response.json_body


def review(query: str = "") -> Any:
    return answer("GET", f"/removals/summary{query}")


def released(token: str, **more: object) -> Any:
    return answer("POST", "/removals/release", {"token": token, **more})


def groups(found: list[dict[str, Any]]) -> dict[str | None, int]:
    return {group["value"]: group["count"] for group in found}


@pytest.fixture
def night(sites: Sites, fleet: Fleet, sync: SyncRunner) -> dict[str, set[Pair]]:
    """A fleet that was replaced for the most part, and a site that went down at the same time."""
    replaced, down = sites.add("replaced", 180, "meter"), sites.add("down", 60, "sensor")
    staying = sites.add("staying", 20)
    sites.only(replaced | down | staying)
    sync()
    for device, _ in replaced:
        fleet.remove_device(device)
    new = sites.add("new", 150)
    sites.only(staying | new)
    assert sync().deltas.held == 240
    return {"replaced": replaced, "down": down, "staying": staying, "new": new}


def test_a_review_counts_what_waits_in_every_way(night: dict[str, set[Pair]]) -> None:
    found = review()
    assert found["count"] == 240
    assert groups(found["reasons"]) == {"device_unknown": 180, "window_expired": 60}
    assert groups(found["scopes"]) == {"table": 240}
    assert groups(found["sites"]) == {None: 180, "down": 60}
    assert groups(found["device_types"]) == {None: 180, "sensor": 60}
    assert groups(found["parameters"]) == {"p": 240}
    assert found["newest_measurement_at"] is not None


def test_the_replaced_fleet_is_released_and_the_site_that_is_down_stays(
    sites: Sites, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    found = review("?reason=device_unknown")
    done = released(found["token"], comment="Replaced by new meters")
    assert done == {"reviewed": 180, "released": 180, "held": 60}
    run = sync()
    assert (run.status, run.deltas.removed, run.deltas.held) == (RunStatus.GUARDED, 180, 60)
    assert sites.table() == night["down"] | night["staying"] | night["new"]
    sites.only(night["down"] | night["staying"] | night["new"])
    assert sync().status is RunStatus.SUCCEEDED
    assert sites.held() == {}


def test_what_came_since_the_review_is_not_released(
    sites: Sites, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    token = review()["token"]
    sites.only(night["new"])
    assert sync().deltas.held == 260
    assert released(token) == {"reviewed": 240, "released": 240, "held": 20}
    assert set(sites.held()) == night["staying"]


def test_what_came_back_and_left_again_was_not_reviewed(
    sites: Sites, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    token = review("?site_id=down")["token"]
    sites.only(night["staying"] | night["new"] | night["down"])
    sync()
    sites.only(night["staying"] | night["new"])
    sync()
    assert released(token) == {"reviewed": 60, "released": 0, "held": 240}


def test_a_removal_with_another_reason_by_now_was_not_reviewed(
    fleet: Fleet, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    token = review()["token"]
    fleet.switch_off("down-0000")
    sync()
    assert released(token) == {"reviewed": 240, "released": 239, "held": 1}


def test_what_is_observed_again_before_the_run_stays(
    sites: Sites, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    released(review()["token"])
    sites.only(night["staying"] | night["new"] | night["down"])
    run = sync()
    assert (run.deltas.removed, run.deltas.held) == (180, 0)
    assert night["down"] <= sites.table()


def test_a_wider_window_takes_no_release_back(
    sites: Sites, night: dict[str, set[Pair]], sync: SyncRunner
) -> None:
    released(review("?site_id=down")["token"])
    sites.only(night["staying"] | night["new"], long_ago=night["down"])
    assert sync(window_minutes=300).deltas.removed == 0
    assert sync().deltas.removed == 60
    assert not night["down"] & sites.table()


def test_pairs_of_a_review_are_released_by_name(sites: Sites, night: dict[str, set[Pair]]) -> None:
    token = review("?site_id=down")["token"]
    pairs = [
        {"device_id": "down-0003", "parameter_id": "p"},
        {"device_id": "replaced-0003", "parameter_id": "p"},
        {"device_id": "nobody", "parameter_id": "p"},
    ]
    assert released(token, pairs=pairs) == {"reviewed": 60, "released": 1, "held": 239}
    assert ("down-0003", "p") not in sites.held()


def test_a_release_may_be_repeated_and_is_written_down_once(
    sites: Sites, night: dict[str, set[Pair]]
) -> None:
    token = review("?site_id=down")["token"]
    first = released(token, comment="Torn down")
    assert released(token, comment="Again") == first
    [entry] = answer("GET", "/audit?action=removals.released")["items"]
    assert (entry["actor"], entry["subject"], entry["comment"]) == (
        "anybody",
        "removals",
        "Torn down",
    )
    assert entry["after"] == {"released": 60, "reviewed": 60, "filter": {"site_id": "down"}}
    assert entry["request_id"]


def test_a_narrow_window_removes_nothing_even_where_it_is_released(
    sites: Sites,
    night: dict[str, set[Pair]],
    sync: SyncRunner,
    engine: Engine,
    configured: SyncSettings,
) -> None:
    before = sites.table()
    token = review()["token"]
    released(token)
    context = Sync(engine, configured, Deadline.after(60))
    run = run_sync(context, SyncRequest(Trigger.API, 30, may_narrow=False))
    assert (run.status, run.deltas.removed, run.deltas.held) == (RunStatus.GUARDED, 0, 240)
    assert sites.table() == before
    assert released(token) == {"reviewed": 240, "released": 240, "held": 0}
    assert sync().deltas.removed == 240


@pytest.mark.multi_backend
def test_a_release_in_the_middle_of_a_run_waits_and_is_not_lost(
    sites: Sites, fleet: Fleet, sync: SyncRunner, engine: Engine
) -> None:
    first, last, staying = sites.add("a", 60), sites.add("z", 60), sites.add("m", 20)
    sites.only(first | last | staying)
    sync()
    sites.only(staying)
    assert sync().deltas.held == 120
    request = ReleaseRequest(token=review()["token"])

    def release_in_between() -> None:
        others.append(pool.submit(release_all))
        wait_for_a_blocked_session(sites.sandbox)

    def release_all() -> Release:
        with transaction(engine, Deadline.after(30)) as connection:
            return release(connection, Actor("somebody"), request)

    fleet.switch_off("a-0000")
    sites.only(last | staying)
    others: list[Future[Release]] = []
    with (
        ThreadPoolExecutor(1) as pool,
        interrupted_at(QUERIES, "after:forget_held", release_in_between),
    ):
        run = sync()
    assert (run.deltas.removed, run.deltas.held) == (0, 60)
    # One is held for another reason by now, which nobody has reviewed.
    assert [other.result() for other in others] == [Release(reviewed=120, released=59, held=1)]
    assert sync().deltas.removed == 59


@pytest.mark.parametrize("token", ["", "x", "eyJhIjoxfQ", "W10", "ünïcode", "e" * 32_768])
def test_only_the_token_of_a_review_releases(night: dict[str, set[Pair]], token: str) -> None:
    response = ask("POST", "/removals/release", {"token": token})
    assert response.status_code == 400
    assert response.json_body["error"]["details"] == {"parameter": "token"}


def test_a_review_by_the_longest_id_can_be_released(night: dict[str, set[Pair]]) -> None:
    token = review(f"?device_id={'x' * 2_600}&parameter_id={'y' * 2_600}")["token"]
    assert released(token)["released"] == 0


def test_a_list_pages_and_filters(night: dict[str, set[Pair]]) -> None:
    found = [pair for page in pages("/removals?limit=50&site_id=down") for pair in page]
    assert [pair["device_id"] for pair in found] == sorted(device for device, _ in night["down"])
    assert {pair["device_type_id"] for pair in found} == {"sensor"}
    assert pages("/removals?limit=50&reason=device_inactive") == [[]]


def test_a_csv_holds_all_and_no_formula(
    sites: Sites, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.device_parameters.removals.routes.CSV_ROWS", 3)
    sites.only(sites.add("=cmd|' /C calc'!A0, \"north\"\n", 7))
    fleet.rename_device(f"=cmd|' /C calc'!A0, \"north\"\n-{0:04}", "@SUM(1+1)")
    sync(removal_guard_min_pairs=0)
    sites.only(set())
    sync(removal_guard_min_pairs=0)
    rows: list[list[str]] = []
    path: str | None = "removals.csv"
    while path is not None:
        response = ask("GET", f"/{path}")
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        rows += csv.reader(io.StringIO(response.body.decode()))
        link = response.headers.get("Link")
        path = link.removeprefix("<").split(">")[0] if link else None
    headings, *lines = rows
    assert headings[:2] == ["device_id", "device_name"]
    assert len(lines) == 7
    assert lines[0][:2] == ["'=cmd|' /C calc'!A0, \"north\"\n-0000", "'@SUM(1+1)"]
    assert not any(cell.startswith(("=", "@", "+", "-")) for line in lines for cell in line)


def test_the_next_page_of_a_filtered_csv_is_filtered(
    night: dict[str, set[Pair]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.device_parameters.removals.routes.CSV_ROWS", 50)
    response = ask("GET", "/removals.csv?site_id=down&reason=window_expired")
    following = response.headers["Link"].removeprefix("<").split(">")[0]
    rest = ask("GET", f"/{following}")
    lines = list(csv.reader(io.StringIO(rest.body.decode())))
    assert [line[0] for line in lines] == [f"down-{number:04}" for number in range(50, 60)]
    assert "Link" not in rest.headers


def test_the_explanation_of_a_held_pair_says_so(night: dict[str, set[Pair]]) -> None:
    found = answer("GET", f"/device-parameters/{quote('down-0001')}/p")
    assert "the guard holds its removal" in found["explanation"]


def test_the_status_shows_what_waits(night: dict[str, set[Pair]]) -> None:
    found = answer("GET", "/status")
    assert (found["state"], found["held_removals"]) == ("guarded", 240)
    assert len(found["changes"]["held"]) == 50
    assert found["changes"]["truncated"]
