"""Metrics by what they count, as alarms and the dashboard name them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stack.delivery import QUEUE
from stack.functions import Function
from stack.intrinsics import Json, attribute, ref
from stack.parameters import NAMESPACE

LOADS = "parquet_loads"
# The last is for files whose key does not say what they are.
DATASETS = ("generation", "consumption", "transmission", "measurements", "unknown")
API_NAME = "device-parameters"
# SAM's name for the stage that goes with the API.
STAGE = ref("RestAPI.Stage")


@dataclass(frozen=True)
class Metric:
    """One CloudWatch metric; dimensions are values of the template."""

    namespace: Any
    name: str
    dimensions: Mapping[str, Any] = field(default_factory=dict)

    def as_properties(self) -> Json:
        """As an alarm names it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions.items()]
        return {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}


# Counted in the log, so that it has no dimensions.
TIMESTREAM_THROTTLED = Metric(NAMESPACE, "TimestreamThrottled")


def of_runs(name: str) -> Metric:
    """What the application itself reports of its runs."""
    return Metric(NAMESPACE, name, {"service": "sync"})


def of_heartbeats(name: str) -> Metric:
    """What the application itself reports of heartbeats."""
    return Metric(NAMESPACE, name, {"service": "heartbeats"})


def of_loads(name: str, dataset: str) -> Metric:
    """What the application reports of the loads of *dataset*."""
    return Metric(NAMESPACE, name, {"dataset": dataset, "service": LOADS})


def of_function(function: Function, name: str) -> Metric:
    """What Lambda reports of *function*."""
    return Metric("AWS/Lambda", name, {"FunctionName": ref(function.resource)})


def of_api(name: str) -> Metric:
    """What API Gateway reports of the stage."""
    return Metric("AWS/ApiGateway", name, {"ApiName": API_NAME, "Stage": STAGE})


def of_dead_letters(name: str) -> Metric:
    """What SQS reports of the dead-letter queue."""
    return Metric("AWS/SQS", name, {"QueueName": attribute(QUEUE, "QueueName")})
