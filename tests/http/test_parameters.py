"""What the parameters of an address may not be, and the sentence that says so."""

from collections.abc import Mapping
from enum import StrEnum

import pytest

from chalicelib import bodies
from chalicelib.bodies import UNSET, Body, Instant, Number, Text, UnsetType, WholeNumber
from chalicelib.errors import InvalidRequestError

AN_INSTANT = "must be an ISO 8601 instant with its zone, such as 2026-11-01T10:17:03.25Z"
UNHOLDABLE = "holds a character no text may hold"
HUGE = "x" * 1_000_000


class Colour(StrEnum):
    """Of a machine."""

    RED = "red"
    BLUE = "blue"


class MachineQuery(Body):
    """Parameters of every kind."""

    colour: Colour | UnsetType = UNSET
    pieces: WholeNumber | UnsetType = UNSET
    is_on: bool | UnsetType = UNSET
    weight: Number | UnsetType = UNSET
    since: Instant | UnsetType = UNSET
    note: Text | UnsetType = UNSET


def refusal_of_texts(values: Mapping[str, str]) -> tuple[str, str]:
    with pytest.raises(InvalidRequestError) as caught:
        bodies.read_texts(MachineQuery, values)
    return caught.value.message, caught.value.details["parameter"]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("colour", "red", Colour.RED),
        ("pieces", "0", 0),
        ("pieces", "120", 120),
        ("is_on", "true", True),
        ("is_on", "false", False),
        ("weight", "-1.5e3", -1500.0),
        ("note", "", ""),
        ("note", "null", "null"),
        ("note", "120", "120"),
    ],
)
def test_parameters_are_read_from_their_texts(name: str, text: str, value: object) -> None:
    assert getattr(bodies.read_texts(MachineQuery, {name: text}), name) == value


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("colour", "green", "must be one of red, blue"),
        ("colour", "", "must be one of red, blue"),
        ("colour", "\ud800", "must be one of red, blue"),
        *(
            ("pieces", text, "must be a whole number")
            for text in ["", "ten", "1.5", " 5", "5 ", "+5", "05", "0x5", "1_0", "5\n", "٣", "null"]
        ),
        ("pieces", "-1", "must be a whole number >= 0"),
        ("pieces", "9" * 400, "must be a whole number <= 2147483647"),
        ("pieces", "9" * 5000, "is out of range"),
        ("is_on", "yes", "must be true or false"),
        ("weight", "heavy", "must be a number"),
        ("weight", "nan", "must be a number that is finite"),
        ("weight", "inf", "must be a number that is finite"),
        ("weight", "1e400", "is out of range"),
        ("since", "yesterday", AN_INSTANT),
        ("note", "a\0", UNHOLDABLE),
        ("note", "\ud800", UNHOLDABLE),
    ],
)
def test_a_parameter_that_does_not_fit_is_named(name: str, text: str, problem: str) -> None:
    assert refusal_of_texts({name: text}) == (f"{name} {problem}", name)


@pytest.mark.parametrize(
    ("name", "shown"), [("color", "color"), (HUGE, "x" * 40), ("c\ud800", "c?"), ("", "")]
)
def test_an_unknown_parameter_is_named_beside_those_there_are(name: str, shown: str) -> None:
    assert refusal_of_texts({name: "red"}) == (
        f"unknown parameter {shown!r}: this takes colour, pieces, is_on, weight, since, note",
        shown,
    )


class Nothing(Body):
    """Takes nothing."""


def test_where_nothing_can_be_given_that_is_said() -> None:
    with pytest.raises(InvalidRequestError, match="unknown parameter 'a': this takes none"):
        bodies.read_texts(Nothing, {"a": "1"})
    with pytest.raises(InvalidRequestError, match="unknown field 'a': this takes none"):
        bodies.read(Nothing, {"a": 1})
