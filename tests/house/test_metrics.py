"""What the code reports is declared, and the other way round."""

import ast
import re
from collections.abc import Iterator

import pytest

from chalicelib.feature import Feature
from chalicelib.features import FEATURES
from stack import metrics
from stack.declared import DECLARED
from stack.metrics import COLD_START
from tests.sandbox import PROJECT

_PUBLISH = "metrics.publish"
_METRIC = re.compile(r"([A-Z][a-z]+)+")
by_feature = pytest.mark.parametrize("feature", DECLARED, ids=lambda feature: feature.name)


def _publishing(feature: Feature) -> list[ast.Module]:
    """The modules of *feature* that report something."""
    folder = PROJECT / "chalicelib" / "features" / feature.name
    sources = [path.read_text("utf-8") for path in sorted(folder.rglob("*.py"))]
    return [ast.parse(source) for source in sources if f"{_PUBLISH}(" in source]


def _keys(tree: ast.AST) -> Iterator[str]:
    """The texts by which *tree* makes and fills dictionaries."""
    for node in ast.walk(tree):
        keys = node.keys if isinstance(node, ast.Dict) else []
        keys = [node.slice] if isinstance(node, ast.Subscript) else keys
        values = [key.value for key in keys if isinstance(key, ast.Constant)]
        yield from (value for value in values if isinstance(value, str))


@by_feature
def test_a_feature_reports_what_it_declares_and_nothing_else(feature: Feature) -> None:
    """The names are written out where they are reported, so that they can be searched for."""
    named = {key for source in _publishing(feature) for key in _keys(source)}
    declared = {metric.name for metric in metrics.reported(feature)} - {COLD_START.name}
    assert {key for key in named if _METRIC.fullmatch(key)} == declared


@by_feature
def test_a_feature_reports_under_its_name_and_splits_as_it_declares(feature: Feature) -> None:
    for call in (node for source in _publishing(feature) for node in ast.walk(source)):
        if isinstance(call, ast.Call) and ast.unparse(call.func) == _PUBLISH:
            service, _, _, *dimensions = call.args
            assert ast.unparse(service) == "FEATURE.name"
            split = [feature.split_by[0]] if feature.split_by else []
            assert [key for one in dimensions for key in _keys(one)] == split


def test_only_features_report() -> None:
    known = {PROJECT / "chalicelib" / "features" / feature.name for feature in FEATURES}
    for path in (PROJECT / "chalicelib").rglob("*.py"):
        if f"{_PUBLISH}(" in path.read_text("utf-8"):
            assert known & {*path.parents}, path


@by_feature
def test_metrics_of_one_graph_are_shown_alike(feature: Feature) -> None:
    graphs: dict[str, set[tuple[str, int]]] = {}
    for metric in feature.metrics:
        graphs.setdefault(metric.graph, set()).add((metric.statistic, metric.period_s))
    assert [graph for graph, ways in graphs.items() if len(ways) > 1] == []


@by_feature
def test_what_is_counted_in_a_log_is_counted_in_that_of_an_own_function(feature: Feature) -> None:
    own = {function.name for function in feature.functions}
    for metric in metrics.counted(feature):
        assert metric.function in own, metric.name
        assert metric.pattern, metric.name
        assert metric.value, metric.name
