"""Devices by their tags and words, as an index finds them although a policy holds."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, column, func, literal, select, table

from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.database.tables import SCHEMA
from chalicelib.features.devices.listing.wanted import Wanted
from chalicelib.features.devices.tables import device_terms

_TERMS = device_terms.c
_ORGANIZATIONS = table("v_organizations", column("organization_id"), schema=SCHEMA)
# The kinds of terms, as the triggers spell them.
_TAG, _WORD, _ADDRESS_WORD = "t:", "w:", "a:"
# Follows whatever goes on after the beginning of a word.
_LAST_CHARACTER = "\U0010ffff"


def terms(wanted: Wanted, organization: str) -> list[Select[Any]]:
    """The ids of devices that have what is asked for; a device has to be in each of them."""
    found: list[ColumnElement[bool]] = []
    if wanted.any_tags:
        found.append(_TERMS.term.in_([f"{_TAG}{tag}" for tag in wanted.any_tags]))
    found += [_TERMS.term == f"{_TAG}{tag}" for tag in wanted.all_tags]
    found += [_begins(_WORD, word) for word in wanted.words]
    found += [_begins(_ADDRESS_WORD, word) for word in wanted.address_words]
    return [_devices_with(term, organization) for term in found]


def _devices_with(term: ColumnElement[bool], organization: str) -> Select[Any]:
    """The index has the organizations first: of all of them, each is looked at."""
    is_of: ColumnElement[bool] = _TERMS.organization_id == organization
    if organization == EVERY_ORGANIZATION:
        is_of = _TERMS.organization_id.in_(select(_ORGANIZATIONS.c.organization_id))
    return select(_TERMS.device_id).where(is_of, term)


def _begins(kind: str, word: str) -> ColumnElement[bool]:
    """The database makes small letters of the word, as it did of those that it keeps."""
    start = literal(kind).concat(func.lower(word))
    return and_(_TERMS.term >= start, _TERMS.term < start.concat(_LAST_CHARACTER))
