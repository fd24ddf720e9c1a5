"""What `chalice package` would deploy."""

import json
import re
from fnmatch import fnmatch
from typing import Any

import pytest

import app as module
from app import app
from chalicelib import settings
from tests.sandbox import PROJECT

CHALICE = PROJECT / ".chalice"
STAGES = json.loads((CHALICE / "config.json").read_text("utf-8"))["stages"]
DEPLOYED = [stage for stage in STAGES if stage != "local"]


def test_every_handler_is_imported_through_app() -> None:
    """Elsewhere Lambda would import it without app.py, and so without the logging set up there."""
    deployed: list[Any] = [
        *app.pure_lambda_functions,
        *app.event_sources,
        *app.builtin_auth_handlers,
    ]
    handlers = [function.handler_string for function in deployed]
    assert "app.sync_device_parameters" in handlers
    assert [handler for handler in handlers if not re.fullmatch(r"app\.\w+", handler)] == []


def test_a_handler_is_what_lambda_finds_under_its_name() -> None:
    for source in app.event_sources:
        assert callable(getattr(module, source.handler_string.removeprefix("app.")))


def test_the_schedule_is_the_configured_one() -> None:
    schedules = {
        source.name: vars(source).get("schedule_expression") for source in app.event_sources
    }
    assert schedules["sync_device_parameters"] == settings.sync_schedule()


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_may_start_its_own_sync_and_no_other(stage: str) -> None:
    policy = json.loads((CHALICE / STAGES[stage]["iam_policy_file"]).read_text("utf-8"))
    invocable = [
        statement["Resource"]
        for statement in policy["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
    ]
    assert invocable == [f"arn:*:lambda:*:*:function:device-parameters-{stage}-*ync*"]
    name = STAGES[stage]["environment_variables"]["SYNC_FUNCTION_NAME"]
    assert fnmatch(name, invocable[0].rpartition(":")[2])


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_may_read_its_own_secrets_and_no_others(stage: str) -> None:
    policy = json.loads((CHALICE / STAGES[stage]["iam_policy_file"]).read_text("utf-8"))
    [readable] = [
        statement["Resource"]
        for statement in policy["Statement"]
        if any(action.startswith("secretsmanager:") for action in statement["Action"])
    ]
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:device-parameters"
    assert fnmatch(f"{arn}-{stage}-database-Ab12Cd", readable)
    others = [other for other in DEPLOYED if other != stage]
    assert not any(fnmatch(f"{arn}-{other}-database-Ab12Cd", readable) for other in others)


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_deployed_stage_encrypts_and_is_closed(stage: str) -> None:
    variables = STAGES[stage]["environment_variables"]
    assert variables["TIMESCALE_DB_SSLMODE"] == "require"
    assert "AUTH_MODE" not in variables


def test_the_template_tells_the_api_which_function_syncs() -> None:
    resources = json.loads((CHALICE / "resources.json").read_text("utf-8"))["Resources"]
    variables = resources["APIHandler"]["Properties"]["Environment"]["Variables"]
    assert variables == {"SYNC_FUNCTION_NAME": {"Ref": "SyncDeviceParameters"}}


def test_the_gateway_answers_in_our_envelope() -> None:
    resources = json.loads((CHALICE / "resources.json").read_text("utf-8"))["Resources"]
    answers = resources["RestAPI"]["Properties"]["GatewayResponses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX"} <= answers.keys()
    for answer in answers.values():
        body = json.loads(answer["ResponseTemplates"]["application/json"])
        assert set(body["error"]) == {"code", "message", "details", "requestId"}
