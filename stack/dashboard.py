"""One page for whoever is on call: is it running, what does it change, what is wrong?"""

import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.feature import FIVE_MINUTES, Feature, Function, Metric
from stack import alarms, metrics, names
from stack.declared import APP, Declared, functions
from stack.delivery import QUEUE
from stack.intrinsics import Json, attribute, ref, sub
from stack.metrics import STAGE, Series
from stack.parameters import NAMESPACE

DASHBOARD = "Dashboard"
_COLUMNS = 24
_HEIGHT = 6
# A placeholder that `Fn::Sub` fills in; the rest of the body is as it stands here.
_OURS = "${Namespace}"

_FAILURES = """\
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
    period: int = FIVE_MINUTES
    width: int = 8
    options: Json = field(default_factory=dict)

    def as_widget(self) -> Json:
        """The widget as CloudWatch wants it, without its place."""
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


def resources(declared: Declared) -> dict[str, Json]:
    """The dashboard, named after the stack."""
    body = sub(
        json.dumps({"widgets": _placed(_widgets(declared))}),
        Namespace=NAMESPACE,
        Stage=STAGE,
        DeadLetterQueue=attribute(QUEUE, "QueueName"),
    )
    properties = {"DashboardName": ref("AWS::StackName"), "DashboardBody": body}
    return {DASHBOARD: {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}}


def outputs() -> dict[str, Json]:
    """The address of the dashboard, which is the first place to look."""
    address = (
        "https://${AWS::Region}.console.${AWS::URLSuffix}/cloudwatch/home"
        "?region=${AWS::Region}#dashboards:name=${Dashboard}"
    )
    return {"DashboardURL": {"Value": sub(address)}}


def _widgets(declared: Declared) -> list[Json]:
    graphs = [
        *(graph for feature in declared for graph in _of_feature(feature)),
        _of_all(declared, metrics.EVENTS_PENDING),
        _of_all(declared, metrics.COLD_START),
        *_of_functions(functions(declared)),
        *_of_streams(functions(declared)),
        *_of_requests(),
    ]
    shown = [graph.as_widget() for graph in graphs]
    return [_alarm_widget(declared), *shown, _what_went_wrong(functions(declared))]


def _of_feature(feature: Feature) -> list[Graph]:
    """One graph for each title that the feature's metrics name."""
    sharing: dict[str, list[Metric]] = {}
    for metric in feature.metrics:
        sharing.setdefault(metric.graph, []).append(metric)
    return [_graph(shared[0], _lines(feature, *shared)) for shared in sharing.values()]


def _of_all(declared: Declared, metric: Metric) -> Graph:
    """One graph of *metric*, with a line for every feature that reports it."""
    reporting = [feature for feature in declared if metric in metrics.reported(feature)]
    return _graph(metric, [line for feature in reporting for line in _lines(feature, metric)])


def _graph(metric: Metric, lines: list[list[Any]]) -> Graph:
    return Graph(metric.graph, lines, metric.statistic, metric.period_s)


def _lines(feature: Feature, *shared: Metric) -> list[list[Any]]:
    """The lines of a graph; a value of the dimension that splits them is a label."""
    named = len(shared) > 1
    return [
        _line(series, value and (f"{metric.name} {value}" if named else value))
        for metric in shared
        for value, series in metrics.series(feature, metric.name).items()
    ]


def _line(series: Series, label: str | None) -> list[Any]:
    dimensions = [part for dimension in series.dimensions.items() for part in dimension]
    return [_OURS, series.name, *dimensions, *([{"label": label}] if label else [])]


def _of_functions(all_functions: list[Function]) -> list[Graph]:
    duration = "Milliseconds an invocation, longest"
    dead_letters = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    return [
        Graph("Errors", [_of_function(one, "Errors") for one in all_functions]),
        Graph("Throttles", [_of_function(one, "Throttles") for one in all_functions]),
        Graph(duration, [_of_function(one, "Duration") for one in all_functions], "Maximum"),
        Graph("Dead letters", [[*dead_letters, "${DeadLetterQueue}"]], "Maximum"),
    ]


def _of_streams(all_functions: list[Function]) -> list[Graph]:
    """How far each function is behind its stream; no graph where none is fed by one."""
    title = "Milliseconds behind the stream, longest"
    lines = [_of_function(one, "IteratorAge") for one in all_functions if one.stream]
    return [Graph(title, lines, "Maximum")] if lines else []


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


def _of_function(function: Function, name: str) -> list[Any]:
    value = f"${{{names.resource(function.name)}}}"
    return ["AWS/Lambda", name, "FunctionName", value, {"label": function.name}]


def _of_api(name: str, **options: str) -> list[Any]:
    dimensions = ["ApiName", APP, "Stage", "${Stage}"]
    return ["AWS/ApiGateway", name, *dimensions, *([options] if options else [])]


def _alarm_widget(declared: Declared) -> Json:
    arns = [f"${{{watch.resource}.Arn}}" for watch in alarms.watches(declared)]
    properties = {"title": "Alarms", "alarms": arns}
    return {"type": "alarm", "width": _COLUMNS, "height": 4, "properties": properties}


def _what_went_wrong(all_functions: list[Function]) -> Json:
    sources = " | ".join(f"SOURCE '${{{names.logs(function.name)}}}'" for function in all_functions)
    properties = {
        "title": "What went wrong",
        "region": "${AWS::Region}",
        "view": "table",
        "query": f"{sources} | {_FAILURES}",
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
