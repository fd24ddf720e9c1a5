"""The stages of `.chalice/config.json`: closed, and apart from each other."""

import json
from fnmatch import fnmatch

import pytest

from tests.package.packaged import CONFIG, DEPLOYED, Json
from tests.sandbox import PROJECT

STAGES = CONFIG["stages"]
ACCOUNT = "eu-central-1:123456789012"


@pytest.mark.parametrize("stage", DEPLOYED)
def test_no_stage_overrides_a_size(stage: str) -> None:
    """One template, with one set of alarms near the timeouts, serves every stage."""
    assert "lambda_functions" not in STAGES[stage]


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_deployed_stage_encrypts_and_is_closed(stage: str) -> None:
    variables = STAGES[stage]["environment_variables"]
    assert variables["TIMESCALE_DB_SSLMODE"] == "require"
    assert "AUTH_MODE" not in variables


@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_is_tagged(stage: str) -> None:
    assert STAGES[stage]["tags"] == {"project": "device-parameters", "stage": stage}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        (
            "logs:PutLogEvents",
            "arn:aws:logs:{account}:log-group:/aws/lambda/device-parameters-{stage}-authorize:x",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:{account}:secret:device-parameters-{stage}-database-Ab12Cd",
        ),
    ],
)
@pytest.mark.parametrize("stage", DEPLOYED)
def test_a_stage_reaches_what_is_its_own_and_nothing_of_another(
    stage: str, action: str, resource: str
) -> None:
    [pattern] = [one["Resource"] for one in _statements(stage) if action in one["Action"]]
    assert fnmatch(resource.format(account=ACCOUNT, stage=stage), pattern)
    for other in DEPLOYED:
        if other != stage:
            assert not fnmatch(resource.format(account=ACCOUNT, stage=other), pattern)


@pytest.mark.parametrize("stage", DEPLOYED)
def test_what_is_allowed_names_the_stage(stage: str) -> None:
    """Except for what has no name of ours.

    Network interfaces, which are refused to the code, and things and certificates of devices.
    """
    for statement in _statements(stage):
        is_nameless = statement["Action"][0].startswith(("ec2:", "iot:"))
        assert is_nameless or f"device-parameters-{stage}" in statement["Resource"]


def _statements(stage: str) -> list[Json]:
    file = PROJECT / ".chalice" / STAGES[stage]["iam_policy_file"]
    statements: list[Json] = json.loads(file.read_text("utf-8"))["Statement"]
    return statements
