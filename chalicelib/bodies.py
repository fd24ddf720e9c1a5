"""The bodies of requests and of answers, each declared once, as a type.

A type is the parser, the document and the schema of a body at once. Where a request does not fit,
the error names the place by its path, such as `devices[3].cpu_pct`.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from chalicelib.errors import InvalidRequestError
from chalicelib.instants import SPELLED

__all__ = ["UNSET", "Body", "Meta", "UnsetType"]

T = TypeVar("T")

# Any text that PostgreSQL can hold: no NUL, and no half of a surrogate pair, which is not UTF-8.
STORABLE = r"^[^\x00\ud800-\udfff]*$"
# The end of a text. `$` alone lets a line end follow.
END = r"$(?!\n)"
# Halves of characters, which Python's JSON reads and UTF-8 cannot spell.
HALVES = r"\ud800-\udfff"
_CONTROL = rf"\x00-\x1f\x7f-\x9f\u2028\u2029{HALVES}"
# What shows nothing, or turns the text around it: two names that look the same would differ. The
# two joiners are not among them: several scripts, and emoji, are spelled with them.
_UNSEEN = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
)
_JOINERS = r"\u200c\u200d"
MAX_INTEGER = 2**31 - 1
MAX_BIGINT = 2**63 - 1
MAX_NUMBER = sys.float_info.max

_WHERE = re.compile(
    r"^(?P<problem>.*?)(?: - at (?P<in_name>`key` in )?`\$(?P<path>.*)`)?$", re.DOTALL
)
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
# What is said of a text that a pattern does not match.
_SPELLINGS = {STORABLE: "holds a character no text may hold"}
_UNBOUNDED = re.compile(rf" [<>]= -?{re.escape(str(MAX_NUMBER))}$")
_SHOWN = 40
_MOST_NAMES = 100
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,40}")


def spelled(pattern: str, says: str) -> str:
    """*pattern* itself, of which the refusal of a text says this: "must be an e-mail address"."""
    _SPELLINGS[pattern] = says
    return pattern


def one_line(most: int) -> str:
    """The pattern of a text that people read in a line, of at most so many characters."""
    end = rf"[^\s{_CONTROL}{_UNSEEN}{_JOINERS}]"
    return spelled(
        rf"^{end}([^{_CONTROL}{_UNSEEN}]{{0,{most - 2}}}{end})?{END}",
        f"must be one line of at most {most} characters, all to be seen, without spaces around it",
    )


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A JSON object: its fields, their limits and their descriptions.

    `rename="camel"` in the head of a subclass spells its names as the requirement of the backend
    does; without it they stay as they are.
    """


# The kinds that bodies are made of. What a field means is added where it is declared:
# `Annotated[Text | None, Meta(description="…")]`.
Text = Annotated[str, Meta(pattern=STORABLE)]
ShortText = Annotated[str, Meta(pattern=STORABLE, max_length=256)]
Id = Annotated[str, Meta(pattern=STORABLE, min_length=1, max_length=256)]


# What people call something.
Name = Annotated[str, Meta(pattern=one_line(100))]
WholeNumber = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Count = Annotated[int, Meta(ge=0, le=MAX_BIGINT)]
SerialNumber = Annotated[int, Meta(ge=1, le=MAX_BIGINT)]
# Python's JSON knows NaN and Infinity, and takes 1e400 for the latter. A number that comes in is
# bounded on both sides, by these limits or by narrower ones, which keeps them out.
Number = Annotated[float, Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]
# For answers. An instant that is read from the database is in UTC, whatever the session's zone.
Instant = Annotated[
    datetime,
    Meta(tz=True, extra_json_schema={"pattern": "Z$", "examples": ["2026-11-01T10:17:03.250000Z"]}),
]


def read(kind: type[T], value: object) -> T:
    """*value*, as JSON decodes it, as a *kind*.

    Raises `InvalidRequestError`, whose detail `parameter` is the path of what does not fit.
    """
    try:
        return msgspec.convert(value, kind)
    except (msgspec.ValidationError, UnicodeError, RecursionError):
        # Batches are read item by item: what is right must not wait for what finds faults.
        return _read_again(kind, value)


def _read_again(kind: type[T], value: object) -> T:
    """*value* with what msgspec gets wrong in JSON put right; raises the refusal in our words."""
    with _refusing(kind, "field"):
        try:
            return _converted(kind, value)
        except UnicodeError:
            return _converted(kind, _each(value, _spellable))
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(_with_key(kind, value, str(error))) from None


def read_texts(kind: type[T], values: Mapping[str, str]) -> T:
    """Parameters of an address, which are all texts, as a *kind*; raises as `read` does."""
    with _refusing(kind, "parameter"):
        try:
            return msgspec.convert(values, kind, strict=False)
        except UnicodeError:
            return msgspec.convert(_each(values, _spellable), kind, strict=False)


@contextmanager
def _refusing(kind: type[Any], noun: str) -> Iterator[None]:
    try:
        yield
    except msgspec.ValidationError as error:
        raise _refusal(error, kind, noun) from None
    except RecursionError:
        raise _naming("", "is nested too deeply") from None


def _converted(kind: type[T], value: object) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if not _is_about_a_float(error):
            raise
    return msgspec.convert(_each(value, _whole), kind)


def _with_key(kind: type[Any], value: object, problem: str) -> str:
    """*problem*, of msgspec, with the name that it leaves out where names are free.

    It is the one that is refused in the same words where no other is there. One that is not plain
    stays out: nobody could tell it from the path around it.
    """
    path, is_free, _ = problem.rpartition("`$.")[2].partition("[...]")
    found = value.get(path) if isinstance(value, dict) else None
    if not is_free or not isinstance(found, dict):
        return problem
    for name in list(found)[:_MOST_NAMES]:
        try:
            _converted(kind, {**value, path: {name: found[name]}})  # type: ignore[dict-item]
        except msgspec.ValidationError as error:
            if str(error) == problem and _PLAIN_KEY.fullmatch(name):
                return problem.replace("[...]", f".{name}")
    return problem


def _is_about_a_float(error: msgspec.ValidationError) -> bool:
    return "`int" in str(error) and "got `float`" in str(error)


def _each(value: object, change: Callable[[Any], object]) -> object:
    """*value* with every name, text and number in it changed."""
    if isinstance(value, Mapping):
        return {change(name): _each(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [_each(item, change) for item in value]
    return change(value)


def _whole(value: object) -> object:
    """JSON has one kind of number: 120.0 is 120."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) <= MAX_BIGINT
    return int(value) if is_whole else value  # type: ignore[call-overload]


def _spellable(value: object) -> object:
    """A text as UTF-8 can spell it: msgspec could not show any other text in its error."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def _refusal(error: msgspec.ValidationError, kind: type[Any], noun: str) -> InvalidRequestError:
    """The error for the first thing that does not fit, in the words of this application."""
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
    words = _in_plain_words(problem)
    if noun == "parameter":
        words = words.removesuffix(", not text")
    return _naming(place, words, whose="a name in " if found and found["in_name"] else "")


def _naming(place: str, problem: str, whose: str = "") -> InvalidRequestError:
    sentence = f"{whose}{place or 'the body'} {problem}"
    return InvalidRequestError(sentence, parameter=place or "body")


def _joined(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _in_plain_words(problem: str) -> str:
    """From "Expected `int | null`, got `str`" to "must be a whole number or null, not text"."""
    if problem.endswith("out of range"):
        return "is out of range"
    if "RFC3339" in problem or "timezone" in problem:
        return f"must be {SPELLED}"
    for pattern, says in _SPELLINGS.items():
        if repr(pattern) in problem:
            return says
    for name, words in _PLAIN_WORDS.items():
        problem = re.sub(rf"\b{name}\b(?=[^`]*`)", words, problem)
    problem = problem.replace(" | ", " or ").replace("`", "").replace(", got ", ", not ")
    if "whole number" in problem:
        problem = problem.removesuffix(", not a number")
    problem = _UNBOUNDED.sub(" that is finite", problem)
    return problem.replace("Expected", "must be", 1).replace("Invalid", "is not a valid", 1)


def _names_of(kind: type[Any], path: str) -> str:
    found = _type_at(kind, path)
    names = [field.encode_name for field in getattr(found, "fields", ())]
    return ", ".join(names) if names else "none"


def _choices_of(kind: type[Any], path: str) -> str:
    found = _type_at(kind, path)
    members = getattr(found, "cls", ())
    return ", ".join(str(member.value) for member in members)


def _type_at(kind: type[Any], path: str) -> object:
    """The declared type at *path*.

    Only errors need it, so the module that reads types is imported here.
    """
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
    # Where names are free, each leads to the same.
    return fields.get(name, getattr(container, "value_type", None))


def _without_null(found: Any) -> Any:
    """The one type of a union that is not null."""
    found = _without_metadata(found)
    kinds = [kind for kind in getattr(found, "types", ()) if type(kind).__name__ != "NoneType"]
    return _without_metadata(kinds[0] if kinds else found)


def _without_metadata(found: Any) -> Any:
    return found.type if type(found).__name__ == "Metadata" else found
