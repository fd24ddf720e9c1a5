"""One page for whoever is on call: is it running, what does it change, what is wrong?"""

import json
from dataclasses import dataclass, field
from typing import Any

from stack import alarms
from stack.delivery import QUEUE
from stack.functions import FUNCTIONS, HOUR, Function
from stack.intrinsics import Json, attribute, ref, sub
from stack.metrics import API_NAME, DATASETS, LOADS, STAGE
from stack.parameters import NAMESPACE

DASHBOARD = "Dashboard"
_COLUMNS = 24
_HEIGHT = 6
_MINUTES_5 = 300
# Placeholders that `Fn::Sub` fills in; the rest of the body is as it stands here.
_RUNS = "${Namespace}"
_DELTAS = ("Added", "Removed", "Renamed")

_FAILED_RUNS = """\
fields @timestamp, message, error_code, run_id, exception
| filter level in ["ERROR", "CRITICAL"] or @message like /Task timed out|Runtime exited/
| sort @timestamp desc
| limit 50"""


@dataclass(frozen=True)
class Graph:
    """Lines over time; a series is `[namespace, metric, dimension, value, …, {options}]`."""

    title: str
    series: list[list[Any]]
    statistic: str = "Sum"
    period: int = _MINUTES_5
    width: int = 8
    options: Json = field(default_factory=dict)

    def as_widget(self) -> Json:
        """As CloudWatch wants it, but for its place."""
        properties = {
            "title": self.title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "stat": self.statistic,
            "period": self.period,
            "metrics": self.series,
            **self.options,
        }
        return {"type": "metric", "width": self.width, "height": _HEIGHT, "properties": properties}


def resources() -> dict[str, Json]:
    """The dashboard, named after the stack."""
    body = sub(
        json.dumps({"widgets": _placed(_widgets())}),
        Namespace=NAMESPACE,
        Stage=STAGE,
        DeadLetterQueue=attribute(QUEUE, "QueueName"),
    )
    properties = {"DashboardName": ref("AWS::StackName"), "DashboardBody": body}
    return {DASHBOARD: {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def outputs() -> dict[str, Json]:
    """Where to look first."""
    address = (
        "https://${AWS::Region}.console.${AWS::URLSuffix}/cloudwatch/home"
        "?region=${AWS::Region}#dashboards:name=${Dashboard}"
    )
    return {"DashboardURL": {"Value": sub(address)}}


def _widgets() -> list[Json]:
    graphs = [*_of_runs(), *_of_heartbeats(), *_of_loads(), *_of_functions(), *_of_requests()]
    return [_alarm_widget(), *(graph.as_widget() for graph in graphs), _failed_runs_widget()]


def _of_runs() -> list[Graph]:
    return [
        Graph("Changes", [_of_run(name) for name in _DELTAS], period=HOUR),
        Graph(
            "Seconds of a run, and of its refresh",
            [_of_run("RunDuration"), _of_run("RefreshDuration")],
            statistic="Maximum",
            period=HOUR,
        ),
        Graph(
            "Seconds the aggregate lags behind",
            [_of_run("MaterializationLag")],
            statistic="Maximum",
            period=HOUR,
        ),
        Graph("Observed pairs", [_of_run("Observed"), _of_run("Unresolved")], "Maximum", HOUR),
        Graph("Held by the guard", [_of_run("Held"), _of_run("GuardTripped")], "Maximum", HOUR),
        Graph("Runs", [_of_run("RunSucceeded"), _of_run("RunFailed")], period=HOUR),
        Graph(
            "Change events pending",
            [_of_run("ChangeEventsPending"), _of_heartbeat("ChangeEventsPending")],
            "Maximum",
            HOUR,
        ),
    ]


def _of_heartbeats() -> list[Graph]:
    recorded = [_of_heartbeat(name) for name in ("HeartbeatsStored", "HeartbeatsRefused")]
    transitions = [_of_heartbeat(name) for name in ("BecameStale", "Recovered")]
    return [
        Graph("Heartbeats", recorded),
        Graph("Silent devices", [_of_heartbeat("DevicesStale")], "Maximum"),
        Graph("Devices that fell silent, and came back", transitions),
    ]


def _of_loads() -> list[Graph]:
    return [
        Graph("Rows loaded", _by_dataset("RecordsProcessed")),
        Graph("Rows rejected", _by_dataset("RecordsRejected")),
        Graph("Batches", _by_dataset("BatchesProcessed")),
        Graph("Failed loads", _by_dataset("ProcessingErrors")),
        Graph("Seconds of a load", _by_dataset("LoadDuration"), statistic="Maximum"),
    ]


def _of_functions() -> list[Graph]:
    return [
        Graph("Errors", [_of_function(function, "Errors") for function in FUNCTIONS]),
        Graph("Throttles", [_of_function(function, "Throttles") for function in FUNCTIONS]),
        Graph(
            "Milliseconds an invocation, longest",
            [_of_function(function, "Duration") for function in FUNCTIONS],
            statistic="Maximum",
        ),
        Graph(
            "Cold starts",
            [_of_run("ColdStart"), _of_heartbeat("ColdStart"), *_by_dataset("ColdStart")],
        ),
        Graph(
            "Dead letters",
            [
                [
                    *("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
                    *("QueueName", "${DeadLetterQueue}"),
                ]
            ],
            statistic="Maximum",
        ),
    ]


def _of_requests() -> list[Graph]:
    return [
        Graph(
            "Requests",
            [_of_api("Count"), _of_api("4XXError"), _of_api("5XXError")],
        ),
        Graph(
            "Milliseconds a request: median, and one in a hundred",
            [
                _of_api("Latency", stat="p50", label="p50"),
                _of_api("Latency", stat="p99", label="p99"),
                _of_api("IntegrationLatency", stat="p99", label="p99 of the function"),
            ],
        ),
    ]


def _of_run(name: str) -> list[Any]:
    return [_RUNS, name, "service", "sync"]


def _of_heartbeat(name: str) -> list[Any]:
    return [_RUNS, name, "service", "heartbeats"]


def _by_dataset(name: str) -> list[list[Any]]:
    return [
        [_RUNS, name, "dataset", dataset, "service", LOADS, {"label": dataset}]
        for dataset in DATASETS
    ]


def _of_function(function: Function, name: str) -> list[Any]:
    value = f"${{{function.resource}}}"
    return ["AWS/Lambda", name, "FunctionName", value, {"label": function.name}]


def _of_api(name: str, **options: str) -> list[Any]:
    dimensions = ["ApiName", API_NAME, "Stage", "${Stage}"]
    return ["AWS/ApiGateway", name, *dimensions, *([options] if options else [])]


def _alarm_widget() -> Json:
    arns = [f"${{{alarm.resource}.Arn}}" for alarm in alarms.all_alarms()]
    properties = {"title": "Alarms", "alarms": arns}
    return {"type": "alarm", "width": _COLUMNS, "height": 4, "properties": properties}


def _failed_runs_widget() -> Json:
    sources = " | ".join(f"SOURCE '${{{function.logs}}}'" for function in FUNCTIONS)
    properties = {
        "title": "What went wrong",
        "region": "${AWS::Region}",
        "view": "table",
        "query": f"{sources} | {_FAILED_RUNS}",
    }
    return {"type": "log", "width": _COLUMNS, "height": _HEIGHT, "properties": properties}


def _placed(widgets: list[Json]) -> list[Json]:
    """Left to right, then down, in the grid of 24 columns."""
    x = y = below = 0
    placed = []
    for widget in widgets:
        if x + widget["width"] > _COLUMNS:
            x, y = 0, below
        placed.append({"x": x, "y": y, **widget})
        x, below = x + widget["width"], max(below, y + widget["height"])
    return placed
