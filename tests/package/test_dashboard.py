"""The dashboard shows metrics that exist, of resources that exist."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from stack import metrics
from stack.declared import DECLARED
from tests.house.test_alarms import OF_AWS
from tests.package.packaged import Json, of_type
from tests.package.test_alarms import OURS


@pytest.fixture(scope="session")
def substitution(template: Json) -> tuple[str, Json]:
    """The body before CloudFormation has filled it in, and what it is filled in with."""
    [dashboard] = of_type(template, "AWS::CloudWatch::Dashboard").values()
    text, values = dashboard["DashboardBody"]["Fn::Sub"]
    return text, values


@pytest.fixture(scope="session")
def widgets(substitution: tuple[str, Json]) -> list[Json]:
    """The widgets, with their placeholders."""
    read: list[Json] = json.loads(substitution[0])["widgets"]
    return read


def _series(widgets: list[Json]) -> Iterator[tuple[str, str, dict[str, str]]]:
    for widget in widgets:
        for namespace, name, *rest in widget["properties"].get("metrics", []):
            values = [value for value in rest if isinstance(value, str)]
            yield namespace, name, dict(zip(values[::2], values[1::2], strict=True))


def test_every_placeholder_can_be_filled_in(template: Json, substitution: tuple[str, Json]) -> None:
    text, values = substitution
    named = {name.partition(".")[0] for name in re.findall(r"\$\{([\w.:]+)\}", text)}
    known = template["Resources"].keys() | values.keys() | {"AWS::Region"}
    assert named - known == set()
    assert values["Namespace"] == OURS


def test_every_metric_of_ours_is_shown_once(widgets: list[Json]) -> None:
    """A metric that nobody looks at need not be paid for."""
    shown = [
        (name, dimensions)
        for namespace, name, dimensions in _series(widgets)
        if namespace == "${Namespace}"
    ]
    declared = [
        (series.name, series.dimensions)
        for feature in DECLARED
        for metric in (*metrics.reported(feature), *metrics.counted(feature))
        for series in metrics.series(feature, metric.name).values()
    ]
    assert sorted(shown, key=str) == sorted(declared, key=str)


def test_the_services_report_what_is_shown(widgets: list[Json]) -> None:
    for namespace, name, _ in _series(widgets):
        assert namespace == "${Namespace}" or name in OF_AWS[namespace], name


def test_every_function_and_every_alarm_is_shown(template: Json, widgets: list[Json]) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    for metric in ("Errors", "Throttles", "Duration"):
        shown = {
            dimensions["FunctionName"] for _, name, dimensions in _series(widgets) if name == metric
        }
        assert shown == {f"${{{name}}}" for name in functions}
    [alarms] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert sorted(alarms) == sorted(
        f"${{{name}.Arn}}" for name in of_type(template, "AWS::CloudWatch::Alarm")
    )


def test_the_log_lines_are_those_of_every_function(template: Json, widgets: list[Json]) -> None:
    [query] = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    sources = set(re.findall(r"SOURCE '\$\{(\w+)\}'", query))
    functions = of_type(template, "AWS::Serverless::Function")
    assert sources == {f"{name}Logs" for name in functions}


def test_widgets_lie_beside_each_other(widgets: list[Json]) -> None:
    taken: set[tuple[int, int]] = set()
    for widget in widgets:
        cells = _cells(widget)
        assert not taken & cells, widget["properties"]["title"]
        assert widget["x"] + widget["width"] <= 24
        taken |= cells


def _cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
    columns = range(widget["x"], widget["x"] + widget["width"])
    rows = range(widget["y"], widget["y"] + widget["height"])
    return {(column, row) for column in columns for row in rows}
