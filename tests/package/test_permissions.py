"""A function may do what its code does, and nothing else."""

import json

import pytest

from chalicelib.features.parquet_loads.model import REJECTS_PREFIX
from stack.compute import LOG_ACTIONS, NETWORK_ACTIONS, SEND_ACTION
from stack.functions import FUNCTIONS
from tests.package.aws_calls import (
    ACTIONS,
    BESIDES,
    UnreadableCallError,
    calls_by_module,
    calls_in,
    modules_reached,
)
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

BUCKET = "arn:${AWS::Partition}:s3:::${LoadBucketName}"
WITHOUT_RESOURCE = (set(NETWORK_ACTIONS), {"timestream:DescribeEndpoints"})
DEAD_LETTERS = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
# Calls that a function's imports reach and that it never makes, with the reason.
NEVER_MADE = {
    ("api_handler", "events.put_events"): "runs asked for over HTTP are the sync function's",
    ("record_heartbeats", "events.put_events"): "only the check tells of silence",
    ("record_queued_heartbeats", "events.put_events"): "only the check tells of silence",
}
# What Lambda itself does in a function's name, by the type of the event source.
_BY_SOURCE = {
    "SQS": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
}


def _calls_of(function_name: str) -> set[str]:
    reached = modules_reached()[function_name]
    return {
        call
        for module, calls in calls_by_module().items()
        if module in reached
        for call in calls
        if (function_name, call) not in NEVER_MADE
    }


def _action(call: str) -> str:
    return ACTIONS.get(call, f"what {call} takes, which ACTIONS of aws_calls.py must say")


def _granted(template: Json, function_name: str) -> set[str]:
    """Without what any function needs that writes logs, lives in a VPC, and is invoked."""
    policies = template["Resources"][role_of(function_name)]["Properties"]["Policies"]
    function = of_type(template, "AWS::Serverless::Function")[resource_of(function_name)]
    by_lambda = {
        action
        for event in function.get("Events", {}).values()
        for action in _BY_SOURCE.get(event["Type"], ())
    }
    baseline = {*LOG_ACTIONS, *NETWORK_ACTIONS, *by_lambda}
    return actions(policy for policy in policies if not _is_for_dead_letters(policy)) - baseline


def _is_for_dead_letters(policy: Json) -> bool:
    return any(statement["Resource"] == DEAD_LETTERS for statement in statements([policy]))


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_may_do_what_its_code_does_and_no_more(
    template: Json, function_name: str
) -> None:
    calls = _calls_of(function_name)
    needed = {_action(call) for call in calls}.union(*(BESIDES.get(call, ()) for call in calls))
    granted = _granted(template, function_name)
    told = f"`may` of {function_name} in stack/functions.py, then `make template`; "
    assert needed - granted == set(), f"missing in {told}or NEVER_MADE here says why not"
    assert granted - needed == set(), f"no code needs these, in {told}"


@pytest.mark.parametrize("stage", DEPLOYED)
def test_the_policy_without_a_template_covers_the_same(stage: str) -> None:
    """`chalice deploy` knows one policy a stage; it creates log groups, and neither dead letters
    nor layers, so that what needs one does not run there."""
    file = PROJECT / ".chalice" / CONFIG["stages"][stage]["iam_policy_file"]
    policy = [{"PolicyDocument": json.loads(file.read_text("utf-8"))}]
    baseline = {*LOG_ACTIONS, "logs:CreateLogGroup", *NETWORK_ACTIONS, *_BY_SOURCE["SQS"]}
    alone = [row.name for row in FUNCTIONS if not row.layers]
    needed = {_action(call) for name in alone for call in _calls_of(name)}
    assert actions(policy) - baseline == needed, file.name


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_has_the_baseline_of_what_it_is(template: Json, function_name: str) -> None:
    rows = [function for function in FUNCTIONS if function.name == function_name]
    assert len(rows) == 1, f"{function_name} needs a row in stack/functions.py"
    [row] = rows
    role = template["Resources"][role_of(function_name)]["Properties"]
    expected = set(LOG_ACTIONS)
    expected |= set(NETWORK_ACTIONS) if row.uses_database else set()
    expected |= {SEND_ACTION} if row.delivery and row.delivery.is_kept else set()
    assert actions(role["Policies"]) & {*LOG_ACTIONS, *NETWORK_ACTIONS, SEND_ACTION} == expected


@pytest.mark.parametrize("function_name", function_names())
def test_a_permission_is_for_one_resource(template: Json, function_name: str) -> None:
    """Or for the objects of one bucket. Network interfaces cannot be named, and the function's own
    code is kept from those; no more can Timestream's address, which is no secret."""
    policies = template["Resources"][role_of(function_name)]["Properties"]["Policies"]
    for statement in statements(policies):
        if statement["Effect"] == "Deny":
            assert "lambda:SourceFunctionArn" in statement["Condition"]["ArnLike"]
        elif set(statement["Action"]) in WITHOUT_RESOURCE:
            assert statement["Resource"] == "*"
        elif statement["Action"] == ["s3:GetObject"]:
            assert statement["Resource"] == {"Fn::Sub": f"{BUCKET}/*"}
        elif statement["Action"][0] in ("s3:PutObject", "s3:DeleteObject"):
            assert statement["Resource"] == {"Fn::Sub": f"{BUCKET}/{REJECTS_PREFIX}*"}
        else:
            assert "*" not in json.dumps(statement), statement


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


@pytest.mark.parametrize(
    ("source", "calls"),
    [
        ('import boto3\nboto3.client("s3").get_object()', {"s3.get_object"}),
        (
            'import boto3\nc = boto3.client("events", config=x)\nc.put_events()',
            {"events.put_events"},
        ),
        (
            'def _c():\n import boto3\n return boto3.session.Session().client("sns")\n'
            "def f():\n _c().publish()",
            {"sns.publish"},
        ),
        (
            'def _c():\n import boto3\n client = boto3.client("iot")\n return client\n'
            "def f():\n used = _c()\n return used.describe_thing()",
            {"iot.describe_thing"},
        ),
        (
            'import boto3\nwith closing(boto3.client("sqs")) as client:\n client.send_message()',
            {"sqs.send_message"},
        ),
        (
            'import boto3\ndef _c():\n return boto3.client("s3")\n'
            "def f():\n ask(_c(), lambda s3: s3.head_object())",
            {"s3.head_object"},
        ),
        ("client.invoke()", set()),
    ],
)
def test_calls_are_found_however_the_client_is_made(source: str, calls: set[str]) -> None:
    assert calls_in(source) == calls


@pytest.mark.parametrize(
    "source",
    [
        "import boto3\nboto3.client(name).get_object()",
        'import boto3\nboto3.resource("s3").Bucket("b").upload_file()',
        "import boto3\nmake(boto3)",
    ],
)
def test_what_cannot_be_read_is_an_error(source: str) -> None:
    with pytest.raises(UnreadableCallError):
        calls_in(source)


@pytest.mark.parametrize(
    ("function", "condition", "parameter"),
    [
        ("Migrate", "MigratesAsAnother", "MigrationSecretArn"),
        ("LoadParquet", "LoadsAsAnother", "LoadSecretArn"),
    ],
)
def test_a_stronger_login_is_for_one_function_only(
    template: Json, function: str, condition: str, parameter: str
) -> None:
    secrets = {
        name: properties["Environment"]["Variables"].get("TIMESCALE_DB_SECRET_ARN")
        for name, properties in of_type(template, "AWS::Serverless::Function").items()
    }
    other = {"Ref": parameter}
    assert secrets.pop(function) == {"Fn::If": [condition, other, {"Ref": "DatabaseSecretArn"}]}
    assert parameter not in json.dumps(secrets)
