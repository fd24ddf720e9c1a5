"""Starting a run over HTTP: in place on the desk, by invocation in AWS."""

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from tests.aws import Aws
from tests.features.device_parameters.test_invocations import invoke
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
JSON = {"Content-Type": "application/json"}
FUNCTION = "device-parameters-prod-sync_device_parameters"


def post(body: object = None) -> tuple[int, dict[str, str], Any]:
    text = body if isinstance(body, str) else json.dumps(body or {})
    with Client(app) as client:
        response = client.http.post("/sync", headers=JSON, body=text.encode())
        return response.status_code, response.headers, response.json_body


def test_a_run_is_carried_out_in_place(migrated: Sandbox, fleet: Fleet) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    status, headers, run = post({"window_minutes": 30})
    assert status == 200
    assert headers["Location"] == f"runs/{run['run_id']}"
    assert (run["trigger"], run["status"], run["window_minutes"]) == ("api", "succeeded", 30)
    assert len(fleet.keys()) == 2


def test_a_plan_changes_nothing(migrated: Sandbox, fleet: Fleet) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    status, headers, run = post({"dry_run": True})
    assert status == 200
    assert "Location" not in headers
    assert [pair["device_id"] for pair in run["planned"]["added"]] == ["d000", "d001"]
    assert fleet.keys() == []
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


def test_a_second_start_is_a_conflict(migrated: Sandbox) -> None:
    migrated.rows(
        "INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at) "
        "VALUES ('schedule', 'running', now(), 60, now())"
    )
    status, _, body = post()
    assert (status, body["error"]["code"]) == (409, "RUN_ALREADY_ACTIVE")
    assert body["error"]["details"] == {"run_id": 1}
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 1


def test_an_abandoned_run_is_no_conflict(migrated: Sandbox) -> None:
    migrated.rows(
        "INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at) "
        "VALUES ('schedule', 'running', now(), 60, now() - interval '16 minutes')"
    )
    assert post()[0] == 200


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ("{", "body"),
        ("[" * 100_000, "body"),
        ({"window_minutes": 0}, "window_minutes"),
        ({"as_of": "2026-11-01T10:00:00Z"}, "as_of"),
        ({"run_id": 1}, "run_id"),
        ({"force": "yes"}, "force"),
    ],
)
def test_a_malformed_request_is_named(migrated: Sandbox, body: object, parameter: str) -> None:
    status, _, answer = post(body)
    assert status == 400
    assert answer["error"]["details"] == {"parameter": parameter}
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


@pytest.fixture(autouse=True)
def function_name(
    request: pytest.FixtureRequest, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In AWS the function that does the work is named."""
    if "aws" in request.fixturenames:
        monkeypatch.setenv("SYNC_FUNCTION_NAME", FUNCTION)


def deploy_function(aws: Aws) -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    role = aws.client("iam").create_role(RoleName="sync", AssumeRolePolicyDocument="{}")
    aws.client("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.12",
        Role=role["Role"]["Arn"],
        Handler="app.sync_device_parameters",
        Code={"ZipFile": code.getvalue()},
    )


def test_in_aws_the_answer_comes_at_once_and_the_function_does_the_work(
    migrated: Sandbox, fleet: Fleet, aws: Aws
) -> None:
    deploy_function(aws)
    fleet.add_pairs(2, migrated.now() - MINUTE)
    status, headers, run = post({"window_minutes": 30})
    assert status == 202
    assert headers["Location"] == f"runs/{run['run_id']}"
    assert run["status"] == "running"
    assert fleet.keys() == []
    finished = invoke({"run_id": run["run_id"], "force": False})
    assert (finished["run_id"], finished["window_minutes"]) == (run["run_id"], 30)
    assert len(fleet.keys()) == 2


def test_a_function_that_cannot_be_called_fails_the_run(
    migrated: Sandbox, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    status, _, body = post()
    assert (status, body["error"]["code"]) == (500, "INTERNAL_ERROR")
    assert FUNCTION not in json.dumps(body)
    [row] = migrated.rows("SELECT status, error_message FROM iot_data.sync_runs")
    assert row == ("failed", "EndpointConnectionError")


def test_a_plan_is_made_in_place_even_in_aws(migrated: Sandbox, aws: Aws) -> None:
    status, _, run = post({"dry_run": True})
    assert (status, run["run_id"]) == (200, None)
