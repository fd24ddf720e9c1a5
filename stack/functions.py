"""Every Lambda function and what it needs: the table to add a function to.

How large a function is, and how long it may take, stands in `.chalice/config.json`.
"""

from dataclasses import dataclass, field
from typing import Any

from stack.intrinsics import NO_VALUE, Json, attribute, ref, sub, when
from stack.layers import PYARROW, Layer
from stack.parameters import LOAD_SECRET, MIGRATION_SECRET

HOUR = 3600
HEARTBEAT_QUEUE = "HeartbeatQueue"


@dataclass(frozen=True)
class Permission:
    """One action on one resource or several; `condition` names that under which it is granted."""

    action: str
    resource: Any
    condition: str | None = None


@dataclass(frozen=True)
class Delivery:
    """For invocations that nobody waits for: how often and how long Lambda tries again.

    What still fails goes to the dead-letter queue, unless a later invocation makes up for it.
    `is_rule` where an EventBridge rule or schedule of ours invokes it, which may fail to deliver
    before Lambda has even accepted.
    """

    retries: int
    max_age_seconds: int
    is_rule: bool
    is_kept: bool = True
    # Added to the event pattern that app.py says: what is known only when it is deployed.
    detail: Json = field(default_factory=dict)
    # The bus whose events it follows; None for the account's default one.
    bus: Any = None


@dataclass(frozen=True)
class Function:
    """A function of `app.py`, by its name there."""

    name: str
    purpose: str
    # Connects to the database, and so lives in the VPC. The authorizer must not: it fetches the
    # issuer's keys from the internet, which a private subnet reaches through a NAT gateway only.
    uses_database: bool = True
    # The login it uses there.
    secret: Any = field(default_factory=lambda: ref("DatabaseSecretArn"))
    # Answers are refusals for some callers, and Lambda counts each refused token as an error.
    errors_are_alarming: bool = True
    # From when on an invocation takes too long; None for most of its timeout.
    slow_after_seconds: int | None = None
    may: tuple[Permission, ...] = ()
    delivery: Delivery | None = None
    # The services whose rules, made by others in this account, may invoke it.
    invoked_by: tuple[str, ...] = ()
    # The queue of ours that feeds it, by its logical id.
    queue: str | None = None
    # What only this one reads, beside what all of them have.
    variables: Json = field(default_factory=dict)
    # Others neither pay for what is in them nor find it.
    layers: tuple[Layer, ...] = ()

    @property
    def resource(self) -> str:
        """The function's logical id, as Chalice makes it."""
        return "APIHandler" if self.name == "api_handler" else _camel(self.name)

    @property
    def role(self) -> str:
        """The logical id of its role, likewise."""
        return f"{_camel(self.name)}Role"

    @property
    def logs(self) -> str:
        """The logical id of its log group."""
        return f"{self.resource}Logs"


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _in_timestream(parameter: str) -> Json:
    return when("LoadsIntoTimestream", ref(parameter), NO_VALUE)


READ_SECRET = Permission("secretsmanager:GetSecretValue", ref("DatabaseSecretArn"))
PUT_EVENTS = Permission(
    "events:PutEvents",
    sub(
        "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
        ":event-bus/${ChangeEventBusName}"
    ),
    condition="TellsOfChanges",
)
_BUCKET = "arn:${AWS::Partition}:s3:::${LoadBucketName}"
_TABLES = ("GenerationTableName", "ConsumptionTableName", "TransmissionTableName")
# What S3 answers for an object that is missing: without it, that it is forbidden.
LIST_BUCKET = Permission("s3:ListBucket", sub(_BUCKET), condition="LoadsFiles")
READ_OBJECTS = Permission("s3:GetObject", sub(f"{_BUCKET}/*"), condition="LoadsFiles")
WRITE_REJECTS = Permission("s3:PutObject", sub(f"{_BUCKET}/rejected/*"), condition="LoadsFiles")
DELETE_REJECTS = Permission("s3:DeleteObject", sub(f"{_BUCKET}/rejected/*"), condition="LoadsFiles")
WRITE_RECORDS = Permission(
    "timestream:WriteRecords",
    [
        sub(
            "arn:${AWS::Partition}:timestream:${AWS::Region}:${AWS::AccountId}"
            f":database/${{TimestreamDatabaseName}}/table/${{{table}}}"
        )
        for table in _TABLES
    ],
    condition="LoadsIntoTimestream",
)
# Where to send records to; it is asked of the service, and knows no resources.
DESCRIBE_ENDPOINTS = Permission(
    "timestream:DescribeEndpoints", "*", condition="LoadsIntoTimestream"
)
SYNC = Function(
    "sync_device_parameters",
    purpose="the scheduled run",
    # The next run makes up for a failed one; retries inside the run have been through by then.
    delivery=Delivery(retries=1, max_age_seconds=HOUR, is_rule=True),
    may=(READ_SECRET, PUT_EVENTS),
)
AFTER_LOAD = Function(
    "sync_after_load",
    purpose="the run that follows a load",
    # A burst of loads waits for the one run under way; each of them is answered by a later one.
    delivery=Delivery(
        retries=2,
        max_age_seconds=HOUR,
        is_rule=True,
        # Where the loads say that they are done.
        bus=when("TellsOfChanges", ref("ChangeEventBusName"), "default"),
    ),
    may=(READ_SECRET, PUT_EVENTS),
)
MIGRATE = Function(
    "migrate",
    purpose="migrations, by hand",
    secret=MIGRATION_SECRET,
    may=(Permission(READ_SECRET.action, MIGRATION_SECRET),),
)
RECORD_HEARTBEATS = Function(
    "record_heartbeats",
    purpose="heartbeats by invocation",
    delivery=Delivery(retries=2, max_age_seconds=HOUR, is_rule=False),
    may=(READ_SECRET,),
    invoked_by=("iot", "events"),
)
RECORD_QUEUED_HEARTBEATS = Function(
    "record_queued_heartbeats",
    purpose="heartbeats by queue",
    may=(
        READ_SECRET,
        *(
            Permission(action, attribute(HEARTBEAT_QUEUE))
            for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        ),
    ),
    queue=HEARTBEAT_QUEUE,
)
CHECK_HEARTBEATS = Function(
    "check_heartbeats",
    purpose="the check for silent devices",
    # The next check, a minute later, notices the same.
    delivery=Delivery(retries=0, max_age_seconds=60, is_rule=True, is_kept=False),
    may=(READ_SECRET, PUT_EVENTS),
)
API = Function(
    "api_handler",
    purpose="the API and the page",
    may=(READ_SECRET, Permission("lambda:InvokeFunction", attribute(SYNC.resource))),
)
AUTHORIZER = Function(
    "authorize",
    purpose="the API's authorizer",
    uses_database=False,
    errors_are_alarming=False,
)
LOAD = Function(
    "load_parquet",
    purpose="loads Parquet files",
    secret=LOAD_SECRET,
    # A file that comes while others are loaded waits; what is loaded already is not loaded again.
    delivery=Delivery(
        retries=2,
        max_age_seconds=6 * HOUR,
        is_rule=True,
        # No bucket has the name that is empty.
        detail={"bucket": {"name": [ref("LoadBucketName")]}},
    ),
    slow_after_seconds=600,
    variables={
        "LOAD_SINK": when("LoadsIntoTimestream", "timestream", "timescale"),
        "TIMESTREAM_DATABASE_NAME": _in_timestream("TimestreamDatabaseName"),
        "GENERATION_TABLE_NAME": _in_timestream("GenerationTableName"),
        "CONSUMPTION_TABLE_NAME": _in_timestream("ConsumptionTableName"),
        "TRANSMISSION_TABLE_NAME": _in_timestream("TransmissionTableName"),
    },
    may=(
        *(Permission(READ_SECRET.action, LOAD_SECRET), PUT_EVENTS),
        *(LIST_BUCKET, READ_OBJECTS, WRITE_REJECTS, DELETE_REJECTS),
        *(WRITE_RECORDS, DESCRIBE_ENDPOINTS),
    ),
    layers=(PYARROW,),
)
FUNCTIONS = (
    SYNC,
    AFTER_LOAD,
    LOAD,
    RECORD_HEARTBEATS,
    RECORD_QUEUED_HEARTBEATS,
    CHECK_HEARTBEATS,
    MIGRATE,
    API,
    AUTHORIZER,
)
