"""What becomes of invocations that nobody waits for."""

from chalicelib.feature import HOUR, Delivery, Function, If
from stack.delivery import outputs
from tests.stack.declarations import feature, resources

QUEUE = {"Fn::GetAtt": ["DeadLetters", "Arn"]}
KEPT = Function("keep", "keeps", delivery=Delivery(retries=2, max_age_s=HOUR))
MADE_UP_FOR = Function("look", "looks", delivery=Delivery(0, 60, is_kept=False))
INVOKED = Function("hear", "hears", delivery=Delivery(1, 60, is_rule=False), invoked_by=("iot",))
FED = Function("take", "takes", queue="Letters", timeout_s=40)
MADE = resources([feature(functions=(KEPT, MADE_UP_FOR, INVOKED, FED))])


def test_what_fails_is_tried_again_then_kept() -> None:
    config = MADE["KeepInvocation"]["Properties"]
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, HOUR)
    assert config["DestinationConfig"] == {"OnFailure": {"Destination": QUEUE}}
    assert MADE["Keep"]["Properties"]["Events"]["KeepEvent"]["Properties"]["DeadLetterConfig"] == {
        "Arn": QUEUE
    }


def test_what_a_later_invocation_makes_up_for_is_not_kept() -> None:
    assert "DestinationConfig" not in MADE["LookInvocation"]["Properties"]
    assert "DeadLetterConfig" not in MADE["Look"]["Properties"]["Events"]["LookEvent"]["Properties"]


def test_only_rules_whose_events_are_kept_may_send_to_the_queue() -> None:
    allowed, _ = MADE["DeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    sources = allowed["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert sources == [{"Fn::GetAtt": ["KeepKeepEvent", "Arn"]}]


def test_a_function_that_others_invoke_has_no_rule_of_ours() -> None:
    assert "Events" not in MADE["Hear"]["Properties"]
    assert MADE["HearInvocation"]["Properties"]["DestinationConfig"] == {
        "OnFailure": {"Destination": QUEUE}
    }


def test_others_are_the_rules_of_this_account_only() -> None:
    allowed = MADE["HearByIot"]["Properties"]
    assert allowed["Principal"] == "iot.amazonaws.com"
    assert allowed["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert allowed["SourceArn"]["Fn::Sub"].endswith("${AWS::AccountId}:rule/*")


def test_a_message_is_hidden_while_it_may_still_be_worked_on() -> None:
    queue = MADE["Letters"]["Properties"]
    assert queue["VisibilityTimeout"] == 6 * 40
    assert queue["RedrivePolicy"] == {"deadLetterTargetArn": QUEUE, "maxReceiveCount": 3}
    assert queue["SqsManagedSseEnabled"] is True


def test_a_queue_feeds_its_function_and_takes_back_what_was_refused() -> None:
    source = MADE["Take"]["Properties"]["Events"]["TakeSqsEventSource"]["Properties"]
    assert source["Queue"] == {"Fn::Sub": "${Letters.Arn}"}
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_addresses_of_all_queues_are_put_out() -> None:
    found = outputs([feature(functions=(FED,))])
    assert found == {
        "DeadLetterQueueUrl": {"Value": {"Ref": "DeadLetters"}},
        "LettersUrl": {"Value": {"Ref": "Letters"}},
    }


def test_what_only_the_deployment_knows_is_added_to_the_pattern() -> None:
    delivery = Delivery(
        1,
        60,
        detail={"bucket": {"name": ["${BucketName}"]}},
        bus=If("HasBus", "${BusName}", "default"),
    )
    made = resources([feature(functions=(Function("read", "reads", delivery=delivery),))])
    rule = made["Read"]["Properties"]["Events"]["ReadEvent"]["Properties"]
    assert rule["Pattern"] == {"detail": {"bucket": {"name": [{"Ref": "BucketName"}]}}}
    assert rule["EventBusName"] == {"Fn::If": ["HasBus", {"Ref": "BusName"}, "default"]}
