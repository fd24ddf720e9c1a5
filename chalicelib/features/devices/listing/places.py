"""Devices near a place, as an index finds them although a policy holds."""

import math

from sqlalchemy import ColumnElement, and_, func, or_

from chalicelib.features.devices.listing.near import EARTH_KM, Box, Near, boxes
from chalicelib.features.devices.tables import devices

_KNOWN = devices.c
# As the table has it.
_STRIPS_A_DEGREE = 100
# Of more strips, the index is read as a whole.
_MOST_STRIPS = 500


def is_near(near: Near) -> ColumnElement[bool]:
    """The condition that a device is near: in one of the boxes, and not in their corners."""
    is_in_a_box = or_(*(_is_in(box) for box in boxes(near)))
    return and_(_KNOWN.latitude.is_not(None), is_in_a_box, _kilometres(near) <= near.km)


def _is_in(box: Box) -> ColumnElement[bool]:
    first = math.floor(box.south * _STRIPS_A_DEGREE)
    last = math.floor(box.north * _STRIPS_A_DEGREE)
    strip = _KNOWN.latitude_strip
    is_in_a_strip = (
        strip.in_(range(first, last + 1))
        if last - first < _MOST_STRIPS
        else strip.between(first, last)
    )
    return and_(is_in_a_strip, _KNOWN.longitude.between(box.west, box.east))


def _kilometres(near: Near) -> ColumnElement[float]:
    """How far a device is, on a globe."""
    half_lat = func.sind((_KNOWN.latitude - near.lat) / 2)
    half_lon = func.sind((_KNOWN.longitude - near.lon) / 2)
    across = func.cosd(_KNOWN.latitude) * func.cosd(near.lat)
    chord = half_lat * half_lat + across * half_lon * half_lon
    distance: ColumnElement[float] = 2 * EARTH_KM * func.asin(func.sqrt(func.least(chord, 1.0)))
    return distance
