"""What becomes of invocations that nobody waits for."""

from chalicelib.features.parquet_loads import announcements
from tests.package.packaged import Json, of_type

QUEUE = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
# A later invocation does what these could not; the reason is the value.
MADE_UP_FOR = {"CheckHeartbeats": "the next check, a minute later, notices the same"}
FORTNIGHT = 14 * 24 * 3600


def _ruled(template: Json) -> dict[str, Json]:
    """By function, the properties of the rule or schedule that invokes it."""
    return {
        name: event["Properties"]
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        for event in function.get("Events", {}).values()
        if event["Type"] in ("Schedule", "CloudWatchEvent", "EventBridgeRule")
    }


def test_a_function_that_a_rule_invokes_is_tried_again_then_kept(template: Json) -> None:
    ruled = _ruled(template)
    assert "SyncDeviceParameters" in ruled
    kept = {
        config["FunctionName"]["Ref"]: config
        for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    told = "give the function a Delivery in stack/functions.py"
    assert ruled.keys() <= kept.keys(), told
    for name, config in kept.items():
        destination = None if name in MADE_UP_FOR else {"OnFailure": {"Destination": QUEUE}}
        assert config.get("DestinationConfig") == destination
        assert 0 <= config["MaximumRetryAttempts"] <= 2
        assert 60 <= config["MaximumEventAgeInSeconds"] <= 6 * 3600


def test_an_event_that_lambda_does_not_accept_is_kept(template: Json) -> None:
    for name, rule in _ruled(template).items():
        kept = None if name in MADE_UP_FOR else {"Arn": QUEUE}
        assert rule.get("DeadLetterConfig") == kept, f"is_rule of {name}"
        # A run is made up for by the next one, a file is not.
        longest = 6 * 3600 if name == "LoadParquet" else 3600
        assert rule["RetryPolicy"]["MaximumEventAgeInSeconds"] <= longest, name


def test_the_queue_takes_from_our_rules_only(template: Json) -> None:
    """A rule is created by SAM, under the function's name followed by the event's."""
    [policy] = of_type(template, "AWS::SQS::QueuePolicy").values()
    [allowed] = [
        statement
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    rules = {
        source["Fn::GetAtt"][0] for source in allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    }
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    assert rules == {
        name + event
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        for event in function.get("Events", {})
        if name in _ruled(template) and name not in MADE_UP_FOR
    }


def test_the_queue_is_encrypted_and_waits_a_fortnight(template: Json) -> None:
    queue = of_type(template, "AWS::SQS::Queue")["DeadLetters"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == FORTNIGHT
    assert template["Outputs"]["DeadLetterQueueUrl"]["Value"] == {"Ref": "DeadLetters"}


def test_a_failed_run_is_not_tried_again_after_its_successor(template: Json) -> None:
    configs = of_type(template, "AWS::Lambda::EventInvokeConfig")
    assert configs["SyncDeviceParametersInvocation"]["MaximumEventAgeInSeconds"] <= 3600


def test_heartbeats_that_are_refused_end_with_the_dead_letters(template: Json) -> None:
    queue = of_type(template, "AWS::SQS::Queue")["HeartbeatQueue"]
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": QUEUE, "maxReceiveCount": 3}
    function = of_type(template, "AWS::Serverless::Function")["RecordQueuedHeartbeats"]
    assert queue["VisibilityTimeout"] >= 6 * function["Timeout"]
    [source] = function["Events"].values()
    assert source["Properties"]["Queue"] == {"Fn::Sub": "${HeartbeatQueue.Arn}"}
    assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["SqsManagedSseEnabled"] is True


def test_the_run_that_follows_a_load_hears_the_bus_that_loads_speak_on(template: Json) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    spoken_on = functions["LoadParquet"]["Environment"]["Variables"]["CHANGE_EVENT_BUS"]
    [rule] = functions["SyncAfterLoad"]["Events"].values()
    assert rule["Properties"]["EventBusName"] == {
        "Fn::If": ["TellsOfChanges", spoken_on, "default"]
    }
    assert rule["Properties"]["Pattern"]["source"] == [announcements.SOURCE]
    assert rule["Properties"]["Pattern"]["detail-type"] == [announcements.DETAIL_TYPE]


def test_only_rules_of_this_account_may_send_heartbeats(template: Json) -> None:
    allowed = [
        permission
        for permission in of_type(template, "AWS::Lambda::Permission").values()
        if permission["FunctionName"] == {"Ref": "RecordHeartbeats"}
    ]
    assert {permission["Principal"] for permission in allowed} == {
        "iot.amazonaws.com",
        "events.amazonaws.com",
    }
    for permission in allowed:
        assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
        assert permission["SourceArn"]["Fn::Sub"].endswith("${AWS::AccountId}:rule/*")
