"""What the dashboard shows of a declaration."""

import json
from typing import Any

from chalicelib.feature import HOUR, Events, Feature, Metric
from tests.stack.declarations import feature, resources

LATE, LOST = Metric("Late", graph="Trouble"), Metric("Lost", graph="Trouble")


def graphs(*features: Feature) -> dict[str, dict[str, Any]]:
    """The graphs, by title."""
    body = resources(features)["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"][0]
    shown = [widget["properties"] for widget in json.loads(body)["widgets"]]
    return {properties["title"]: properties for properties in shown}


def test_metrics_of_one_graph_share_it() -> None:
    declared = feature(metrics=(LATE, Metric("Done", graph="Done", period_s=HOUR), LOST))
    assert graphs(declared)["Trouble"]["metrics"] == [
        ["${Namespace}", "Late", "service", "visits"],
        ["${Namespace}", "Lost", "service", "visits"],
    ]
    assert graphs(declared)["Done"]["period"] == HOUR


def test_a_metric_that_is_split_has_a_line_for_each_value() -> None:
    declared = feature(metrics=(LATE,), split_by=("country", ("home", "abroad")))
    assert graphs(declared)["Trouble"]["metrics"] == [
        ["${Namespace}", "Late", "country", value, "service", "visits", {"label": value}]
        for value in ("home", "abroad")
    ]


def test_lines_of_several_metrics_that_are_split_can_be_told_apart() -> None:
    declared = feature(metrics=(LATE, LOST), split_by=("country", ("home", "abroad")))
    labels = [line[-1]["label"] for line in graphs(declared)["Trouble"]["metrics"]]
    assert labels == ["Late home", "Late abroad", "Lost home", "Lost abroad"]


def test_events_that_wait_are_shown_for_all_features_that_send_any() -> None:
    declared = [
        feature(name, metrics=(Metric(name.title(), graph=name),), sends=sends)
        for name, sends in (("one", Events("one", 1)), ("quiet", None), ("two", Events("two", 1)))
    ]
    lines = graphs(*declared)["Change events pending"]["metrics"]
    assert [line[-1] for line in lines] == ["one", "two"]


def test_cold_starts_are_shown_for_all_features_that_report() -> None:
    lines = graphs(feature("one", metrics=(LATE,)), feature("silent"))["Cold starts"]["metrics"]
    assert [line[-1] for line in lines] == ["one"]
