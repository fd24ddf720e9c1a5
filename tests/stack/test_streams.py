"""What feeds a function that is declared with a stream."""

import json

from chalicelib.feature import Function
from stack.stages import policy
from stack.streams import outputs
from tests.stack.declarations import feature, policies, resources, service

QUEUE = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
READS = Function("take_in", "takes in", stream="Readings")
DECLARED = [feature(functions=(READS, Function("look", "looks")))]
MADE = resources(DECLARED)
SOURCE = MADE["TakeIn"]["Properties"]["Events"]["TakeInKinesisEventSource"]["Properties"]


def test_a_stream_feeds_its_function_and_goes_on_after_what_was_taken_in() -> None:
    assert SOURCE["Stream"] == {"Fn::Sub": "${Readings.Arn}"}
    assert SOURCE["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_record_that_cannot_be_taken_in_holds_nothing_up_for_good() -> None:
    assert SOURCE["BisectBatchOnFunctionError"] is True
    assert 0 < SOURCE["MaximumRetryAttempts"] <= 10_000
    assert SOURCE["DestinationConfig"] == {"OnFailure": {"Type": "SQS", "Destination": QUEUE}}


def test_what_was_given_up_is_still_in_the_stream_when_somebody_comes_to_fetch_it() -> None:
    days_kept = MADE["Readings"]["Properties"]["RetentionPeriodHours"] / 24
    days_tried = SOURCE["MaximumRecordAgeInSeconds"] / 86_400
    assert days_kept - days_tried >= 2


def test_a_stream_is_encrypted_grows_by_itself_and_outlives_the_stack() -> None:
    stream = MADE["Readings"]
    assert stream["Properties"]["StreamEncryption"]["KeyId"] == "alias/aws/kinesis"
    assert stream["Properties"]["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    assert stream["DeletionPolicy"] == "RetainExceptOnCreate"
    assert stream["UpdateReplacePolicy"] == "Retain"


def test_lambda_may_read_the_stream_and_tell_of_what_was_given_up() -> None:
    granted = {
        action: statement["Resource"]
        for policy in policies(DECLARED, "TakeInRole")
        if "PolicyDocument" in policy
        for statement in policy["PolicyDocument"]["Statement"]
        for action in statement["Action"]
    }
    assert granted["sqs:SendMessage"] == QUEUE
    reading = {action for action in granted if action.startswith("kinesis:")}
    assert {"kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"} < reading
    assert [granted[action] for action in reading] == [{"Fn::GetAtt": ["Readings", "Arn"]}] * 6


def test_no_other_function_may_read_it() -> None:
    other = json.dumps(policies(DECLARED, "LookRole"))
    assert "kinesis" not in other
    assert "sqs" not in other


def test_without_a_stack_it_may_read_the_streams_of_its_stage() -> None:
    allowed = {
        action: statement["Resource"]
        for statement in policy("dev", [service(), *DECLARED])["Statement"]
        for action in statement["Action"]
    }
    assert allowed["kinesis:GetRecords"] == "arn:*:kinesis:*:*:stream/device-parameters-dev-*"


def test_who_writes_to_a_stream_is_told_what_it_is_called() -> None:
    assert outputs(DECLARED) == {
        "ReadingsName": {"Value": {"Ref": "Readings"}},
        "ReadingsArn": {"Value": {"Fn::GetAtt": ["Readings", "Arn"]}},
    }


def test_a_function_that_falls_behind_its_stream_is_an_alarm() -> None:
    alarm = MADE["TakeInBehind"]["Properties"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "IteratorAge")
    assert alarm["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": "TakeIn"}}]
    assert alarm["Threshold"] == 300_000
    assert "LookBehind" not in MADE


def test_how_far_it_is_behind_is_shown() -> None:
    def shown(made: dict[str, object]) -> bool:
        return "IteratorAge" in json.dumps(made["Dashboard"])

    assert shown(MADE)
    assert not shown(resources([feature()]))
