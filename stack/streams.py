"""Streams of records: who reads them, how long, and what becomes of what cannot be taken in."""

from chalicelib.feature import HOUR, Function
from stack import names
from stack.declared import Declared, functions
from stack.delivery import QUEUE
from stack.intrinsics import Json, attribute, ref, sub

# What Lambda does with a stream in the name of the function that it invokes.
READ_ACTIONS = (
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
    "kinesis:SubscribeToShard",
)
# Dead letters of a stream say where records are, and hold none: they must be there for longer than
# they are tried, so that somebody can fetch them. The first day is paid for anyway.
_KEPT_H = 72
_TRIED_FOR_H = 24
# While the database is away, an attempt takes most of the function's time, and so many of them most
# of a day. A record that the function dies of at once is given up much sooner.
_RETRIES = 1000
# What has piled up is taken in faster than it came, and a batch that is tried again holds up only
# half of its shard. Records of one key stay in order.
_BATCHES_AT_ONCE = 2


def resources(declared: Declared) -> dict[str, Json]:
    """The streams."""
    return {function.stream: _stream() for function in functions(declared) if function.stream}


def outputs(declared: Declared) -> dict[str, Json]:
    """What each stream is called, for those who write to it and for rules that do."""
    put_out: dict[str, Json] = {}
    for function in functions(declared):
        if function.stream:
            put_out[f"{function.stream}Name"] = {"Value": ref(function.stream)}
            put_out[f"{function.stream}Arn"] = {"Value": attribute(function.stream)}
    return put_out


def source(function: Function, stream: str) -> Json:
    """*function*'s event source, in place of the stream that Chalice knows by its name.

    What was taken in before the first record that the function names is not read again.
    """
    properties = {
        "Stream": sub(f"${{{stream}.Arn}}"),
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "BisectBatchOnFunctionError": True,
        "MaximumRetryAttempts": _RETRIES,
        "MaximumRecordAgeInSeconds": _TRIED_FOR_H * HOUR,
        "ParallelizationFactor": _BATCHES_AT_ONCE,
        "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": attribute(QUEUE)}},
    }
    return {f"{names.resource(function.name)}KinesisEventSource": {"Properties": properties}}


def _stream() -> Json:
    """Of as many shards as it takes: nobody has to say how much devices will send."""
    return {
        "Type": "AWS::Kinesis::Stream",
        # What has not been taken in must outlive a stack that is deleted by mistake.
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "StreamModeDetails": {"StreamMode": "ON_DEMAND"},
            "RetentionPeriodHours": _KEPT_H,
            # With the key that Kinesis comes with, so that nobody else needs rights to one.
            "StreamEncryption": {"EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"},
        },
    }
