"""In the packaged template, nothing that nobody waits for is lost."""

from stack import names
from stack.declared import DECLARED, functions
from tests.package.packaged import Json, of_type

QUEUE = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
FORTNIGHT = 14 * 24 * 3600
# A later invocation does what these could not.
MADE_UP_FOR = {
    names.resource(function.name)
    for function in functions(DECLARED)
    if function.delivery and not function.delivery.is_kept
}


def _ruled(template: Json) -> dict[str, Json]:
    """By function, the properties of the rule or schedule that invokes it."""
    return {
        name: event["Properties"]
        for name, function in of_type(template, "AWS::Serverless::Function").items()
        for event in function.get("Events", {}).values()
        if event["Type"] in ("Schedule", "CloudWatchEvent", "EventBridgeRule")
    }


def test_a_function_that_a_rule_invokes_is_tried_again_then_kept(template: Json) -> None:
    kept = {
        config["FunctionName"]["Ref"]: config
        for config in of_type(template, "AWS::Lambda::EventInvokeConfig").values()
    }
    assert _ruled(template).keys() <= kept.keys(), "declare a Delivery"
    for name, config in kept.items():
        destination = None if name in MADE_UP_FOR else {"OnFailure": {"Destination": QUEUE}}
        assert config.get("DestinationConfig") == destination


def test_an_event_that_lambda_does_not_accept_is_kept(template: Json) -> None:
    for name, rule in _ruled(template).items():
        kept = None if name in MADE_UP_FOR else {"Arn": QUEUE}
        assert rule.get("DeadLetterConfig") == kept, name
        assert rule["RetryPolicy"]["MaximumEventAgeInSeconds"] <= 6 * 3600, name


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
        if name in _ruled(template).keys() - MADE_UP_FOR
    }


def test_the_queue_is_encrypted_and_waits_a_fortnight(template: Json) -> None:
    queue = of_type(template, "AWS::SQS::Queue")["DeadLetters"]
    assert queue["SqsManagedSseEnabled"] is True
    assert queue["MessageRetentionPeriod"] == FORTNIGHT
    assert template["Outputs"]["DeadLetterQueueUrl"]["Value"] == {"Ref": "DeadLetters"}


def test_a_record_comes_from_our_stream_and_is_given_up_in_time(template: Json) -> None:
    packaged = of_type(template, "AWS::Serverless::Function")
    streams = of_type(template, "AWS::Kinesis::Stream")
    for function in functions(DECLARED):
        if function.stream:
            [source] = packaged[names.resource(function.name)]["Events"].values()
            assert source["Properties"]["Stream"] == {"Fn::Sub": f"${{{function.stream}.Arn}}"}
            age = source["Properties"]["MaximumRecordAgeInSeconds"]
            assert age < 3600 * streams[function.stream]["RetentionPeriodHours"]


def test_a_message_comes_from_our_queue_and_goes_back_alone(template: Json) -> None:
    """Chalice knows the queue by the name of the stage, and would take back the whole batch."""
    packaged = of_type(template, "AWS::Serverless::Function")
    for function in functions(DECLARED):
        if function.queue:
            [source] = packaged[names.resource(function.name)]["Events"].values()
            assert source["Properties"]["Queue"] == {"Fn::Sub": f"${{{function.queue}.Arn}}"}
            assert source["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
