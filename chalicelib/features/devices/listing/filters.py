"""The conditions of a list of devices, such that indexes know of them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection

from chalicelib.bodies import UNSET, UnsetType
from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.listing.near import read_near
from chalicelib.features.devices.listing.places import is_near
from chalicelib.features.devices.listing.query import DeviceListQuery
from chalicelib.features.devices.listing.wanted import Wanted
from chalicelib.features.devices.listing.words import tags_of, words_of
from chalicelib.features.devices.tables import devices

sql = statements_beside(__file__)

_KNOWN = devices.c


def read_filters(connection: Connection, query: DeviceListQuery) -> Wanted:
    """What *query* asks for; raises `InvalidRequestError` that names the parameter."""
    return Wanted(
        status=_or_none(query.status),
        lifecycle=_or_none(query.lifecycle),
        connectivity=_or_none(query.connectivity),
        type_ids=_types_called(connection, query.device_type),
        any_tags=[] if query.tags is UNSET else tags_of("tags", query.tags),
        all_tags=[] if query.tags_all is UNSET else tags_of("tagsAll", query.tags_all),
        words=[] if query.q is UNSET else words_of("q", query.q),
        address_words=[] if query.location is UNSET else words_of("location", query.location),
        near=None if query.near is UNSET else read_near(query.near),
    )


def column_conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What has to hold of the columns of a device."""
    found: list[ColumnElement[bool]] = []
    for column in (_KNOWN.status, _KNOWN.lifecycle, _KNOWN.connectivity):
        value = getattr(wanted, column.name)
        if value is not None:
            found.append(column == value)
    if wanted.type_ids is not None:
        found.append(is_one_of(_KNOWN.device_type_id, wanted.type_ids))
    if wanted.near is not None:
        found.append(is_near(wanted.near))
    return found


def is_one_of(column: ColumnElement[str], values: list[str]) -> ColumnElement[bool]:
    """The condition that *column* is one of *values*; of one, an index keeps the order."""
    return column == values[0] if len(values) == 1 else column.in_(values)


def _types_called(connection: Connection, name: str | UnsetType) -> list[str] | None:
    if name is UNSET:
        return None
    return list(connection.execute(sql.list_types_called, {"name": name}).scalars())


def _or_none(value: Any) -> str | None:
    return None if value is UNSET else str(value.value)
