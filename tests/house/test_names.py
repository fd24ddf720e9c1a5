"""What is declared has one name each, and no name stands where it does not belong."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.feature import Feature
from chalicelib.features import FEATURES
from stack import alarms, metrics
from stack.declared import DECLARED, functions
from tests.sandbox import PROJECT


def _claimed() -> dict[str, list[str]]:
    """By kind, every name that is declared."""
    return {
        "feature": [feature.name for feature in DECLARED],
        "function": [function.name for function in functions(DECLARED)],
        "queue": [function.queue for function in functions(DECLARED) if function.queue],
        "stream": [function.stream for function in functions(DECLARED) if function.stream],
        "setting": [setting.name for feature in DECLARED for setting in feature.settings],
        "parameter": [one.name for feature in DECLARED for one in feature.parameters],
        "object": [name for feature in DECLARED for name in feature.objects],
        "alarm": [watch.alarm.name for watch in alarms.watches(DECLARED)],
        "graph": [graph for feature in DECLARED for graph in _graphs(feature)],
        "metric counted in a log": [
            metric.name for feature in DECLARED for metric in metrics.counted(feature)
        ],
    }


def _graphs(feature: Feature) -> set[str]:
    return {metric.graph for metric in feature.metrics}


@pytest.mark.parametrize("kind", _claimed())
def test_a_name_is_claimed_once(kind: str) -> None:
    twice = [name for name, count in Counter(_claimed()[kind]).items() if count > 1]
    assert twice == [], f"two declarations call a {kind} so"


def _of_a_feature() -> Iterator[str]:
    for feature in FEATURES:
        yield feature.name
        yield from (function.name for function in feature.functions)
        yield from (function.queue for function in feature.functions if function.queue)
        yield from (function.stream for function in feature.functions if function.stream)
        yield from (setting.name for setting in feature.settings)
        yield from (parameter.name for parameter in feature.parameters)
        yield from (metric.name for metric in feature.metrics)
        yield from feature.objects


@pytest.mark.parametrize("package", ["stack", "reference", "release"])
def test_what_serves_all_features_names_none(package: str) -> None:
    named = set(_of_a_feature())
    for path in sorted((PROJECT / package).rglob("*.py")):
        assert _said_in(path) & named == set(), path.name


def _said_in(path: Path) -> set[str]:
    """The words of names, and of texts that are no prose: a feature may be called as things are."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant)]
    said = [text for text in texts if isinstance(text, str) and not re.search(r"\s", text)]
    said += [node.id for node in nodes if isinstance(node, ast.Name)]
    said += [node.attr for node in nodes if isinstance(node, ast.Attribute)]
    said += [node.name for node in nodes if isinstance(node, ast.alias)]
    said += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return set(re.findall(r"\w+", " ".join(said)))
