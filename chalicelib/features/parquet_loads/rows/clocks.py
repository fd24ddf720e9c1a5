"""What clocks show, and the instants at which they show it.

Arrow could do this, but it knows only the changes of clocks that a table of the system lists, and
not the rule that goes on after them: it was an hour off in the summer of 2038. Python knows both,
but asking it for every time would take seconds. So it is asked once for each day.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.rows.columns import INSTANT

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)
_FOLDS = (0, 1)


def instants_shown(local: pa.Array, zone: str) -> tuple[pa.Array, pa.Array]:
    """The first and the second instant at which clocks in *zone* show *local*, from 1970 on.

    These are the same, unless the clocks show that time twice or never.
    """
    clocks, ticks = ZoneInfo(zone), local.cast(pa.int64())
    days = pc.divide(ticks, _DAY // _MICROSECOND)
    known = pc.drop_null(pc.unique(days))
    offsets = pa.array([_offset_of_day(day, clocks) for day in known.to_pylist()], pa.int64())
    usual = pc.subtract(ticks, offsets.take(pc.index_in(days, value_set=known))).cast(INSTANT)
    if not offsets.null_count:
        return usual, usual
    rest = pc.if_else(pc.is_valid(usual), pa.scalar(None, local.type), local)
    first, second = (pc.coalesce(usual, _one_by_one(rest, clocks, fold)) for fold in _FOLDS)
    return first, second


def _offset_of_day(day: int, clocks: ZoneInfo) -> int | None:
    """By how many microseconds the clocks are before UTC; None if they are changed that day."""
    midnight = datetime(1970, 1, 1, tzinfo=clocks) + day * _DAY
    offsets = {
        edge.replace(fold=fold).utcoffset()
        for edge in (midnight, midnight + _DAY)
        for fold in _FOLDS
    }
    offset = offsets.pop()
    return None if offsets or offset is None else offset // _MICROSECOND


def _one_by_one(local: pa.Array, clocks: ZoneInfo, fold: int) -> pa.Array:
    times = (time and time.replace(tzinfo=clocks, fold=fold) for time in local.to_pylist())
    return pa.array([time and time.astimezone(UTC) for time in times], INSTANT)
