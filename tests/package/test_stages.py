"""What the stages of `.chalice/config.json` say, and how `app.py` is packaged."""

import json
import re
from fnmatch import fnmatch
from typing import Any

import pytest

import app as module
from app import app
from chalicelib import settings
from chalicelib.features.heartbeats import settings as heartbeat_settings
from stack.functions import FUNCTIONS, HOUR
from tests.package.packaged import CONFIG, DEPLOYED, Json, function_names
from tests.sandbox import PROJECT

CHALICE = PROJECT / ".chalice"
STAGES = CONFIG["stages"]


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
    assert schedules["check_heartbeats"] == heartbeat_settings.check_schedule()


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_has_a_queue_of_its_own(stage: str) -> None:
    queue = STAGES[stage]["environment_variables"]["HEARTBEAT_QUEUE"]
    assert queue == f"device-parameters-{stage}-heartbeats"


def test_every_function_has_its_place_in_both_tables() -> None:
    told = "a function needs its size in .chalice/config.json and a row in stack/functions.py"
    assert sorted(CONFIG["lambda_functions"]) == function_names(), told
    assert sorted(function.name for function in FUNCTIONS) == function_names(), told


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_has_a_size_of_its_own(function_name: str) -> None:
    """Chalice would silently take 60 seconds and 128 MB, too little for SQLAlchemy's import."""
    size = CONFIG["lambda_functions"].get(function_name, {})
    assert 1 <= size.get("lambda_timeout", 0) <= 900, f"{function_name} has no lambda_timeout"
    assert size.get("lambda_memory_size", 0) >= 256, f"{function_name} has no lambda_memory_size"


def test_a_request_ends_before_api_gateway_gives_up() -> None:
    assert CONFIG["lambda_functions"]["api_handler"]["lambda_timeout"] <= 29


def test_one_run_is_under_way_at_a_time() -> None:
    assert CONFIG["lambda_functions"]["sync_device_parameters"]["reserved_concurrency"] == 1


@pytest.mark.parametrize("stage", DEPLOYED)
def test_no_stage_overrides_a_size(stage: str) -> None:
    """One template, with one set of alarms near the timeouts, serves every stage."""
    assert "lambda_functions" not in STAGES[stage]


@pytest.mark.parametrize("stage", DEPLOYED)
def test_the_interval_of_a_stage_is_that_of_its_schedule(stage: str) -> None:
    """Two intervals without success are an alarm, and so much is an hour to it."""
    variables = STAGES[stage]["environment_variables"]
    assert settings.sync_schedule(variables) == "cron(5 * * * ? *)"
    assert int(variables["SYNC_INTERVAL_MINUTES"]) * 60 == HOUR


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_may_start_its_own_sync_and_no_other(stage: str) -> None:
    invocable = [
        statement["Resource"]
        for statement in _policy(stage)["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
    ]
    name = STAGES[stage]["environment_variables"]["SYNC_FUNCTION_NAME"]
    assert name == f"device-parameters-{stage}-sync_device_parameters"
    assert invocable == [f"arn:*:lambda:*:*:function:{name}"]


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_writes_its_own_logs_and_no_others(stage: str) -> None:
    [written] = [
        statement["Resource"]
        for statement in _policy(stage)["Statement"]
        if "logs:PutLogEvents" in statement["Action"]
    ]
    log_group = "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/device-parameters-{}"
    assert fnmatch(log_group.format(f"{stage}-authorize:log-stream:x"), written)
    [other] = set(DEPLOYED) - {stage}
    assert not fnmatch(log_group.format(f"{other}-authorize:log-stream:x"), written)


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_deployed_stage_encrypts_and_is_closed(stage: str) -> None:
    variables = STAGES[stage]["environment_variables"]
    assert variables["TIMESCALE_DB_SSLMODE"] == "require"
    assert "AUTH_MODE" not in variables


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_is_tagged(stage: str) -> None:
    assert STAGES[stage]["tags"] == {"project": "device-parameters", "stage": stage}


def _policy(stage: str) -> Json:
    policy: Json = json.loads((CHALICE / STAGES[stage]["iam_policy_file"]).read_text("utf-8"))
    return policy


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
