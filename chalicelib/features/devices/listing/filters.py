"""The conditions of a list of devices, such that indexes know of them."""

from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, literal, or_
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from chalicelib.bodies import UNSET, UnsetType
from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.listing.near import EARTH_KM, Box, Near, boxes, read_near
from chalicelib.features.devices.listing.query import DeviceListQuery
from chalicelib.features.devices.listing.words import tags_of, words_of
from chalicelib.features.devices.tables import devices

sql = statements_beside(__file__)

_KNOWN = devices.c


@dataclass(frozen=True)
class Wanted:
    """What is asked for, read: *type_ids* are the types that are called so.

    What devices are found by without being counted (*places*, *words* and *address_words*) is apart
    from the rest, of which it is kept how many there are.
    """

    status: str | None
    lifecycle: str | None
    connectivity: str | None
    type_ids: list[str] | None
    any_tags: list[str]
    all_tags: list[str]
    words: list[str]
    address_words: list[str]
    near: Near | None


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


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What has to hold of a device, besides its organization and that it is there."""
    found: list[ColumnElement[bool]] = []
    for column in (_KNOWN.status, _KNOWN.lifecycle, _KNOWN.connectivity):
        value = getattr(wanted, column.name)
        if value is not None:
            found.append(column == value)
    if wanted.type_ids is not None:
        found.append(is_one_of(_KNOWN.device_type_id, wanted.type_ids))
    if wanted.any_tags:
        found.append(_KNOWN.tags.overlap(_texts(wanted.any_tags)))
    if wanted.all_tags:
        found.append(_KNOWN.tags.contains(_texts(wanted.all_tags)))
    if wanted.words:
        found.append(_KNOWN.words.op("@@")(_beginnings(wanted.words)))
    if wanted.address_words:
        found.append(_KNOWN.address_words.op("@@")(_beginnings(wanted.address_words)))
    if wanted.near is not None:
        found.append(_is_near(wanted.near))
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


def _texts(values: list[str]) -> ColumnElement[Any]:
    return cast(values, ARRAY(Text))


def _beginnings(words: list[str]) -> ColumnElement[Any]:
    """What asks for all of *words*, each being how one begins.

    The database makes small letters of them, as it did of those that it keeps.
    """
    each = [cast(literal("'").concat(func.lower(word)).concat("':*"), TSQUERY) for word in words]
    return reduce(lambda some, one: some.op("&&", return_type=TSQUERY())(one), each)


def _is_near(near: Near) -> ColumnElement[bool]:
    place = func.point(_KNOWN.longitude, _KNOWN.latitude)
    is_in_a_box = or_(*(place.op("<@")(_box(box)) for box in boxes(near)))
    return and_(_KNOWN.latitude.is_not(None), is_in_a_box, _kilometres(near) <= near.km)


def _box(box: Box) -> ColumnElement[Any]:
    return func.box(func.point(box.west, box.south), func.point(box.east, box.north))


def _kilometres(near: Near) -> ColumnElement[float]:
    """How far a device is, on a globe."""
    half_lat = func.sind((_KNOWN.latitude - near.lat) / 2)
    half_lon = func.sind((_KNOWN.longitude - near.lon) / 2)
    across = func.cosd(_KNOWN.latitude) * func.cosd(near.lat)
    chord = half_lat * half_lat + across * half_lon * half_lon
    distance: ColumnElement[float] = 2 * EARTH_KM * func.asin(func.sqrt(func.least(chord, 1.0)))
    return distance
