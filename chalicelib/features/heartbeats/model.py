"""What heartbeats say, and how several of them add up to one state. Standard library only."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

# A batch is one statement, and holds its row locks until it commits.
MAX_BATCH = 10_000
# How far a device's clock may be ahead of ours; beyond it, silence would go unnoticed.
CLOCK_TOLERANCE = timedelta(minutes=1)

Value = str | int | float | datetime | None


class DeviceStatus(StrEnum):
    """How a device says it is."""

    READY = "ready"
    DEGRADED = "degraded"
    ERROR = "error"


class Report(NamedTuple):
    """A heartbeat with its time.

    *fields* holds what it names, which always includes `site_id`; None clears a field.
    """

    device_id: str
    seen_at: datetime
    fields: Mapping[str, Value]


class DatedValue(NamedTuple):
    """The value of a field, and the time of the heartbeat that set it."""

    set_at: datetime
    value: Value


DeviceFields = dict[str, DatedValue]


def merge(reports: Iterable[Report]) -> dict[str, DeviceFields]:
    """The fields of each device after *reports*, in whatever order and however often they come."""
    devices: dict[str, DeviceFields] = {}
    for report in reports:
        fields = devices.setdefault(report.device_id, {})
        for name, value in report.fields.items():
            dated = DatedValue(report.seen_at, value)
            fields[name] = prevailing(fields[name], dated) if name in fields else dated
    return devices


def prevailing(one: DatedValue, other: DatedValue) -> DatedValue:
    """The later of two values. At the same instant the greater value wins, and any value over none.

    Which of those wins matters little, as long as the order of arrival has no say in it.
    """
    return max(one, other, key=_rank)


def _rank(dated: DatedValue) -> tuple[datetime, bool, Value]:
    return dated.set_at, dated.value is not None, dated.value
