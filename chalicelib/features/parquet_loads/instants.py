"""Instants, from Arrow timestamps with a zone or from ISO 8601 text, exact to the microsecond."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads import faults
from chalicelib.features.parquet_loads.columns import INSTANT, is_text
from chalicelib.features.parquet_loads.faults import Converted, Fault
from chalicelib.features.parquet_loads.model import EARLIEST_TIME, LATEST_TIME, Reason

# All that Arrow's own parser takes, and nothing else: a cast has no way to spare the other rows.
_YEAR = r"[0-9]{4}"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_LOCAL = rf"{_DATE}[T ]{_CLOCK}"
# As far from UTC as PostgreSQL goes.
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-5])(?::?[0-5][0-9])?)"
_INSTANT = rf"^{_LOCAL}{_ZONE}$"
_WITHOUT_ZONE = rf"^{_LOCAL}$"
_BEYOND_MICROSECONDS = r"\.[0-9]{6}[0-9]*[1-9]"
_PADDED = r"\.[0-9]{7}"

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_RANGE = f"is not between {EARLIEST_TIME:%Y-%m-%d} and {LATEST_TIME:%Y-%m-%d}"
_PRECISION = "has digits beyond the microsecond"


def convert(array: pa.Array) -> Converted:
    """Instants in microseconds, UTC.

    Digits beyond the microsecond must be zero: cut off, two readings could become one. A leap
    second and 24:00 are malformed, because every other second has one name only.
    """
    return _from_text(array) if is_text(array.type) else _from_timestamps(array)


def _from_timestamps(array: pa.Array) -> Converted:
    ticks_per_second = _TICKS[array.type.unit]
    ticks = array.cast(pa.int64())
    found = [faults.missing(array)]
    if array.type.unit == "ns":
        is_precise = pc.not_equal(pc.multiply(pc.divide(ticks, 1_000), 1_000), ticks)
        found.append(faults.fault(Reason.TIME_TOO_PRECISE, is_precise, _PRECISION))
    # The bounds are those of nanoseconds, so in any unit they are numbers of 64 bits.
    earliest, latest = (_ticks(bound, ticks_per_second) for bound in (EARLIEST_TIME, LATEST_TIME))
    found.append(_range_fault(ticks, earliest, latest))
    found = faults.present(found)
    return Converted(faults.without(array, found).cast(INSTANT), found)


def _from_text(array: pa.Array) -> Converted:
    is_local = pc.match_substring_regex(array, _WITHOUT_ZONE)
    is_malformed = pc.invert(pc.or_(is_local, pc.match_substring_regex(array, _INSTANT)))
    unreadable = faults.present(
        [
            faults.missing(array),
            faults.fault(Reason.TIME_MALFORMED, is_malformed, "is not ISO 8601"),
            faults.fault(Reason.TIME_WITHOUT_ZONE, is_local, "has no time zone"),
        ]
    )
    readable = faults.without(array, unreadable)
    is_precise = pc.match_substring_regex(readable, _BEYOND_MICROSECONDS)
    instants = _parsed(readable)
    earliest, latest = (_ticks(bound, 10**6) for bound in (EARLIEST_TIME, LATEST_TIME))
    found = [
        *unreadable,
        faults.fault(Reason.TIME_TOO_PRECISE, is_precise, _PRECISION),
        _range_fault(instants.cast(pa.int64()), earliest, latest),
    ]
    found = faults.present(found)
    return Converted(faults.without(instants, found), found)


def _parsed(readable: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(readable, _PADDED)).as_py():
        readable = pc.replace_substring_regex(readable, r"(\.[0-9]{6})[0-9]*", r"\1")
    return readable.cast(INSTANT)


def _range_fault(ticks: pa.Array, earliest: int, latest: int) -> Fault:
    is_outside = pc.or_(pc.less(ticks, earliest), pc.greater(ticks, latest))
    return faults.fault(Reason.TIME_OUT_OF_RANGE, is_outside, _RANGE)


def _ticks(instant: datetime, ticks_per_second: int) -> int:
    microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return microseconds * ticks_per_second // 10**6
