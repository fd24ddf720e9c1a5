"""Invocations that nobody waits for: tried again, then kept for a person to look at."""

from stack.functions import FUNCTIONS, HOUR, Delivery, Function
from stack.intrinsics import Json, attribute, ref

QUEUE = "DeadLetters"
_RULE_ATTEMPTS = 10
_FORTNIGHT = 14 * 24 * HOUR


def resources() -> dict[str, Json]:
    """The dead-letter queue, who may send to it, and what each function sends when."""
    merged: dict[str, Json] = {QUEUE: _queue(), f"{QUEUE}Policy": _queue_policy()}
    for function in FUNCTIONS:
        if function.delivery:
            merged[f"{function.resource}Invocation"] = _invocation(function, function.delivery)
    return merged


def outputs() -> dict[str, Json]:
    """Where the dead letters are."""
    return {"DeadLetterQueueUrl": {"Value": ref(QUEUE)}}


def rule(function: Function) -> Json:
    """*function*'s event source, so that an event that cannot be delivered is kept as well."""
    return {
        _event(function): {
            "Properties": {
                "RetryPolicy": {
                    "MaximumEventAgeInSeconds": HOUR,
                    "MaximumRetryAttempts": _RULE_ATTEMPTS,
                },
                "DeadLetterConfig": {"Arn": attribute(QUEUE)},
            }
        }
    }


def _event(function: Function) -> str:
    """The name that Chalice gives to a function's event source."""
    return f"{function.resource}Event"


def _invocation(function: Function, delivery: Delivery) -> Json:
    return {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": ref(function.resource),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": delivery.retries,
            "MaximumEventAgeInSeconds": delivery.max_age_seconds,
            "DestinationConfig": {"OnFailure": {"Destination": attribute(QUEUE)}},
        },
    }


def _queue() -> Json:
    return {
        "Type": "AWS::SQS::Queue",
        # What could not be done must outlive a stack that is deleted by mistake.
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "SqsManagedSseEnabled": True,
            "MessageRetentionPeriod": _FORTNIGHT,
        },
    }


def _queue_policy() -> Json:
    """EventBridge sends on its own behalf, so the queue must say for which of its rules."""
    # The rule's logical id is SAM's: the function's, then the event's.
    rules = [
        attribute(function.resource + _event(function))
        for function in FUNCTIONS
        if function.delivery and function.delivery.is_rule
    ]
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": attribute(QUEUE),
            "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
        },
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Resource": attribute(QUEUE),
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {
            "Queues": [ref(QUEUE)],
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    }
