"""While the runs are paused, only those that somebody asks for are carried out."""

import json
from typing import Any

import pytest
from chalice.test import Client
from click.testing import CliRunner

from app import app
from cli import cli
from tests.features.device_parameters.test_catch_up import loaded
from tests.features.device_parameters.test_invocations import SCHEDULE, invoke
from tests.fleet import Fleet
from tests.sandbox import Sandbox

JSON = {"Content-Type": "application/json"}


def ask(method: str, path: str, body: object = None) -> tuple[int, Any]:
    with Client(app) as client:
        raw = b"" if body is None else json.dumps(body).encode()
        response = client.http.request(method, path, headers=JSON, body=raw)
        return response.status_code, response.json_body


def test_scheduled_runs_are_skipped_and_say_why(migrated: Sandbox) -> None:
    status, pause = ask("POST", "/sync/pause", {"minutes": 30, "comment": "Reloading devices"})
    assert (status, pause["paused_by"], pause["comment"]) == (200, "anybody", "Reloading devices")
    run = invoke(SCHEDULE)
    assert (run["status"], run["error"]["code"]) == ("skipped", "paused")
    assert run["error"]["message"] == f"anybody paused the runs until {pause['paused_until']}"
    assert ask("GET", "/status")[1]["pause"] == pause


def test_a_run_after_a_load_is_skipped_at_once(fleet: Fleet) -> None:
    ask("POST", "/sync/pause", {"minutes": 30})
    run = loaded(fleet.now(), seconds=600)
    assert (run["status"], run["error"]["code"]) == ("skipped", "paused")


def test_runs_by_hand_go_on(migrated: Sandbox) -> None:
    ask("POST", "/sync/pause", {"minutes": 30})
    assert invoke({})["status"] == "succeeded"
    assert ask("POST", "/sync", {})[1]["status"] == "succeeded"


def test_a_pause_takes_a_new_end_and_can_be_ended(migrated: Sandbox) -> None:
    _, first = ask("POST", "/sync/pause", {"minutes": 30})
    _, second = ask("POST", "/sync/pause", {"minutes": 5})
    assert second["paused_at"] == first["paused_at"]
    assert second["paused_until"] < first["paused_until"]
    assert ask("DELETE", "/sync/pause") == (200, {"is_paused": False})
    assert ask("DELETE", "/sync/pause")[0] == 404
    assert invoke(SCHEDULE)["status"] == "succeeded"
    entries = ask("GET", "/audit?subject=runs")[1]["items"]
    assert [entry["action"] for entry in entries] == ["runs.resumed", "runs.paused", "runs.paused"]
    assert entries[0]["before"] == {"paused_until": second["paused_until"]}


def test_a_pause_ends_by_itself(migrated: Sandbox) -> None:
    ask("POST", "/sync/pause", {"minutes": 30})
    migrated.rows("UPDATE iot_data.sync_pause SET paused_until = now()")
    assert ask("GET", "/status")[1]["pause"] is None
    assert invoke(SCHEDULE)["status"] == "succeeded"
    assert ask("DELETE", "/sync/pause")[0] == 404


@pytest.mark.parametrize("minutes", [0, -1, 10_081, None, "30"])
def test_a_pause_has_an_end_within_a_week(migrated: Sandbox, minutes: object) -> None:
    status, body = ask("POST", "/sync/pause", {"minutes": minutes})
    assert (status, body["error"]["details"]) == (400, {"parameter": "minutes"})


def test_commands_pause_and_resume(migrated: Sandbox, log_as_it_was: None) -> None:
    call = CliRunner(env={"COLUMNS": "200"})
    paused = call.invoke(cli, ["pause", "--minutes", "20", "--comment", "Move"])
    assert "scheduled runs are paused until" in paused.output
    assert "paused until" in call.invoke(cli, ["status"]).output
    assert "scheduled runs go on" in call.invoke(cli, ["resume"]).output
    assert "the runs are not paused" in call.invoke(cli, ["resume"]).output
