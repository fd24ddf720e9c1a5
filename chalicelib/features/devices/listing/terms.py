"""Devices by their tags and words, as an index finds them although a policy holds."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    cast,
    column,
    exists,
    func,
    literal,
    select,
    table,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.database.tables import SCHEMA
from chalicelib.features.devices.listing.wanted import Wanted
from chalicelib.features.devices.tables import device_terms, devices

_KNOWN = devices.c
_TERMS = device_terms.c
_ORGANIZATIONS = table("v_organizations", column("organization_id"), schema=SCHEMA)
# The kinds of terms, as the triggers spell them.
_TAG, _WORD, _ADDRESS_WORD = "t:", "w:", "a:"
# Follows whatever goes on after the beginning of a word.
_LAST_CHARACTER = "\U0010ffff"
# So many devices are looked up one by one, and sorted, in a few milliseconds.
_FEW = 3_000


@dataclass(frozen=True)
class Term:
    """What devices are asked to have: the ids of those that have it, and what holds of each."""

    having: Select[Any]
    holds: ColumnElement[bool]
    is_rare: bool

    @property
    def lookup(self) -> ColumnElement[bool]:
        """The condition that a device is among those that have it."""
        return _KNOWN.device_id.in_(self.having)


def conditions(terms: list[Term], *, is_page: bool) -> list[ColumnElement[bool]]:
    """What has to hold of a device, so that few are looked at.

    What is rare is looked up, and the rest seen of those. Of one frequent term, a page is soon full
    on the way through the list; two may be rare together.
    """
    if any(term.is_rare for term in terms) or (is_page and len(terms) == 1):
        return [term.lookup if term.is_rare else term.holds for term in terms]
    return [term.lookup for term in terms]


def find_terms(connection: Connection, wanted: Wanted, organization: str) -> list[Term]:
    """The terms that are asked for, each with whether few devices have it."""
    found = []
    for term, holds in _wanted(wanted):
        having = _devices_with(term, organization)
        some = having.limit(_FEW + 1).subquery()
        count: int = connection.execute(select(func.count()).select_from(some)).scalar_one()
        found.append(Term(having, holds, is_rare=count <= _FEW))
    return found


def _wanted(wanted: Wanted) -> Iterator[tuple[ColumnElement[bool], ColumnElement[bool]]]:
    """Each term as a condition of the index, and as one of a device."""
    if wanted.any_tags:
        spelled = [f"{_TAG}{tag}" for tag in wanted.any_tags]
        yield _TERMS.term.in_(spelled), _KNOWN.tags.overlap(_texts(wanted.any_tags))
    for tag in wanted.all_tags:
        yield _TERMS.term == f"{_TAG}{tag}", _KNOWN.tags.contains(_texts([tag]))
    for kind, words in ((_WORD, wanted.words), (_ADDRESS_WORD, wanted.address_words)):
        for word in words:
            yield _begins(_TERMS.term, kind, word), _has_word(kind, word)


def _texts(values: list[str]) -> ColumnElement[Any]:
    return cast(values, ARRAY(Text))


def _devices_with(term: ColumnElement[bool], organization: str) -> Select[Any]:
    """The index has the organizations first: of all of them, each is looked at."""
    is_of: ColumnElement[bool] = _TERMS.organization_id == organization
    if organization == EVERY_ORGANIZATION:
        is_of = _TERMS.organization_id.in_(select(_ORGANIZATIONS.c.organization_id))
    return select(_TERMS.device_id).where(is_of, term)


def _begins(term: ColumnElement[str], kind: str, word: str) -> ColumnElement[bool]:
    """The database makes small letters of the word, as it did of those that it keeps."""
    start = literal(kind).concat(func.lower(word))
    return and_(term >= start, term < start.concat(_LAST_CHARACTER))


def _has_word(kind: str, word: str) -> ColumnElement[bool]:
    """The condition that a device has the word, by what its terms are made from."""
    names = func.concat_ws(
        " ",
        _KNOWN.name,
        _KNOWN.serial_number,
        func.regexp_replace(_KNOWN.device_id, "^dev-", ""),
    )
    made = getattr(func, SCHEMA).terms_of_device(names, _KNOWN.address, _KNOWN.tags)
    terms = made.column_valued("made")
    return exists().where(_begins(terms.collate("C"), kind, word))
