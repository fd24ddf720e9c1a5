"""What a feature says about itself, as plain data.

`chalicelib/features/<noun>/feature.py` holds one `Feature`. Everything around the code is written
from it: the functions' sizes and rights, queues, alarms, graphs, database roles, the reference.

Texts about AWS may name what the template knows: `${LoadBucketName}` is a parameter's value,
`${HeartbeatQueue.Arn}` an attribute of a resource.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Declarations take their settings from here as well, and so need one import only.
from chalicelib.setting import Setting as Setting
from chalicelib.setting import matching as matching
from chalicelib.setting import one_of as one_of
from chalicelib.setting import schedule_expression as schedule_expression
from chalicelib.setting import whole as whole

HOUR = 3600
FIVE_MINUTES = 300


@dataclass(frozen=True)
class Parameter:
    """Something that is decided when the stack is deployed.

    *group* is the heading under which the AWS console asks for it; None means that of the feature.
    *condition* is the name of the condition that holds where it is given.
    """

    name: str
    description: str
    group: str | None = None
    default: str | None = ""
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    constraint: str | None = None
    condition: str | None = None
    is_secret: bool = False


@dataclass(frozen=True)
class If:
    """One of two values, chosen by a condition of the template; None is no value at all."""

    condition: str
    then: str
    otherwise: str | None = None


@dataclass(frozen=True)
class Permission:
    """One action on resources; *condition* is the one under which it is granted."""

    action: str
    resources: tuple[str, ...]
    condition: str | None = None


PUT_EVENTS = Permission(
    "events:PutEvents",
    (
        "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${ChangeEventBusName}",
    ),
    condition="TellsOfChanges",
)


@dataclass(frozen=True)
class Delivery:
    """How often, and for how long, Lambda tries an invocation again that nobody waits for.

    An invocation that fails for good goes to the dead-letter queue. Where a later one makes up for
    it, it need not be kept: *is_kept* is false. *is_rule* says that an EventBridge rule or schedule
    of ours invokes the function: then the delivery may fail before Lambda has accepted it. *detail*
    adds to the event pattern in app.py what only the deployment knows; *bus* is None for the
    account's own.
    """

    retries: int
    max_age_s: int
    is_rule: bool = True
    is_kept: bool = True
    detail: Mapping[str, object] = field(default_factory=dict)
    bus: If | None = None


@dataclass(frozen=True)
class Layer:
    """A zip beside the package, for the functions that need what is in it."""

    resource: str
    zip_name: str
    description: str


@dataclass(frozen=True)
class Function:
    """A function of app.py, by its name there.

    *concurrency* is how many of it may run at once. *secret* is the parameter that names its
    database login; where that is left empty, it uses the login of all others. An invocation that
    takes longer than *slow_after_s* seconds is too slow; where that is None, most of the timeout is
    the limit. *invoked_by* are the services whose rules, made by others in this account, may invoke
    it. *queue* is the queue of ours that feeds it, *stream* the stream of ours.
    """

    name: str
    purpose: str
    memory_mb: int = 512
    timeout_s: int = 60
    concurrency: int | None = None
    may: tuple[Permission, ...] = ()
    delivery: Delivery | None = None
    queue: str | None = None
    stream: str | None = None
    invoked_by: tuple[str, ...] = ()
    variables: Mapping[str, str | If] = field(default_factory=dict)
    layers: tuple[Layer, ...] = ()
    secret: str = "DatabaseSecretArn"  # noqa: S105 a parameter's name
    uses_database: bool = True
    errors_are_alarming: bool = True
    slow_after_s: int | None = None


@dataclass(frozen=True)
class Metric:
    """A figure that the feature reports; figures that name the same *graph* share it.

    *pattern* and *value* are for a figure that is counted in the log of *function* instead of
    being reported: which lines count, and the field that is added up.
    """

    name: str
    graph: str
    statistic: str = "Sum"
    period_s: int = FIVE_MINUTES
    function: str | None = None
    pattern: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Alarm:
    """*datapoints* of *periods* in a row are on the wrong side of the threshold.

    *missing* says what silence means, in CloudWatch's words. *section* is the heading of
    docs/operations.md that says what to do.
    """

    name: str
    meaning: str
    section: str
    metric: str
    statistic: str
    threshold: float = 0
    comparison: str = "GreaterThanThreshold"
    missing: str = "notBreaching"
    period_s: int = FIVE_MINUTES
    periods: int = 1
    datapoints: int = 1


@dataclass(frozen=True)
class Events:
    """The events that a feature sends; *kind* is what they are called, such as `change`.

    The feature reports how many wait, as `ChangeEventsPending`. When events have waited for more
    than *may_wait_h* hours, there is an alarm.
    """

    kind: str
    may_wait_h: int


@dataclass(frozen=True)
class Feature:
    """A feature, which is a folder of `chalicelib/features/`.

    *split_by* is a further dimension of its metrics, with its values: each value has a line in the
    graphs and an alarm of its own, in whose texts `{value}` stands for it. *objects* are its
    tables, views and sequences, with what they hold. *rights* says by database role what it may do
    with which of these and others; a name that ends in `?` need not exist. *aggregates* are its
    continuous aggregates, with the tables that each reads. *api_* is what its routes need.
    """

    name: str
    about: str
    settings: tuple[Setting[Any], ...] = ()
    functions: tuple[Function, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    metrics: tuple[Metric, ...] = ()
    split_by: tuple[str, tuple[str, ...]] | None = None
    alarms: tuple[Alarm, ...] = ()
    sends: Events | None = None
    objects: Mapping[str, str] = field(default_factory=dict)
    rights: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    aggregates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    api_may: tuple[Permission, ...] = ()
    api_variables: Mapping[str, str | If] = field(default_factory=dict)
