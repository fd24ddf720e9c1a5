"""Expressions: what they compute, and that nothing else gets in with them."""

import ast
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.expressions import (
    FUNCTIONS,
    MAX_DEPTH,
    MAX_LENGTH,
    ExpressionCycleError,
    ExpressionError,
    evaluate,
    in_order,
    parse,
)
from tests.sandbox import PROJECT

ROOM = {"temperature": 20.0, "humidity": 50.0, "on": True}
NAMES = ["a", "b", "min", "is_on", "x1"]
# What an expression means, said by Python itself. Numbers are written out in full there, too.
MEANT = {
    **{name: getattr(math, name) for name in ("exp", "log", "sqrt")},
    "abs": abs,
    "max": max,
    "min": min,
    "round": lambda value, digits=0.0: round(value, int(digits)),
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("temperature * 1.8 + 32", 68.0),
        ("temperature - (100 - humidity) / 5", 10.0),
        ("-temperature ** 2", -400.0),
        ("2 ** 3 ** 2", 512.0),
        ("+temperature % 7", 6.0),
        ("-7 % 3", 2.0),
        ("min(temperature, humidity, 3)", 3.0),
        ("max(temperature, humidity)", 50.0),
        ("round(2.5) + round(3.5)", 6.0),
        ("round(temperature / 3, 2)", 6.67),
        ("round(1234, -2)", 1200.0),
        ("abs(-temperature)", 20.0),
        ("sqrt(humidity * 2)", 10.0),
        ("exp(0) + log(1)", 1.0),
        ("on * 5", 5.0),
        (" .5 + 1. + 1e1 ", 11.5),
        ("1 / 4", 0.25),
    ],
)
def test_it_is_what_it_says(expression: str, expected: float) -> None:
    found = evaluate(expression, ROOM)
    assert found == pytest.approx(expected)
    assert isinstance(found, float)


@pytest.mark.parametrize(
    "expression",
    [
        *("temperature / 0", "temperature % 0", "0 ** -1", "log(0)", "sqrt(-1)", "(-8) ** 0.5"),
        *("exp(1000)", "1e308 * 10", "1e308 * 10 - 1e308 * 10", "9 ** 9 ** 9", "10 ** 400"),
        *("round(1, 0.5)", "round(1.7e308, -308)", "pressure", "temperature + pressure * 0"),
    ],
)
def test_where_there_is_no_value_there_is_none(expression: str) -> None:
    assert evaluate(expression, ROOM) is None


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -math.inf, 10**400, "20", None, [20.0], {}, b"1", 1j]
)
def test_what_is_no_number_has_none_either(value: Any) -> None:
    assert evaluate("min(temperature, 1)", {"temperature": value}) is None


def test_only_what_is_named_is_looked_at() -> None:
    assert evaluate("a + 1", {"a": 1.0, "b": math.nan}) == 2.0
    assert parse("min(a, b) + min + abs(-c)").names == {"a", "b", "c", "min"}


@st.composite
def expressions(draw: st.DrawFn, depth: int = 5) -> str:
    """Well-formed expressions, with brackets around each part."""
    kind = draw(
        st.sampled_from(["number", "name", "sign", "operator", "call"] if depth else ["name"])
    )
    if kind == "number":
        return repr(draw(st.floats(0, 1e6)))
    if kind == "name":
        return draw(st.sampled_from(NAMES))
    part = expressions(depth - 1)
    if kind == "sign":
        return f"{draw(st.sampled_from('+-'))}({draw(part)})"
    if kind == "operator":
        operator = draw(st.sampled_from(["+", "-", "*", "/", "%", "**"]))
        return f"({draw(part)}) {operator} ({draw(part)})"
    name = draw(st.sampled_from(sorted(FUNCTIONS)))
    count = draw(st.integers(2, 4)) if name in ("max", "min") else 1
    return f"{name}({', '.join(draw(part) for _ in range(count))})"


def meant(expression: str, values: Mapping[str, float]) -> float | None:
    """What Python makes of it, whose `min` is a name and a function at once."""
    code = ast.parse(expression, mode="eval")
    for node in ast.walk(code):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            node.func.id = f"{node.func.id}_"
    known = {f"{name}_": function for name, function in MEANT.items()} | {**values}
    try:
        found = eval(compile(code, "", "eval"), {"__builtins__": {}}, known)  # noqa: S307
    except (ArithmeticError, ValueError):
        return None
    return found if isinstance(found, float) and math.isfinite(found) else None


@given(
    expressions().filter(lambda text: len(text) <= MAX_LENGTH),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=5, max_size=5),
)
def test_it_means_what_python_means(expression: str, numbers: list[float]) -> None:
    values = dict(zip(NAMES, numbers, strict=True))
    found, expected = evaluate(expression, values), meant(expression, values)
    assert found == expected or str(found) == str(expected)


@given(st.text(max_size=MAX_LENGTH + 10) | st.text("ab1.e()+-*/% ,_", max_size=60))
@example("__import__('os').system('true')")
@example("().__class__.__bases__[0].__subclasses__()")
@example("9**9**9**9**9")
@example("1" * MAX_LENGTH)
@example("(" * MAX_LENGTH)
@example("-" * (MAX_LENGTH - 1) + "1")
@example("not " * 120 + "a")
@example("a" + "\x00")
@example("1if a else b")
@example("\uff41 + 1")
@example("a\u200bb")
@example("a\r\n+1")
@example("#")
@example("a#b")
@example("a\\\n+1")
def test_any_text_is_an_expression_or_refused_in_words(text: str) -> None:
    try:
        found = evaluate(text, dict.fromkeys(NAMES, 2.0))
    except ExpressionError as error:
        refusal = str(error)
    else:
        assert found is None or math.isfinite(found)
        assert re.fullmatch("[a-zA-Z0-9_.+*/%(), -]*", text)
        return
    assert refusal.split()[0] in {"is", "has", "cannot", "calls", "gives"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("a" * (MAX_LENGTH + 1), "has more than 500 characters"),
        ("a.real", "cannot be read from '.real' on"),
        ("a + b['x']", "cannot be read from \"['x']\" on"),
        ("0x10", "cannot be read from '0x10' on"),
        ("open(a)", "calls open, which is none of abs, exp, log, max, min, round, sqrt"),
        ("min(a)", "gives min 1 values, and it takes two or more"),
        ("1e999", "has a number that is too large"),
        ("+".join("a" * (MAX_DEPTH + 1)), "is nested in more than 100 levels"),
        (
            "(a + 1)(b)",
            "is no expression: it is made of numbers, names, + - * / % **, brackets, and ",
        ),
        ("a b", "is no expression: "),
        ("True", "is no expression: "),
        ("a // b", "is no expression: "),
        ("a if b else a", "is no expression: "),
    ],
    ids=lambda value: value[:20],
)
def test_a_refusal_says_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(ExpressionError) as refusal:
        parse(text)
    assert str(refusal.value).startswith(sentence)


def test_the_deepest_that_is_taken_is_computed() -> None:
    assert evaluate("+".join("a" * MAX_DEPTH), {"a": 1.0}) == MAX_DEPTH
    assert evaluate("-" * (MAX_DEPTH - 1) + "a", {"a": 1.0}) == -1.0


def test_the_worst_that_is_taken_is_computed_at_once() -> None:
    worst = [
        "**".join(["9"] * MAX_DEPTH),
        f"{'exp(' * 90}1{')' * 90}",
        f"max({','.join('a' * 200)})",
        f"round(a, {'9' * 300})",
    ]
    started = time.perf_counter()
    for text in worst:
        evaluate(text, {"a": 2.0})
    assert time.perf_counter() - started < 1


def test_values_are_computed_in_an_order_in_which_each_finds_what_it_needs() -> None:
    computed = {"d": "c + b", "c": "b * a", "b": "a + 1"}
    order = in_order(computed)
    assert order == ["b", "c", "d"]
    values = {"a": 2.0}
    for name in order:
        found = evaluate(computed[name], values)
        assert found is not None
        values[name] = found
    assert values == {"a": 2.0, "b": 3.0, "c": 6.0, "d": 9.0}


@given(
    st.dictionaries(
        st.sampled_from("abcdefgh"),
        st.lists(st.sampled_from("abcdefghxyz"), min_size=1, max_size=4),
    )
)
def test_an_order_is_found_or_a_way_round(uses: dict[str, list[str]]) -> None:
    computed = {name: " + ".join(used) for name, used in uses.items()}
    try:
        order = in_order(computed)
    except ExpressionCycleError as error:
        way = error.names
        assert way[0] == way[-1]
        assert all(later in uses[earlier] for earlier, later in pairwise(way))
    else:
        assert sorted(order) == sorted(computed)
        assert all(
            order.index(used) < order.index(name)
            for name in order
            for used in uses[name]
            if used in computed
        )


def test_reading_one_calls_nothing_and_opens_nothing() -> None:
    """Python tells an audit hook of whatever is opened, imported, run or executed."""
    script = """
import json, sys
from chalicelib.expressions import ExpressionError, evaluate
told = []
hostile = json.load(sys.stdin)
sys.addaudithook(lambda event, _: told.append(event))
for text in hostile:
    try:
        evaluate(text, {"a": 1.0})
    except ExpressionError:
        pass
told, seen = [], told
print(sorted(set(seen)))
"""
    hostile = [
        "a + 1",
        "min(a, 2)",
        "__import__('os')",
        "exec(a)",
        "breakpoint()",
        "a.b",
        "open(a)",
    ]
    result = subprocess.run(
        [sys.executable, "-c", script],
        input=json.dumps(hostile),
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "['compile']", "Python's parser has read it, and no more"


def test_what_is_written_twice_is_read_once() -> None:
    assert parse("a + 41") is parse("a + 41")
