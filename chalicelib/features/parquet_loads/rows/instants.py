"""Instants, from Arrow timestamps with a zone or from ISO 8601 text, exact to the microsecond."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.parquet.value_types import is_text
from chalicelib.features.parquet_loads.rows import problems
from chalicelib.features.parquet_loads.rows.columns import INSTANT
from chalicelib.features.parquet_loads.rows.model import EARLIEST_TIME, LATEST_TIME, Reason
from chalicelib.features.parquet_loads.rows.problems import Converted, Problem

# These expressions match exactly what Arrow's own parser accepts. One bad text in a column makes
# the whole cast fail, so the bad ones have to be found before.
_YEAR = r"[0-9]{4}"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
_DATE = (
    rf"(?:{_YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    rf"|{_LEAP_YEAR}-02-29)"
)
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
_LOCAL = rf"{_DATE}[T ]{_CLOCK}"
# PostgreSQL accepts no zone that is farther from UTC.
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

    Digits beyond the microsecond must be zero: if they were cut off, two readings could become
    one. Leap seconds and 24:00 are malformed, so that every second has exactly one name.
    """
    return _from_text(array) if is_text(array.type) else _from_timestamps(array)


def _from_timestamps(array: pa.Array) -> Converted:
    ticks_per_second = _TICKS[array.type.unit]
    ticks = array.cast(pa.int64())
    found = [problems.missing(array)]
    if array.type.unit == "ns":
        is_precise = pc.not_equal(pc.multiply(pc.divide(ticks, 1_000), 1_000), ticks)
        found.append(problems.where(is_precise, Reason.TIME_TOO_PRECISE, _PRECISION))
    # Both bounds fit into 64 bits as nanoseconds, and therefore in every coarser unit.
    earliest, latest = (_ticks(bound, ticks_per_second) for bound in (EARLIEST_TIME, LATEST_TIME))
    found.append(_out_of_range(ticks, earliest, latest))
    found = problems.occurring(found)
    return Converted(problems.without_bad_values(array, found).cast(INSTANT), found)


def _from_text(array: pa.Array) -> Converted:
    is_local = pc.match_substring_regex(array, _WITHOUT_ZONE)
    is_malformed = pc.invert(pc.or_(is_local, pc.match_substring_regex(array, _INSTANT)))
    unreadable = problems.occurring(
        [
            problems.missing(array),
            problems.where(is_malformed, Reason.TIME_MALFORMED, "is not ISO 8601"),
            problems.where(is_local, Reason.TIME_WITHOUT_ZONE, "has no time zone"),
        ]
    )
    readable = problems.without_bad_values(array, unreadable)
    is_precise = pc.match_substring_regex(readable, _BEYOND_MICROSECONDS)
    instants = _parsed(readable)
    earliest, latest = (_ticks(bound, 10**6) for bound in (EARLIEST_TIME, LATEST_TIME))
    found = [
        *unreadable,
        problems.where(is_precise, Reason.TIME_TOO_PRECISE, _PRECISION),
        _out_of_range(instants.cast(pa.int64()), earliest, latest),
    ]
    found = problems.occurring(found)
    return Converted(problems.without_bad_values(instants, found), found)


def _parsed(readable: pa.Array) -> pa.Array:
    """The instants, cut to the microsecond: Arrow's cast refuses text with more digits."""
    if pc.any(pc.match_substring_regex(readable, _PADDED)).as_py():
        readable = pc.replace_substring_regex(readable, r"(\.[0-9]{6})[0-9]*", r"\1")
    return readable.cast(INSTANT)


def _out_of_range(ticks: pa.Array, earliest: int, latest: int) -> Problem:
    is_outside = pc.or_(pc.less(ticks, earliest), pc.greater(ticks, latest))
    return problems.where(is_outside, Reason.TIME_OUT_OF_RANGE, _RANGE)


def _ticks(instant: datetime, ticks_per_second: int) -> int:
    microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return microseconds * ticks_per_second // 10**6
