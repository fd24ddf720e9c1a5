"""Instants, from Arrow timestamps or from ISO 8601 text, exact to the microsecond."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.parquet.value_types import is_text
from chalicelib.features.parquet_loads.rows import clocks, problems
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

_UTC, _LOCAL_TIME = "UTC", pa.timestamp("us")
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_RANGE = f"is not between {EARLIEST_TIME:%Y-%m-%d} and {LATEST_TIME:%Y-%m-%d}"
_PRECISION = "has digits beyond the microsecond"


def convert(array: pa.Array, zone: str | None = None) -> Converted:
    """Instants in microseconds, UTC. Times without a zone are taken to be in *zone*, if given.

    Digits beyond the microsecond must be zero: if they were cut off, two readings could become
    one. Leap seconds and 24:00 are malformed, so that every second has exactly one name.
    """
    if is_text(array.type):
        return _from_text(array, zone)
    return _from_timestamps(array) if array.type.tz else _from_local_times(array, zone or _UTC)


def _from_local_times(array: pa.Array, zone: str) -> Converted:
    """As if the clocks showed UTC, and then moved to where they are."""
    shown = _from_timestamps(array.cast(pa.timestamp(array.type.unit, _UTC)))
    instants, found = _placed(shown.values.cast(_LOCAL_TIME), zone)
    found = [*shown.problems, *problems.occurring(found)]
    return Converted(problems.without_bad_values(instants, found), found)


def _from_timestamps(array: pa.Array) -> Converted:
    ticks_per_second = _TICKS[array.type.unit]
    ticks = array.cast(pa.int64())
    found = [problems.missing(array)]
    if array.type.unit == "ns":
        is_precise = pc.not_equal(pc.multiply(pc.divide(ticks, 1_000), 1_000), ticks)
        found.append(problems.where(is_precise, Reason.TIME_TOO_PRECISE, _PRECISION))
    # Both bounds fit into 64 bits as nanoseconds, and therefore in every coarser unit.
    found.append(_out_of_range(ticks, *_bounds(ticks_per_second)))
    found = problems.occurring(found)
    return Converted(problems.without_bad_values(array, found).cast(INSTANT), found)


def _from_text(array: pa.Array, zone: str | None) -> Converted:
    is_local = pc.match_substring_regex(array, _WITHOUT_ZONE)
    is_malformed = pc.invert(pc.or_(is_local, pc.match_substring_regex(array, _INSTANT)))
    unreadable = problems.occurring(
        [
            problems.missing(array),
            problems.where(is_malformed, Reason.TIME_MALFORMED, "is not ISO 8601"),
            *_without_zone(is_local, zone),
        ]
    )
    readable = problems.without_bad_values(array, unreadable)
    is_precise = pc.match_substring_regex(readable, _BEYOND_MICROSECONDS)
    instants, unclear = _read(readable, is_local, zone)
    found = [
        *unreadable,
        *unclear,
        problems.where(is_precise, Reason.TIME_TOO_PRECISE, _PRECISION),
        _out_of_range(instants.cast(pa.int64()), *_bounds(10**6)),
    ]
    found = problems.occurring(found)
    return Converted(problems.without_bad_values(instants, found), found)


def _without_zone(is_local: pa.Array, zone: str | None) -> list[Problem]:
    if zone is not None:
        return []
    return [problems.where(is_local, Reason.TIME_WITHOUT_ZONE, "has no time zone")]


def _read(
    readable: pa.Array, is_local: pa.Array, zone: str | None
) -> tuple[pa.Array, list[Problem]]:
    is_local = pc.fill_null(is_local, False)
    if zone is None or not pc.any(is_local).as_py():
        return _parsed(readable, INSTANT), []
    nothing = pa.scalar(None, readable.type)
    zoned = _parsed(pc.replace_with_mask(readable, is_local, nothing), INSTANT)
    local = pc.replace_with_mask(readable, pc.invert(is_local), nothing)
    placed, unclear = _placed(_parsed(local, _LOCAL_TIME), zone)
    return pc.coalesce(zoned, placed), unclear


def _placed(local: pa.Array, zone: str) -> tuple[pa.Array, list[Problem]]:
    """The instants at which clocks in *zone* show *local*.

    When clocks are changed, they show some times twice and others never.
    """
    if zone == _UTC:
        return local.cast(INSTANT), []
    outside = problems.occurring([_out_of_range(local.cast(pa.int64()), *_bounds(10**6))])
    local = problems.without_bad_values(local, outside)
    first, second = clocks.instants_shown(local, zone)
    message = f"is shown twice, or never, by the clocks of {zone}"
    is_unclear = pc.not_equal(first, second)
    return first, [
        *outside,
        problems.where(is_unclear, Reason.TIME_AMBIGUOUS, message),
        _out_of_range(first.cast(pa.int64()), *_bounds(10**6)),
    ]


def _parsed(readable: pa.Array, data_type: pa.DataType) -> pa.Array:
    """The times, cut to the microsecond: Arrow's cast refuses text with more digits."""
    if pc.any(pc.match_substring_regex(readable, _PADDED)).as_py():
        readable = pc.replace_substring_regex(readable, r"(\.[0-9]{6})[0-9]*", r"\1")
    return readable.cast(data_type)


def _out_of_range(ticks: pa.Array, earliest: int, latest: int) -> Problem:
    is_outside = pc.or_(pc.less(ticks, earliest), pc.greater(ticks, latest))
    return problems.where(is_outside, Reason.TIME_OUT_OF_RANGE, _RANGE)


def _bounds(ticks_per_second: int) -> tuple[int, int]:
    return _ticks(EARLIEST_TIME, ticks_per_second), _ticks(LATEST_TIME, ticks_per_second)


def _ticks(instant: datetime, ticks_per_second: int) -> int:
    microseconds = (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    return microseconds * ticks_per_second // 10**6
