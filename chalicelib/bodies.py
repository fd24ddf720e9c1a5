"""Bodies: what comes in and what goes out, each declared once, as a type.

A type is the parser, the document and the schema of a body at once. Where what comes in does not
fit, the error names the place by its path, such as `devices[3].cpu_pct`.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.errors import InvalidRequestError

__all__ = ["UNSET", "Body", "Meta", "UnsetType"]

T = TypeVar("T")

# Any text that PostgreSQL can hold: no NUL, and no half of a surrogate pair, which is not UTF-8.
STORABLE = r"^[^\x00\ud800-\udfff]*$"
MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1

_WHERE = re.compile(r"^(?P<problem>.*?)(?: - at `(?:key in )?\$(?P<path>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_PLAIN_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "datetime": "an instant",
}
_SHOWN = 40


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object: its fields, their limits and their descriptions.

    `rename="camel"` in the head of a subclass spells its names as the requirement of the backend
    does; others are spelled as they stand.
    """


# The kinds that bodies are made of. What a field means is added where it is declared:
# `Annotated[Text | None, Meta(description="…")]`.
Text = Annotated[str, Meta(pattern=STORABLE)]
ShortText = Annotated[str, Meta(pattern=STORABLE, max_length=256)]
Id = Annotated[str, Meta(pattern=STORABLE, min_length=1, max_length=256)]
WholeNumber = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Count = Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
SerialNumber = Annotated[int, Meta(ge=1, le=MAX_BIGINT)]
# What goes out. Whatever the zone of the database session, what comes out of it is in UTC.
Instant = Annotated[
    datetime,
    Meta(tz=True, extra_json_schema={"pattern": "Z$", "examples": ["2026-11-01T10:17:03.250000Z"]}),
]


def read(kind: type[T], value: object) -> T:
    """*value*, as JSON decodes it, as a *kind*.

    Raises `InvalidRequestError`, whose detail `parameter` is the path of what does not fit.
    """
    try:
        return _converted(kind, value)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, "field") from None
    except UnicodeError:
        # msgspec writes the name of an unknown field into its error, if UTF-8 can spell it.
        raise _naming("", "has a field whose name no text may hold") from None


def read_texts(kind: type[T], values: Mapping[str, str]) -> T:
    """Parameters of an address, which are all texts, as a *kind*; raises as `read` does."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, "parameter") from None


def _converted(kind: type[T], value: object) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if not _is_about_a_float(error):
            raise
    return msgspec.convert(_with_whole_numbers(value), kind)


def _is_about_a_float(error: msgspec.ValidationError) -> bool:
    return "`int" in str(error) and "got `float`" in str(error)


def _with_whole_numbers(value: object) -> object:
    """JSON has one kind of number: 120.0 is 120."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_BIGINT:
        return int(value)
    if isinstance(value, Mapping):
        return {name: _with_whole_numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_whole_numbers(item) for item in value]
    return value


def _refusal(error: msgspec.ValidationError, kind: type[Any], noun: str) -> InvalidRequestError:
    """What msgspec says of the first thing that does not fit, in the words of this application."""
    found = _WHERE.match(str(error))
    problem, path = (found["problem"], found["path"] or "") if found else (str(error), "")
    place = path.removeprefix(".")
    if missing := _MISSING.fullmatch(problem):
        return _naming(_joined(place, missing[1]), "is missing")
    if unknown := _UNKNOWN.fullmatch(problem):
        name = unknown[1][:_SHOWN]
        sentence = f"unknown {noun} {name!r}: this takes {_names_of(kind, path)}"
        return InvalidRequestError(sentence, parameter=_joined(place, name))
    if problem.startswith("Invalid enum value"):
        return _naming(place, f"must be one of {_choices_of(kind, path)}")
    return _naming(place, _in_plain_words(problem))


def _naming(place: str, problem: str) -> InvalidRequestError:
    shown = place or "body"
    return InvalidRequestError(f"{'the body' if not place else shown} {problem}", parameter=shown)


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _in_plain_words(problem: str) -> str:
    """From "Expected `int | null`, got `str`" to "must be a whole number or null, not text"."""
    if problem.endswith("out of range"):
        return "is out of range"
    for name, words in _PLAIN_WORDS.items():
        problem = re.sub(rf"\b{name}\b(?=[^`]*`)", words, problem)
    problem = problem.replace(" | ", " or ").replace("`", "").replace(", got ", ", not ")
    problem = problem.replace(f"matching regex {STORABLE!r}", "without characters no text may hold")
    return problem.replace("Expected", "must be", 1)


def _names_of(kind: type[Any], path: str) -> str:
    found = _type_at(kind, path)
    names = [field.encode_name for field in getattr(found, "fields", ())]
    return ", ".join(names) if names else "none"


def _choices_of(kind: type[Any], path: str) -> str:
    found = _type_at(kind, path)
    members = getattr(found, "cls", ())
    return ", ".join(str(member.value) for member in members)


def _type_at(kind: type[Any], path: str) -> object:
    """The declared type at *path*; only errors ask for it, so it is imported when one does."""
    from msgspec import inspect

    found: Any = inspect.type_info(kind)
    for name in re.findall(r"[^.\[\]]+|\[\.*\d*\.*\]", path):
        found = _part_of(found, name)
    return _without_null(found)


def _part_of(container: Any, name: str) -> Any:
    container = _without_null(container)
    if name.startswith("["):
        return getattr(container, "item_type", None) or getattr(container, "value_type", None)
    fields = {field.encode_name: field.type for field in getattr(container, "fields", ())}
    return fields.get(name)


def _without_null(found: Any) -> Any:
    """The one type of a union that is not null."""
    found = _without_metadata(found)
    kinds = [kind for kind in getattr(found, "types", ()) if type(kind).__name__ != "NoneType"]
    return _without_metadata(kinds[0] if kinds else found)


def _without_metadata(found: Any) -> Any:
    return found.type if type(found).__name__ == "Metadata" else found
