"""What comes in: the address, the parameters and the body of a request, as declared types."""

import json
import re
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
from chalicelib.errors import InvalidRequestError, StaleVersionError, UnknownResourceError
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

    def header(self, header: "Header") -> str | None:
        """What the request says in *header*; raises `InvalidRequestError` where it cannot be."""
        return header.read(self.request.headers.get(header.name))

    def require_version(self, version: int) -> None:
        """Raise `StaleVersionError` where the request is for another version than this one.

        A request without `If-Match` is for any.
        """
        wanted = self.header(IF_MATCH)
        if wanted is not None and wanted not in ("*", f'"{version}"'):
            raise StaleVersionError(
                "it has been changed since it was read: read it again", version=version
            )


@dataclass(frozen=True)
class Header:
    """A header that a route takes: its name, what it may say, and what that means."""

    name: str
    pattern: str
    description: str
    example: str

    def read(self, text: str | None) -> str | None:
        """*text* itself; raises `InvalidRequestError` where it cannot be a value of the header."""
        if text is not None and not re.fullmatch(self.pattern, text):
            raise InvalidRequestError(f"{self.name} must match {self.pattern}", parameter=self.name)
        return text


IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    "[!-~]{1,128}",
    "A name for this request. Sent again with the same key within 24 hours, it is not carried out "
    "again: its first answer is.",
    "7d1f0a52-6d1c-4a0e-9f0b-3c8f2f6f1f7e",
)
IF_MATCH = Header(
    "If-Match",
    '"[0-9]{1,18}"|[*]',
    "The `ETag` of what is to be changed, as it was read. If it has been changed since, the answer "
    "is 412.",
    '"3"',
)


@contextmanager
def reading(organization: str | None = None) -> Iterator[Connection]:
    """The transaction in which a request reads, ended in time to answer.

    It sees the rows of *organization*, as `database.transaction` says.
    """
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(REQUEST_SECONDS)
    with (
        database.busy_when_late(),
        database.transaction(engine, deadline, organization) as connection,
    ):
        yield connection


def writing(work: Callable[[Connection], T], organization: str | None = None) -> T:
    """The result of *work* in a transaction, tried again while that can help and a caller waits.

    *work* must be idempotent: a commit whose answer was lost is repeated. It sees the rows of
    *organization*.
    """
    engine = database.engine_for(database_from_environment())
    deadline = Deadline.after(REQUEST_SECONDS)

    def attempt() -> T:
        with database.transaction(engine, deadline, organization) as connection:
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
