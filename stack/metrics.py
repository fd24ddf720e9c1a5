"""Metrics as CloudWatch knows them: what they count, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.feature import HOUR, Feature, Function, Metric
from stack import names
from stack.declared import APP
from stack.delivery import QUEUE
from stack.intrinsics import Json, attribute, ref
from stack.parameters import NAMESPACE

# SAM's name for the stage that goes with the API.
STAGE = ref("RestAPI.Stage")
# Every feature that reports has the first; every feature that sends events has the second.
COLD_START = Metric("ColdStart", graph="Cold starts")
EVENTS_PENDING = Metric(
    "ChangeEventsPending", graph="Change events pending", statistic="Maximum", period_s=HOUR
)


@dataclass(frozen=True)
class Series:
    """One metric of CloudWatch; dimensions are values of the template."""

    namespace: Any
    name: str
    dimensions: Mapping[str, Any] = field(default_factory=dict)

    def as_properties(self) -> Json:
        """The properties by which an alarm names it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


def reported(feature: Feature) -> tuple[Metric, ...]:
    """All that *feature* reports, including what it does not have to declare."""
    own = tuple(metric for metric in feature.metrics if metric.function is None)
    implied = (COLD_START,) if own else ()
    return (*own, *((EVENTS_PENDING,) if feature.sends else ()), *implied)


def counted(feature: Feature) -> tuple[Metric, ...]:
    """The metrics of *feature* that are counted in the logs of its functions instead."""
    return tuple(metric for metric in feature.metrics if metric.function is not None)


def series(feature: Feature, name: str) -> dict[str | None, Series]:
    """A metric of *feature*, by the value of the dimension that splits it, None without one."""
    if name in [metric.name for metric in counted(feature)]:
        # A filter of log lines gives its metric no dimensions.
        return {None: Series(NAMESPACE, name)}
    if feature.split_by is None:
        return {None: Series(NAMESPACE, name, {"service": feature.name})}
    dimension, values = feature.split_by
    return {
        value: Series(NAMESPACE, name, {dimension: value, "service": feature.name})
        for value in values
    }


def of_function(function: Function, name: str) -> Series:
    """What Lambda reports of *function*."""
    return Series("AWS/Lambda", name, {"FunctionName": ref(names.resource(function.name))})


def of_api(name: str) -> Series:
    """What API Gateway reports of the stage."""
    return Series("AWS/ApiGateway", name, {"ApiName": APP, "Stage": STAGE})


def of_dead_letters(name: str) -> Series:
    """What SQS reports of the dead-letter queue."""
    return Series("AWS/SQS", name, {"QueueName": attribute(QUEUE, "QueueName")})
