"""Invocations that nobody waits for: tried again, then kept for a person to look at."""

from chalicelib.feature import HOUR, Delivery, Function
from stack import names
from stack.declared import Declared, functions
from stack.intrinsics import Json, attribute, filled, ref, sub

QUEUE = "DeadLetters"
_RULE_ATTEMPTS = 10
_RECEIVED_AT_MOST = 3
# What AWS asks for, so that a batch under way is not handed to another invocation.
_TIMEOUTS_HIDDEN = 6
_FORTNIGHT = 14 * 24 * HOUR


def resources(declared: Declared) -> dict[str, Json]:
    """The queues, who may send and invoke, and what each function does with what fails."""
    merged: dict[str, Json] = {QUEUE: _queue(), f"{QUEUE}Policy": _queue_policy(declared)}
    merged |= {queue: _queue() for feature in declared for queue in feature.queues}
    for function in functions(declared):
        name = names.resource(function.name)
        if function.delivery:
            merged[f"{name}Invocation"] = _invocation(function, function.delivery)
        if function.queue:
            merged[function.queue] = _source_queue(function)
        for service in function.invoked_by:
            merged[f"{name}By{service.capitalize()}"] = _invocable(function, service)
    return merged


def outputs(declared: Declared) -> dict[str, Json]:
    """Where the dead letters are, and where messages for the functions go."""
    queues = [function.queue for function in functions(declared) if function.queue]
    queues += [queue for feature in declared for queue in feature.queues]
    addresses = {"DeadLetterQueueUrl": ref(QUEUE), **{f"{name}Url": ref(name) for name in queues}}
    return {name: {"Value": address} for name, address in addresses.items()}


def rule(function: Function, delivery: Delivery) -> Json:
    """*function*'s event source, so that an event that cannot be delivered is kept as well."""
    kept = {"DeadLetterConfig": {"Arn": attribute(QUEUE)}} if delivery.is_kept else {}
    policy = {
        "MaximumEventAgeInSeconds": delivery.max_age_s,
        "MaximumRetryAttempts": _RULE_ATTEMPTS,
    }
    pattern = {"Pattern": {"detail": filled(delivery.detail)}} if delivery.detail else {}
    bus = {"EventBusName": filled(delivery.bus)} if delivery.bus else {}
    properties = {**pattern, **bus, "RetryPolicy": policy, **kept}
    return {names.event(function.name): {"Properties": properties}}


def queue_source(function: Function, queue: str) -> Json:
    """*function*'s event source, in place of the queue that Chalice knows by its name.

    Only the messages that the function names are handed out again.
    """
    properties = {
        "Queue": sub(f"${{{queue}.Arn}}"),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    return {f"{names.resource(function.name)}SqsEventSource": {"Properties": properties}}


def _invocation(function: Function, delivery: Delivery) -> Json:
    destination = {"DestinationConfig": {"OnFailure": {"Destination": attribute(QUEUE)}}}
    return {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": ref(names.resource(function.name)),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": delivery.retries,
            "MaximumEventAgeInSeconds": delivery.max_age_s,
            **(destination if delivery.is_kept else {}),
        },
    }


def _invocable(function: Function, service: str) -> Json:
    """By the rules of this account only: anybody's rule can name a function."""
    rules = f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:rule/*"
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": ref(names.resource(function.name)),
            "Principal": f"{service}.amazonaws.com",
            "SourceAccount": ref("AWS::AccountId"),
            "SourceArn": sub(rules),
        },
    }


def _source_queue(function: Function) -> Json:
    redrive = {"deadLetterTargetArn": attribute(QUEUE), "maxReceiveCount": _RECEIVED_AT_MOST}
    return {
        "Type": "AWS::SQS::Queue",
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "SqsManagedSseEnabled": True,
            "VisibilityTimeout": _TIMEOUTS_HIDDEN * function.timeout_s,
            "RedrivePolicy": redrive,
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


def _queue_policy(declared: Declared) -> Json:
    """EventBridge sends on its own behalf, so the queue must say for which of its rules."""
    rules = [
        attribute(names.rule(function.name))
        for function in functions(declared)
        if function.delivery and function.delivery.is_rule and function.delivery.is_kept
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
