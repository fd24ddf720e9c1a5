"""The times that some readings cover."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class TimeRange:
    """From the first reading to the last, both inclusive."""

    first: datetime
    last: datetime

    @classmethod
    def of(cls, times: pa.Array) -> Self | None:
        """What *times* cover; None if all of them are null."""
        bounds = pc.min_max(times).as_py()
        return cls(bounds["min"], bounds["max"]) if bounds["min"] is not None else None


def union(one: TimeRange | None, other: TimeRange | None) -> TimeRange | None:
    """The least range that covers both."""
    if one is None or other is None:
        return one or other
    return TimeRange(min(one.first, other.first), max(one.last, other.last))


def bounds(time_range: TimeRange | None) -> dict[str, datetime | None]:
    """The range as parameters of a statement."""
    return {
        "first_time": time_range.first if time_range else None,
        "last_time": time_range.last if time_range else None,
    }
