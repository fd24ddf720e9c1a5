"""What the code reports is declared, and the other way round."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.feature import Feature
from chalicelib.features import FEATURES
from stack import metrics
from stack.declared import DECLARED
from stack.metrics import COLD_START
from tests.sandbox import PROJECT

REPORTING = [feature for feature in FEATURES if metrics.reported(feature)]
OPERATIONS = PROJECT / "docs" / "operations.md"
_METRIC = re.compile(r"([A-Z][a-z]+)+")


def _source(feature: Feature) -> ast.Module:
    path = Path("chalicelib", "features", feature.name, "metrics.py")
    return ast.parse((PROJECT / path).read_text("utf-8"))


def _texts(source: ast.AST) -> Iterator[str]:
    for node in ast.walk(source):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@pytest.mark.parametrize("feature", REPORTING, ids=lambda feature: feature.name)
def test_a_feature_reports_what_it_declares_and_nothing_else(feature: Feature) -> None:
    """Their names are written out in its `metrics.py`, where they can be searched for."""
    reported = {text for text in _texts(_source(feature)) if _METRIC.fullmatch(text)}
    declared = {metric.name for metric in metrics.reported(feature)} - {COLD_START.name}
    assert reported == declared


@pytest.mark.parametrize("feature", REPORTING, ids=lambda feature: feature.name)
def test_a_feature_reports_under_its_name_and_splits_as_it_declares(feature: Feature) -> None:
    calls = [
        node
        for node in ast.walk(_source(feature))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "metrics.publish"
    ]
    assert calls
    for call in calls:
        service, _, _, *dimensions = call.args
        assert ast.unparse(service) == "FEATURE.name"
        keys = [
            ast.literal_eval(key)
            for one in dimensions
            if isinstance(one, ast.Dict)
            for key in one.keys
            if key is not None
        ]
        assert keys == ([feature.split_by[0]] if feature.split_by else [])


def test_nobody_reports_elsewhere() -> None:
    """`publish` is called in the `metrics.py` of the features only."""
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        if path.name != "metrics.py":
            assert "metrics.publish(" not in path.read_text("utf-8"), path


@pytest.mark.parametrize("feature", DECLARED, ids=lambda feature: feature.name)
def test_metrics_of_one_graph_are_shown_alike(feature: Feature) -> None:
    graphs: dict[str, set[tuple[str, int]]] = {}
    for metric in feature.metrics:
        graphs.setdefault(metric.graph, set()).add((metric.statistic, metric.period_s))
    assert [graph for graph, ways in graphs.items() if len(ways) > 1] == []


@pytest.mark.parametrize("feature", DECLARED, ids=lambda feature: feature.name)
def test_what_is_counted_in_a_log_is_counted_in_that_of_an_own_function(feature: Feature) -> None:
    own = {function.name for function in feature.functions}
    for metric in metrics.counted(feature):
        assert metric.function in own, metric.name
        assert metric.pattern, metric.name
        assert metric.value, metric.name
