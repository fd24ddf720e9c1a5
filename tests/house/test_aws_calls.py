"""The reading of the code, by which permissions are judged, sees every call of AWS."""

import pytest

from tests.house.aws_calls import UnreadableCallError, actions_of, calls_in


@pytest.mark.parametrize(
    ("call", "actions"),
    [
        ("events.put_events", {"events:PutEvents"}),
        ("lambda.invoke", {"lambda:InvokeFunction"}),
        ("s3.head_object", {"s3:GetObject", "s3:ListBucket"}),
        (
            "timestream-write.write_records",
            {"timestream:WriteRecords", "timestream:DescribeEndpoints"},
        ),
    ],
)
def test_a_call_takes_the_permissions_that_iam_asks_for(call: str, actions: set[str]) -> None:
    assert actions_of(call) == actions


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
