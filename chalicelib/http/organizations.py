"""Requests about what belongs to organizations: whose rows they see, and that each is done once."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar
from uuid import uuid4

import msgspec
from sqlalchemy import Connection

from chalicelib import idempotency
from chalicelib.access import organizations
from chalicelib.bodies import END, UNSET, Body, Meta, UnsetType, spelled
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.http.answers import Answer
from chalicelib.http.requests import IDEMPOTENCY_KEY, IF_MATCH, Asked, reading, writing
from chalicelib.idempotency import Asking, KeptAnswer
from chalicelib.listing import ListQuery
from chalicelib.paging import PageQuery

T = TypeVar("T")

OrganizationId = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,63}}{END}",
            "must be an id of at most 64 letters, digits, dots, dashes and underscores",
        ),
        description="The organization.",
        examples=["org-789"],
    ),
]
# What is done for a caller who gave no key is kept as well: its commit may be repeated.
_OWN_KEY_START = "request "


_Named = Annotated[
    OrganizationId,
    Meta(
        description="The organization that is meant. The platform's own people name it to see one "
        "only, and to write, unless there is only one. Others may name their own."
    ),
]


class OrganizationQuery(Body, rename="camel"):
    """Which organization is meant."""

    organization_id: _Named | UnsetType = UNSET


class OwnedListQuery(ListQuery, rename="camel"):
    """Which page of a list, and of the items of which organization."""

    organization_id: _Named | UnsetType = UNSET


class OwnedPageQuery(PageQuery, rename="camel"):
    """How many items, after which key, and of which organization."""

    organization_id: _Named | UnsetType = UNSET


def seen_by_caller(asked: Asked[Any, Any]) -> str:
    """The organization whose rows the caller of *asked* sees, or `EVERY_ORGANIZATION`.

    Raises `UnknownOrganizationError` where another one than the caller's own is named.
    """
    return organizations.seen_by(asked.principal, _named(asked))


@contextmanager
def reading_for(asked: Asked[Any, Any]) -> Iterator[Connection]:
    """The transaction in which *asked* reads: it sees what its caller may see, and has named.

    Raises `UnknownOrganizationError` where the organization is not there, or not the caller's.
    """
    with reading(seen_by_caller(asked)) as connection:
        _require(connection, _named(asked))
        yield connection


def writing_for(asked: Asked[Any, Any], work: Callable[[Connection], T | Answer[T]]) -> Answer[T]:
    """The answer of *work*, in a transaction that sees what the caller of *asked* may see.

    It is carried out once, also where a commit is repeated whose answer was lost: with the same
    `Idempotency-Key`, the answer of the first time is given. What *work* returns is kept for that:
    nothing may be in it that must not be stored.
    """
    seen = seen_by_caller(asked)
    asking = _asking(asked, seen)

    def attempt(connection: Connection) -> Answer[T]:
        _require(connection, _named(asked))
        kept = idempotency.claim(connection, asking)
        return _again(kept) if kept else _first(connection, asking, work)

    return writing(attempt, seen)


def organization_of(connection: Connection, asked: Asked[Any, Any]) -> str:
    """The organization whose rows *asked* writes.

    Raises `InvalidRequestError` where one of the platform's own people has to name it.
    """
    return organizations.written_by(connection, asked.principal, _named(asked))


def _named(asked: Asked[Any, Any]) -> str | None:
    named = getattr(asked.query, "organization_id", UNSET)
    return None if named is UNSET else named


def _require(connection: Connection, named: str | None) -> None:
    if named is not None:
        organizations.require_organization(connection, named)


def _asking(asked: Asked[Any, Any], seen: str) -> Asking:
    key = asked.header(IDEMPOTENCY_KEY) or f"{_OWN_KEY_START}{uuid4()}"
    organization = None if seen == EVERY_ORGANIZATION else seen
    return Asking(asked.principal.subject, key, _fingerprint(asked, seen), organization)


def _fingerprint(asked: Asked[Any, Any], seen: str) -> str:
    request = asked.request
    facts = (
        seen,
        request.method,
        request.path,
        request.uri_params,
        msgspec.to_builtins(asked.query),
        # A change of another version is another change.
        asked.header(IF_MATCH),
        request.raw_body,
    )
    return hashlib.sha256(msgspec.json.encode(facts)).hexdigest()


def _first(
    connection: Connection, asking: Asking, work: Callable[[Connection], T | Answer[T]]
) -> Answer[T]:
    done = work(connection)
    answer = done if isinstance(done, Answer) else Answer(done)
    body = msgspec.json.encode(answer.body).decode()
    idempotency.keep(connection, asking, KeptAnswer(answer.status, answer.headers, body))
    return answer


def _again(kept: KeptAnswer) -> Answer[Any]:
    return Answer(msgspec.Raw(kept.body.encode()), kept.status, dict(kept.headers))
