"""How many devices a list has, without looking at each where that is kept."""

from typing import Any

from sqlalchemy import BigInteger, Select, cast, func, select

from chalicelib.database import is_of
from chalicelib.features.devices.listing.filters import column_conditions, is_one_of
from chalicelib.features.devices.listing.terms import Term, conditions
from chalicelib.features.devices.listing.wanted import Wanted
from chalicelib.features.devices.store import are_there
from chalicelib.features.devices.tables import device_counts, devices

_COUNTED = device_counts.c
_ALL = ""


def total(wanted: Wanted, terms: list[Term], organization: str) -> Select[Any]:
    """The statement that counts: sums what is kept, or else counts what indexes find."""
    tag = _counted_tag(wanted)
    if not (tag is None or wanted.words or wanted.address_words or wanted.near):
        return _kept(wanted, organization, tag)
    columns = column_conditions(wanted)
    if not columns and not (len(terms) > 1 and any(term.is_rare for term in terms)):
        return _with_terms(terms)
    return (
        select(func.count())
        .select_from(devices)
        .where(*are_there(organization), *columns, *conditions(terms, is_page=False))
    )


def _with_terms(terms: list[Term]) -> Select[Any]:
    """Devices that have terms are there: where these are frequent, the index alone is read."""
    first, *others = (term.having.subquery() for term in terms)
    found = select(func.count(first.c.device_id.distinct()))
    return found.where(*(first.c.device_id.in_(select(each.c.device_id)) for each in others))


def _counted_tag(wanted: Wanted) -> str | None:
    """The one tag that is asked for; empty where there is none, None where there are several."""
    tags = {*wanted.any_tags, *wanted.all_tags}
    if not tags:
        return _ALL
    return tags.pop() if len(tags) == 1 else None


def _kept(wanted: Wanted, organization: str, tag: str) -> Select[Any]:
    kept = select(cast(func.coalesce(func.sum(_COUNTED.devices), 0), BigInteger)).where(
        is_of(_COUNTED.organization_id, organization), _COUNTED.tag == tag
    )
    for column in (_COUNTED.status, _COUNTED.lifecycle, _COUNTED.connectivity):
        value = getattr(wanted, column.name)
        if value is not None:
            kept = kept.where(column == value)
    if wanted.type_ids is not None:
        kept = kept.where(is_one_of(_COUNTED.device_type_id, wanted.type_ids))
    return kept
