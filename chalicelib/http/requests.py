"""What comes in: the address, the parameters and the body of a request, as declared types."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import unquote

import msgspec
from chalice.app import Request
from sqlalchemy import Connection

from chalicelib import bodies, database
from chalicelib.access.callers import principal_of
from chalicelib.access.model import Principal
from chalicelib.audit import Actor
from chalicelib.bodies import Body
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError, UnknownResourceError
from chalicelib.http.answers import request_id_of
from chalicelib.settings import database_from_environment
from chalicelib.text import is_storable_text

Q = TypeVar("Q")
B = TypeVar("B")
T = TypeVar("T")

# API Gateway answers for us after 29 seconds; better to answer ourselves.
REQUEST_SECONDS = 25.0
_SHOWN = 40


class Nothing(Body):
    """A query without parameters."""


@dataclass(frozen=True)
class Asked(Generic[Q, B]):
    """A request, as its route declares it: the query, and the body where there is one."""

    request: Request
    query: Q
    body: B

    @property
    def actor(self) -> Actor:
        """Who asks, for the audit log."""
        return Actor(self.principal.subject, request_id_of(self.request))

    @property
    def principal(self) -> Principal:
        """Who asks; raises `UnauthorizedError` on an open route that was called without a token."""
        return principal_of(self.request)


@contextmanager
def reading() -> Iterator[Connection]:
    """The transaction in which a request reads, ended in time to answer."""
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(REQUEST_SECONDS)
    with database.busy_when_late(), database.transaction(engine, deadline) as connection:
        yield connection


def writing(work: Callable[[Connection], T]) -> T:
    """The result of *work* in a transaction, tried again while that can help and a caller waits.

    *work* must be idempotent: a commit whose answer was lost is repeated.
    """
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(REQUEST_SECONDS)

    def attempt() -> T:
        with database.transaction(engine, deadline) as connection:
            return work(connection)

    with database.busy_when_late():
        return database.retry(attempt, deadline)


def query_of(request: Request, kind: type[Q]) -> Q:
    """The query string as a *kind*.

    Raises `InvalidRequestError` naming a parameter that is unknown, repeated or malformed.
    """
    given = request.query_params
    if given is None:
        return bodies.read_texts(kind, {})
    query = bodies.read_texts(kind, dict(given))
    for name in given:
        if len(given.getlist(name)) > 1:
            raise InvalidRequestError(f"{name} is given more than once", parameter=name)
    return query


def json_of(request: Request) -> object:
    """The JSON of the body, an empty object where there is no body.

    Raises `InvalidRequestError` for anything else.
    """
    if not request.raw_body:
        return {}
    try:
        return json.loads(request.raw_body)
    except (ValueError, RecursionError):
        raise InvalidRequestError("the body must be JSON", parameter="body") from None


def path_values(given: Mapping[str, str], kinds: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of a path, by name, as the *kinds* that the view declares.

    Raises `UnknownResourceError` for a text that cannot name anything, such as a word where ids
    are numbers, and `InvalidRequestError` for one that no text column can hold.
    """
    return {name: _path_value(name, raw, kinds[name]) for name, raw in given.items()}


def _path_value(name: str, raw: str, kind: Any) -> Any:
    # API Gateway's REST APIs, and Chalice, hand them on as the URL spells them.
    try:
        text = unquote(raw, errors="strict")
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{name} is not UTF-8", parameter=name) from None
    if not is_storable_text(text):
        raise InvalidRequestError(f"{name} holds a character no text may hold", parameter=name)
    try:
        value = msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        value = None
    # msgspec takes 1.0 and 1e0 for 1 as well, which would give a thing several addresses.
    if value is None or (isinstance(value, int) and not text.isdecimal()):
        raise UnknownResourceError(f"there is no {name} {text[:_SHOWN]!r}")
    return value
