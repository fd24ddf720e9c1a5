"""The packaged template: sound to the linter, and complete around every function."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stack.declared import API, DECLARED, functions
from tests.package.packaged import (
    CONFIG,
    OPERATIONS,
    Json,
    function_names,
    of_type,
    resource_of,
)
from tests.sandbox import PROJECT

NO_ROW = "is declared by no feature, or `make template` was not run"
USES_DATABASE = {function.name: function.uses_database for function in functions(DECLARED)}


def test_the_linter_finds_nothing(template_file: Path) -> None:
    """Neither errors nor warnings, and no rule is ignored."""
    linter = Path(sys.executable).with_name("cfn-lint")
    linted = subprocess.run(
        [linter, "--regions", "eu-central-1", "us-east-1", "--", template_file],
        capture_output=True,
        text=True,
    )
    assert (linted.returncode, linted.stdout) == (0, ""), linted.stdout


def test_what_sam_makes_of_it_is_sound(
    template: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The linter reads SAM; what CloudFormation gets is the translation."""
    translator = pytest.importorskip(
        "samtranslator.translator.translator", reason="aws-sam-translator is not installed"
    )
    from samtranslator.parser.parser import Parser

    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    sam = json.loads(json.dumps(template))
    for function in of_type(sam, "AWS::Serverless::Function").values():
        function["CodeUri"] = "s3://bucket/deployment.zip"
    for layer in of_type(sam, "AWS::Serverless::LayerVersion").values():
        layer["ContentUri"] = "s3://bucket/layer.zip"
    translated = translator.Translator({}, Parser()).translate(sam, {})
    stages = of_type(translated, "AWS::ApiGateway::Stage").values()
    assert len(stages) == 1, "SAM's second stage has neither limits nor a log"
    file = tmp_path / "translated.json"
    file.write_text(json.dumps(translated), "utf-8")
    test_the_linter_finds_nothing(file)


def test_the_template_goes_through_a_bucket_and_fits(template_file: Path) -> None:
    """Directly, CloudFormation takes 51 200 bytes; from S3 a megabyte."""
    assert 51_200 < template_file.stat().st_size < 1_000_000
    for page in (PROJECT / "docs" / "deploy.md", OPERATIONS):
        [deploy] = re.findall(r"cloudformation deploy .*", page.read_text("utf-8"))
        assert " --s3-bucket " in deploy, page.name


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_is_as_large_as_configured(template: Json, function_name: str) -> None:
    function = _function(template, function_name)
    size = CONFIG["lambda_functions"][function_name]
    assert function["Timeout"] == size["lambda_timeout"]
    assert function["MemorySize"] == size["lambda_memory_size"]
    assert function.get("ReservedConcurrentExecutions") == size.get("reserved_concurrency")


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_writes_to_a_log_group_that_forgets(template: Json, function_name: str) -> None:
    function = _function(template, function_name)
    assert "LoggingConfig" in function, f"{function_name} {NO_ROW}"
    group = of_type(template, "AWS::Logs::LogGroup")[function["LoggingConfig"]["LogGroup"]["Ref"]]
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert group["LogGroupName"]["Fn::Sub"] == f"/${{AWS::StackName}}/{function_name}"


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_that_asks_the_database_is_where_it_can(
    template: Json, function_name: str
) -> None:
    """Any other function stays outside: from private subnets it may not reach the internet."""
    function = _function(template, function_name)
    uses_database = "TIMESCALE_DB_HOST" in function["Environment"]["Variables"]
    assert ("VpcConfig" in function) is uses_database
    assert uses_database is USES_DATABASE[function_name]


def test_a_network_is_optional(template: Json) -> None:
    for function in of_type(template, "AWS::Serverless::Function").values():
        if "VpcConfig" in function:
            condition, inside, outside = function["VpcConfig"]["Fn::If"]
            assert condition == "IsInVpc"
            assert inside["SubnetIds"] == {"Ref": "VpcSubnetIds"}
            assert outside == {"Ref": "AWS::NoValue"}


def test_what_routes_need_replaces_what_the_stage_says(template: Json) -> None:
    """The stage's value is for functions without a stack, which have other names."""
    needed = {name for feature in DECLARED for name in feature.api_variables}
    assert needed, "else there is nothing to test"
    for function in functions(DECLARED):
        given = _function(template, function.name)["Environment"]["Variables"]
        for name in needed - function.variables.keys():
            is_left_out = given[name] == {"Ref": "AWS::NoValue"}
            assert is_left_out is (function.name != API), name


def test_no_variable_of_a_function_is_unknown_to_the_code(template: Json) -> None:
    known = {setting.name for feature in DECLARED for setting in feature.settings}
    given = {
        name
        for function in of_type(template, "AWS::Serverless::Function").values()
        for name in function["Environment"]["Variables"]
    }
    assert given - known == set()


def test_no_password_is_a_parameter(template: Json) -> None:
    assert [name for name in template["Parameters"] if "password" in name.lower()] == []
    for name in ("ApiTokens", "ApiTokenSha256"):
        assert template["Parameters"][name]["NoEcho"] is True
    for function in of_type(template, "AWS::Serverless::Function").values():
        assert "TIMESCALE_DB_PASSWORD" not in function["Environment"]["Variables"]


def test_every_parameter_is_described(template: Json) -> None:
    for name, parameter in template["Parameters"].items():
        assert parameter["Description"], name


def test_the_console_asks_for_every_parameter_in_a_group(template: Json) -> None:
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    asked = [name for group in groups for name in group["Parameters"]]
    assert sorted(asked) == sorted(template["Parameters"])


def _function(template: Json, function_name: str) -> Json:
    return of_type(template, "AWS::Serverless::Function")[resource_of(function_name)]
