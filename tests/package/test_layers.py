"""What is big comes to those functions only that use it."""

from dataclasses import replace

import pytest

from stack import compute
from stack.functions import FUNCTIONS, MIGRATE, Function
from stack.intrinsics import Json
from stack.layers import PYARROW

WITHOUT = tuple(replace(function, layers=()) for function in FUNCTIONS)


def rendered(monkeypatch: pytest.MonkeyPatch, *added: Function) -> Json:
    """The functions' part of the template, with rows added to its table."""
    monkeypatch.setattr(compute, "FUNCTIONS", (*WITHOUT, *added))
    return compute.resources()


def test_a_function_has_the_layers_of_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    reader = Function("reader", purpose="reads", layers=(PYARROW,))
    resources = rendered(monkeypatch, reader)
    layered = [name for name, one in resources.items() if "Layers" in one.get("Properties", {})]
    assert layered == ["Reader"]
    assert resources["Reader"]["Properties"]["Layers"] == [{"Ref": "PyarrowLayer"}]


def test_a_layer_is_deployed_from_the_zip_beside_the_template(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = [Function(name, purpose="reads", layers=(PYARROW,)) for name in ("one", "other")]
    layer = rendered(monkeypatch, *rows)["PyarrowLayer"]
    assert layer["Type"] == "AWS::Serverless::LayerVersion"
    assert layer["Properties"]["ContentUri"] == "./pyarrow-layer.zip"


def test_a_layer_that_nobody_has_is_not_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PyarrowLayer" not in rendered(monkeypatch, replace(MIGRATE, name="another"))
