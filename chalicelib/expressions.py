"""Small arithmetic expressions over named numbers, such as `temperature * 1.8 + 32`.

Strangers write them, and every reading may evaluate one. Python's own grammar reads them, and what
it makes of them is let through by the kind of each part: numbers, names, six operators and a few
functions. Nothing of a text ever reaches the interpreter, and length and depth are bounded, so that
evaluating one takes microseconds.
"""

import ast
import math
import operator
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import Any

MAX_LENGTH = 500
MAX_DEPTH = 100
# What is called by a name that an expression can say.
NAME = "[A-Za-z][A-Za-z0-9_]{0,63}"

_Values = Mapping[str, float]
_Compute = Callable[[_Values], float]

_TOKEN = re.compile(
    r" *(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?(?![A-Za-z0-9_.])"
    r"|[A-Za-z_][A-Za-z0-9_]*|[-+*/%(),])"
)
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    # The power of a negative number may be complex: math's refuses instead.
    ast.Pow: math.pow,
}
_SIGNS: dict[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_SHOWN = 40


class ExpressionError(ValueError):
    """Why a text is no expression, as what follows its name: "is empty"."""


class ExpressionCycleError(ExpressionError):
    """Expressions are computed from each other; *names* goes round once."""

    def __init__(self, names: list[str]) -> None:
        self.names = names
        way = " from ".join(names[1:]) or names[0]
        super().__init__(f"is computed from itself: {names[0]} from {way}")


@dataclass(frozen=True)
class Expression:
    """An expression that has been read: *names* are those of the values it is computed from."""

    names: frozenset[str]
    _compute: _Compute

    def evaluate(self, values: Mapping[str, float]) -> float | None:
        """Its value; None where one of *values* is missing or no number, or where it has none."""
        try:
            result = self._compute({name: _finite(values[name]) for name in self.names})
        except (KeyError, TypeError, ValueError, ArithmeticError):
            return None
        return result if math.isfinite(result) else None


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """*text* as an expression; raises `ExpressionError`, which says why it is none."""
    if not text.strip(" "):
        raise ExpressionError("is empty")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"has more than {MAX_LENGTH} characters")
    _require_tokens(text.rstrip(" "))
    root = _tree(text.strip(" "))
    compute = _compute_of(root, 1)
    return Expression(_names_in(root), compute)


def evaluate(expression: str, values: Mapping[str, float]) -> float | None:
    """The value of *expression* for *values*, or None where it has none.

    It has none where a value is missing or not finite, and where the result is not: divided by
    zero, the root of a negative number, too large. Raises `ExpressionError` for a text that `parse`
    refuses.
    """
    return parse(expression).evaluate(values)


def in_order(expressions: Mapping[str, str]) -> list[str]:
    """The names of *expressions* in an order in which each finds what it is computed from.

    Raises `ExpressionCycleError` where there is none.
    """
    uses = {name: parse(text).names & expressions.keys() for name, text in expressions.items()}
    sorter = TopologicalSorter({name: sorted(used) for name, used in uses.items()})
    try:
        return list(sorter.static_order())
    except CycleError as error:
        # Each of them is used by the one that follows it.
        raise ExpressionCycleError(error.args[1][::-1]) from None


def _require_tokens(text: str) -> None:
    """Raise for whatever Python reads and an expression is not: 0x10, 1_000, texts, brackets."""
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            rest = text[place:].lstrip(" ")
            raise ExpressionError(f"cannot be read from {rest[:_SHOWN]!r} on")
        place = found.end()


def _tree(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ExpressionError(f"is no expression: {_HINT}") from None


def _compute_of(node: ast.expr, depth: int) -> _Compute:
    """The function that computes *node*."""
    if depth > MAX_DEPTH:
        raise ExpressionError(f"is nested in more than {MAX_DEPTH} levels")
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _constant(value)
        case ast.Name(id=name):
            return operator.itemgetter(name)
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in _SIGNS:
            return _applied(_SIGNS[type(sign)], [operand], depth)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATORS:
            return _applied(_OPERATORS[type(sign)], [left, right], depth)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
            return _applied(_function(name, len(arguments)), arguments, depth)
    raise ExpressionError(f"is no expression: {_HINT}")


def _constant(value: object) -> _Compute:
    try:
        number = _finite(value)
    except (ValueError, OverflowError):
        raise ExpressionError("has a number that is too large") from None
    return lambda _: number


def _applied(function: Callable[..., float], arguments: list[ast.expr], depth: int) -> _Compute:
    computes = [_compute_of(argument, depth + 1) for argument in arguments]
    if len(computes) == 1:
        [only] = computes
        return lambda values: function(only(values))
    if len(computes) == 2:
        first, second = computes
        return lambda values: function(first(values), second(values))
    return lambda values: function(*(compute(values) for compute in computes))


def _function(name: str, count: int) -> Callable[..., float]:
    if name not in FUNCTIONS:
        known = ", ".join(FUNCTIONS)
        raise ExpressionError(f"calls {name[:_SHOWN]}, which is none of {known}")
    function, least, most = _CALLED[name]
    if not least <= count <= most:
        raise ExpressionError(f"gives {name} {count} values, and it takes {FUNCTIONS[name]}")
    return function


def _names_in(root: ast.expr) -> frozenset[str]:
    called = {node.func for node in ast.walk(root) if isinstance(node, ast.Call)}
    names = (node for node in ast.walk(root) if isinstance(node, ast.Name))
    return frozenset(node.id for node in names if node not in called)


def _finite(value: Any) -> float:
    if not isinstance(value, int | float):
        raise TypeError("no number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return number


def _round(value: float, digits: float = 0.0) -> float:
    """To so many digits after the point; half goes to the even neighbour."""
    if not digits.is_integer():
        raise ValueError("no whole number of digits")
    return round(value, int(digits))


_CALLED: dict[str, tuple[Callable[..., float], int, float]] = {
    "abs": (operator.abs, 1, 1),
    "exp": (math.exp, 1, 1),
    "log": (math.log, 1, 1),
    "max": (max, 2, math.inf),
    "min": (min, 2, math.inf),
    "round": (_round, 1, 2),
    "sqrt": (math.sqrt, 1, 1),
}
# What may be called, and how many values each takes.
FUNCTIONS = {
    "abs": "one",
    "exp": "one",
    "log": "one",
    "max": "two or more",
    "min": "two or more",
    "round": "one or two",
    "sqrt": "one",
}
_HINT = f"it is made of numbers, names, + - * / % **, brackets, and {', '.join(FUNCTIONS)}"
