"""What is near a place: boxes for the index, and the distance for what is in them."""

import math
from dataclasses import dataclass

from chalicelib.errors import InvalidRequestError

EARTH_KM = 6371.0088
_FARTHEST_KM = math.pi * EARTH_KM
# What rounding might leave out.
_MARGIN = 1.000001


@dataclass(frozen=True)
class Near:
    """All that is at most *km* kilometres from a place."""

    lat: float
    lon: float
    km: float


@dataclass(frozen=True)
class Box:
    """Degrees from west to east, and from south to north."""

    west: float
    south: float
    east: float
    north: float


def read_near(spelled: str) -> Near:
    """*spelled* as a place and a distance; raises `InvalidRequestError` where it is none."""
    numbers = [_number(part) for part in spelled.split(",")]
    if len(numbers) == len(("lat", "lon", "km")):
        lat, lon, km = numbers
        if abs(lat) <= 90 and abs(lon) <= 180 and 0 < km <= _FARTHEST_KM:
            return Near(lat, lon, km)
    raise InvalidRequestError(
        "near must be a latitude, a longitude and a distance in kilometres, such as "
        "37.7749,-122.4194,5",
        parameter="near",
    )


def _number(part: str) -> float:
    """*part* as a number; one that is no number is not within any bounds."""
    try:
        return float(part) if part.isascii() and "_" not in part else math.nan
    except ValueError:
        return math.nan


def boxes(near: Near) -> list[Box]:
    """What holds all that is near: two boxes where it reaches across the 180th meridian."""
    angle = near.km / EARTH_KM * _MARGIN
    degrees = math.degrees(angle)
    south, north = near.lat - degrees, near.lat + degrees
    if south <= -90 or north >= 90:
        # A pole is near, and with it every meridian.
        return [Box(-180, max(south, -90), 180, min(north, 90))]
    reach = math.degrees(math.asin(math.sin(angle) / math.cos(math.radians(near.lat)))) * _MARGIN
    west, east = near.lon - reach, near.lon + reach
    if west < -180:
        return [Box(-180, south, east, north), Box(west + 360, south, 180, north)]
    if east > 180:
        return [Box(west, south, 180, north), Box(-180, south, east - 360, north)]
    return [Box(west, south, east, north)]
