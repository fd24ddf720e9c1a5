"""In the packaged template, a function may do what is declared, and nothing else."""

import json

import pytest

from stack import names
from stack.compute import LOG_ACTIONS, NETWORK_ACTIONS, SECRET_ACTION, SEND_ACTION
from stack.declared import DECLARED, functions
from stack.streams import READ_ACTIONS
from tests.package.packaged import (
    CONFIG,
    DEPLOYED,
    Json,
    actions,
    function_names,
    of_type,
    resource_of,
    role_of,
    statements,
)
from tests.sandbox import PROJECT

FUNCTIONS = {function.name: function for function in functions(DECLARED)}
DATABASE_SECRET = {"Ref": "DatabaseSecretArn"}


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_may_do_what_is_declared_and_no_more(template: Json, function_name: str) -> None:
    function = FUNCTIONS[function_name]
    declared = {permission.action for permission in function.may}
    role = template["Resources"][role_of(function_name)]["Properties"]
    expected = {*LOG_ACTIONS, *declared}
    expected |= {*NETWORK_ACTIONS, SECRET_ACTION} if function.uses_database else set()
    expected |= {SEND_ACTION} if function.delivery and function.delivery.is_kept else set()
    expected |= {*READ_ACTIONS, SEND_ACTION} if function.stream else set()
    assert actions(role["Policies"]) == expected


@pytest.mark.parametrize("function_name", function_names())
def test_the_right_to_network_interfaces_is_refused_to_the_code(
    template: Json, function_name: str
) -> None:
    """They cannot be named, so the right is for any; it is the Lambda service that needs it."""
    policies = template["Resources"][role_of(function_name)]["Properties"]["Policies"]
    about_networks = [
        statement
        for statement in statements(policies)
        if statement["Action"] == list(NETWORK_ACTIONS)
    ]
    effects = [statement["Effect"] for statement in about_networks]
    assert effects == (["Allow", "Deny"] if FUNCTIONS[function_name].uses_database else [])
    for statement in about_networks[1:]:
        assert "lambda:SourceFunctionArn" in statement["Condition"]["ArnLike"]


@pytest.mark.parametrize("stage", DEPLOYED)
def test_the_policy_without_a_template_covers_the_same(stage: str) -> None:
    """`chalice deploy` knows one policy a stage. It creates log groups, but neither dead letters
    nor layers, so that what needs a layer does not run there."""
    file = PROJECT / ".chalice" / CONFIG["stages"][stage]["iam_policy_file"]
    policy = [{"PolicyDocument": json.loads(file.read_text("utf-8"))}]
    alone = [function for function in FUNCTIONS.values() if not function.layers]
    needed = {permission.action for function in alone for permission in function.may}
    needed |= {action for one in alone if one.stream for action in READ_ACTIONS}
    baseline = {*LOG_ACTIONS, "logs:CreateLogGroup", *NETWORK_ACTIONS, SECRET_ACTION}
    assert actions(policy) == baseline | needed, file.name


@pytest.mark.parametrize("function_name", function_names())
def test_a_role_is_for_lambda_and_one_function_only(template: Json, function_name: str) -> None:
    role = template["Resources"][role_of(function_name)]["Properties"]
    [trust] = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "ManagedPolicyArns" not in role
    users = [
        name
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        if function["Role"] == {"Fn::GetAtt": [role_of(function_name), "Arn"]}
    ]
    assert users == [resource_of(function_name)]


def test_a_login_of_its_own_is_for_one_function_only(template: Json) -> None:
    secrets = {
        name: properties["Environment"]["Variables"].get("TIMESCALE_DB_SECRET_ARN")
        for name, properties in of_type(template, "AWS::Serverless::Function").items()
    }
    for function in FUNCTIONS.values():
        if function.uses_database and function.secret != DATABASE_SECRET["Ref"]:
            own = secrets.pop(names.resource(function.name))
            assert own["Fn::If"][1:] == [{"Ref": function.secret}, DATABASE_SECRET]
            assert function.secret not in json.dumps(secrets), function.name
