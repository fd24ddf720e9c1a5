"""What a body, or the parameters of an address, may not be, and the sentence that says so."""

import math
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bodies
from chalicelib.bodies import (
    UNSET,
    Body,
    Count,
    Id,
    Instant,
    Meta,
    Number,
    ShortText,
    Text,
    UnsetType,
    WholeNumber,
)
from chalicelib.errors import InvalidRequestError


class Colour(StrEnum):
    """Of a part."""

    RED = "red"
    BLUE = "blue"


class Part(Body):
    """What is inside of a machine."""

    name: Id
    colour: Colour | UnsetType = UNSET
    weight: Number | None = None
    share: Annotated[float, Meta(ge=0, le=100)] = 0
    pieces: WholeNumber | None = None


class Machine(Body, rename="camel"):
    """A body of every kind of field."""

    machine_id: Id
    parts: list[Part] = msgspec.field(default_factory=list)
    by_place: dict[Text, list[Part]] = msgspec.field(default_factory=dict)
    note: ShortText | None = None
    total: Count | UnsetType = UNSET
    colours: Annotated[list[Colour], Meta(max_length=3)] = msgspec.field(default_factory=list)
    is_on: bool = False
    extra: Any = None
    since: Instant | None = None


FIELDS = "machineId, parts, byPlace, note, total, colours, isOn, extra, since"
PART_FIELDS = "name, colour, weight, share, pieces"
AN_INSTANT = "must be an ISO 8601 instant with its zone, such as 2026-11-01T10:17:03.25Z"
UNHOLDABLE = "holds a character no text may hold"
HUGE = "x" * 1_000_000


def machine(**fields: Any) -> dict[str, Any]:
    return {"machineId": "m", **fields}


def with_part(**fields: Any) -> dict[str, Any]:
    """A machine whose second part is like this."""
    return machine(parts=[{"name": "a"}, {"name": "b", **fields}])


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = [found]
    return found


def refusal(value: object) -> tuple[str, str]:
    """The sentence, and the place that it names for programs."""
    with pytest.raises(InvalidRequestError) as caught:
        bodies.read(Machine, value)
    assert caught.value.details.keys() == {"parameter"}
    return caught.value.message, caught.value.details["parameter"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [([], "a list"), (None, "null"), ("m", "text"), (1, "a whole number"), (True, "true or false")],
)
def test_a_body_that_is_no_object_is_said_to_be_none(value: object, kind: str) -> None:
    assert refusal(value) == (f"the body must be an object, not {kind}", "body")


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({}, "machineId"),
        (machine(parts=[{}]), "parts[0].name"),
        (machine(byPlace={"top": [{"name": "a"}, {}]}), "byPlace.top[1].name"),
    ],
)
def test_a_missing_field_is_named_by_its_path(value: object, place: str) -> None:
    assert refusal(value) == (f"{place} is missing", place)


@pytest.mark.parametrize(
    ("value", "name", "place", "known"),
    [
        (machine(machine_id="m"), "machine_id", "machine_id", FIELDS),
        (machine(**{"": 1}), "", "", FIELDS),
        (machine(**{HUGE: 1}), "x" * 40, "x" * 40, FIELDS),
        (with_part(size=1), "size", "parts[1].size", PART_FIELDS),
        (machine(byPlace={"top": [{"name": "a", "z": 1}]}), "z", "byPlace.top[0].z", PART_FIELDS),
        # What UTF-8 cannot spell is shown as a question mark.
        (machine(**{"n\ud800": 1}), "n?", "n?", FIELDS),
        (with_part(**{"n\ud800": 1}), "n?", "parts[1].n?", PART_FIELDS),
    ],
)
def test_an_unknown_field_is_named_beside_those_there_are(
    value: object, name: str, place: str, known: str
) -> None:
    assert refusal(value) == (f"unknown field {name!r}: this takes {known}", place)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (with_part(name=7), "parts[1].name must be text, not a whole number"),
        (with_part(name=1.5), "parts[1].name must be text, not a number"),
        (with_part(weight="1"), "parts[1].weight must be a number or null, not text"),
        (with_part(weight=True), "parts[1].weight must be a number or null, not true or false"),
        (with_part(share=None), "parts[1].share must be a number, not null"),
        (with_part(share=-1), "parts[1].share must be a number >= 0.0"),
        (with_part(share=100.5), "parts[1].share must be a number <= 100.0"),
        (with_part(pieces=[]), "parts[1].pieces must be a whole number or null, not a list"),
        (machine(isOn=1), "isOn must be true or false, not a whole number"),
        (machine(isOn="true"), "isOn must be true or false, not text"),
        (machine(parts={}), "parts must be a list, not an object"),
        (machine(byPlace=[]), "byPlace must be an object, not a list"),
        (machine(byPlace={"top": {}}), "byPlace.top must be a list, not an object"),
        (machine(colours=["red"] * 4), "colours must be a list of length <= 3"),
        (machine(since="yesterday"), f"since {AN_INSTANT}"),
        (machine(since="2026-11-01T10:17:03"), f"since {AN_INSTANT}"),
        (machine(since=7), "since must be an instant or null, not a whole number"),
    ],
)
def test_what_has_another_type_or_size_is_told_what_it_must_be(
    value: object, sentence: str
) -> None:
    assert refusal(value) == (sentence, sentence.partition(" ")[0])


@pytest.mark.parametrize("colour", ["green", "", "RED", "r" * 1_000_000, "\ud800"])
def test_a_text_that_is_no_choice_is_told_the_choices(colour: str) -> None:
    place = "parts[1].colour"
    assert refusal(with_part(colour=colour)) == (f"{place} must be one of red, blue", place)
    choices = ("colours[1] must be one of red, blue", "colours[1]")
    assert refusal(machine(colours=["red", colour])) == choices


def test_a_whole_number_may_be_spelled_as_a_fraction() -> None:
    read = bodies.read(Machine, {**with_part(pieces=120.0), "total": 2.0**53})
    assert (read.parts[1].pieces, read.total) == (120, 2**53)
    assert [type(number) for number in (read.parts[1].pieces, read.total)] == [int, int]


@pytest.mark.parametrize("value", [120.5, 1e300, math.nan, math.inf, -math.inf])
def test_no_other_fraction_is_a_whole_number(value: float) -> None:
    place = "parts[1].pieces"
    expected = (f"{place} must be a whole number or null", place)
    assert refusal(with_part(pieces=value)) == expected


@pytest.mark.parametrize("value", [2**31, 2**70, 10**400, 2.0**40])
def test_a_whole_number_beyond_the_column_is_refused(value: float) -> None:
    place = "parts[1].pieces"
    expected = (f"{place} must be a whole number <= 2147483647", place)
    assert refusal(with_part(pieces=value)) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("field", ["weight", "share"])
def test_what_json_does_not_know_is_no_number(field: str, value: float) -> None:
    sentence, place = refusal(with_part(**{field: value}))
    assert (sentence.startswith(f"{place} must be a number"), place) == (True, f"parts[1].{field}")


def test_a_number_that_is_not_bounded_need_only_be_finite() -> None:
    place = "parts[1].weight"
    assert refusal(with_part(weight=math.inf)) == (
        f"{place} must be a number that is finite",
        place,
    )
    assert refusal(with_part(weight=10**400)) == (f"{place} is out of range", place)
    assert bodies.read(Machine, with_part(weight=-1e300)).parts[1].weight == -1e300


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff"])
def test_a_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    assert refusal(machine(note=text)) == (f"note {UNHOLDABLE}", "note")
    assert refusal(with_part(name=text)) == (f"parts[1].name {UNHOLDABLE}", "parts[1].name")
    # A name among others, of which only the place of all of them can be said.
    assert refusal(machine(byPlace={text: []})) == (f"a name in byPlace {UNHOLDABLE}", "byPlace")


def test_a_text_may_hold_anything_else() -> None:
    text = "line\nbreak, tab\t, \x7f, \N{SNOWMAN}, \U0001f600, \uffff"
    assert bodies.read(Machine, machine(note=text)).note == text


@pytest.mark.parametrize("text", ["x" * 257, HUGE])
def test_a_text_that_is_too_long_is_not_shown(text: str) -> None:
    assert refusal(machine(note=text)) == ("note must be text of length <= 256", "note")
    assert refusal(machine(machineId="")) == ("machineId must be text of length >= 1", "machineId")


@pytest.mark.parametrize("depth", [900, 5_000, 100_000])
def test_however_deep_a_body_is_it_is_read_or_refused(depth: int) -> None:
    deep = nested(depth)
    assert bodies.read(Machine, machine(extra=deep)).extra is deep
    assert refusal(machine(parts=deep))[1] == "parts[0]"
    assert refusal(machine(deep=deep))[1] == "deep"
    # Here every number is looked at, which goes as deep as the body does.
    assert refusal(machine(total=1.5, extra=deep))[1] in ("total", "body")
    assert refusal(machine(colours=["\ud800"], extra=deep))[1] in ("colours[0]", "body")


def test_a_body_that_is_nested_too_deeply_is_told_so() -> None:
    sentence, _ = refusal(machine(total=1.5, extra=nested(100_000)))
    assert sentence == "the body is nested too deeply"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(Colour),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["machineId", "name", "parts", "byPlace", "pieces", "extra"])
            | st.text(st.characters(codec=None), max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(JSON, st.sampled_from(["parts", "byPlace", "note", "total", "colours", "isOn", "since"]))
def test_whatever_comes_in_is_read_or_refused_in_one_sentence(value: Any, field: str) -> None:
    for body in (
        value,
        machine(**{field: value}),
        with_part(pieces=value),
        with_part(colour=value),
    ):
        try:
            bodies.read(Machine, body)
        except InvalidRequestError as error:
            assert_is_a_sentence(error.message)
            error.details["parameter"].encode()


def assert_is_a_sentence(message: str) -> None:
    """Nothing of Python's words or msgspec's, and nothing that does not fit a line."""
    assert "Expected" not in message
    assert "regex" not in message
    assert not {"str", "int", "float", "bool", "array"} & set(message.split())
    assert len(message) < 300
    assert message.isprintable()
