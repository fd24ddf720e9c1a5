"""What a heartbeat says, and how many of them add up to one state. Standard library only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Heartbeat:
    """One sign of life: *fields* holds what it names, `site_id` always, None where it clears."""

    device_id: str
    seen_at: datetime
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Refusal:
    """Why the heartbeat at *index* of a batch is not stored."""

    index: int
    device_id: str | None
    field: str | None
    reason: str


@dataclass(frozen=True)
class Batch:
    """What came in one event, the good and the bad; *is_single* where it was no list."""

    heartbeats: list[Heartbeat]
    refusals: list[Refusal] = field(default_factory=list)
    is_single: bool = False

    @property
    def received(self) -> int:
        """How many heartbeats it held, of either kind."""
        return len(self.heartbeats) + len(self.refusals)


@dataclass(frozen=True)
class Recorded:
    """How many heartbeats came, and which of them are not stored."""

    received: int
    refusals: list[Refusal]
    is_single: bool = False

    @property
    def stored(self) -> int:
        """How many are."""
        return self.received - len(self.refusals)


class Setting(NamedTuple):
    """What a field was set to, by a heartbeat of which time."""

    set_at: datetime
    value: Value


DeviceFields = dict[str, Setting]


def merge(heartbeats: Iterable[Heartbeat]) -> dict[str, DeviceFields]:
    """What *heartbeats* leave each device with, in whatever order and however often they come."""
    devices: dict[str, DeviceFields] = {}
    for heartbeat in heartbeats:
        fields = devices.setdefault(heartbeat.device_id, {})
        for name, value in heartbeat.fields.items():
            setting = Setting(heartbeat.seen_at, value)
            fields[name] = prevailing(fields[name], setting) if name in fields else setting
    return devices


def prevailing(one: Setting, other: Setting) -> Setting:
    """The later of two; of two at the same instant the greater value, and any rather than none.

    Which of those wins matters little, as long as the order of arrival has no say in it.
    """
    return max(one, other, key=_rank)


def _rank(setting: Setting) -> tuple[datetime, bool, Value]:
    return setting.set_at, setting.value is not None, setting.value


@dataclass(frozen=True)
class DeviceState:
    """One row of `device_state`."""

    device_id: str
    site_id: str
    last_seen_ts: datetime
    last_upload_ts: datetime | None
    queue_depth: int | None
    agent_version: str | None
    poll_interval_s: int | None
    cpu_pct: float | None
    disk_free_gb: float | None
    status: str | None
    updated_at: datetime | None


@dataclass(frozen=True)
class StaleDevice:
    """A device that has been silent for longer than it may be."""

    device_id: str
    site_id: str
    last_seen_ts: datetime


@dataclass(frozen=True)
class StaleSite:
    """How many devices of a site are stale, and since when the first of them."""

    site_id: str
    stale_count: int
    oldest_last_seen_ts: datetime


@dataclass(frozen=True)
class Check:
    """What one look at the silence found; *is_skipped* where another was at work.

    *pending_event_count* is None where nobody is told, or the queue could not be read.
    """

    checked_at: datetime
    became_stale: int = 0
    recovered: int = 0
    stale: int = 0
    is_skipped: bool = False
    pending_event_count: int | None = None
