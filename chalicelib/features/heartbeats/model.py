"""What heartbeats say, and how several of them add up to one state. Standard library only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import NamedTuple

# A batch is one statement, and holds its row locks until it commits.
MAX_BATCH = 10_000
# How many unknown devices are remembered, and for how long after their last heartbeat.
MAX_UNKNOWN_DEVICES = 10_000
UNKNOWN_DEVICES_KEPT = timedelta(days=30)
# How far a device's clock may be ahead of ours; beyond it, silence would go unnoticed.
CLOCK_TOLERANCE = timedelta(minutes=1)

Value = str | int | float | datetime | None


class DeviceStatus(StrEnum):
    """How a device says it is."""

    READY = "ready"
    DEGRADED = "degraded"
    ERROR = "error"


class UnknownDevices(StrEnum):
    """What becomes of the heartbeats of devices that nobody knows."""

    QUARANTINE = "quarantine"
    REFUSE = "refuse"
    ACCEPT = "accept"


class Objection(StrEnum):
    """Why a heartbeat that is well-formed is not stored."""

    UNKNOWN_DEVICE = "the device is not known here"
    OTHER_DEVICE = "the token is for another device"
    OTHER_SITE = "the token is for another site"
    DEVICE_ELSEWHERE = "the token is for another site than that of the device"

    @property
    def is_about_the_sender(self) -> bool:
        """Whether a sender with another token might have been heard."""
        return self is not Objection.UNKNOWN_DEVICE

    @property
    def field(self) -> str:
        """The field of the heartbeat that is objected to."""
        return "site_id" if self is Objection.OTHER_SITE else "device_id"


@dataclass(frozen=True)
class Admission:
    """Whose heartbeats are stored.

    *device_id* and *site_id* are all that the sender may speak for; None does not restrict it.
    """

    unknown: UnknownDevices = UnknownDevices.QUARANTINE
    device_id: str | None = None
    site_id: str | None = None

    @property
    def sets_unknown_apart(self) -> bool:
        """Whether unknown devices are remembered as such, rather than refused."""
        return self.unknown is UnknownDevices.QUARANTINE

    def objection(self, device_id: str, site_id: Value) -> Objection | None:
        """What is wrong with a heartbeat of this sender, as far as the heartbeat itself tells."""
        if self.device_id not in (None, device_id):
            return Objection.OTHER_DEVICE
        if self.site_id not in (None, site_id):
            return Objection.OTHER_SITE
        return None


DEFAULT_ADMISSION = Admission()


class Report(NamedTuple):
    """A heartbeat with its time, or what several heartbeats of a device add up to.

    *fields* holds what is named, which always includes `site_id`; None clears a field. *earlier*
    holds the times of those fields that were named before *seen_at* and not again.
    """

    device_id: str
    seen_at: datetime
    fields: Mapping[str, Value]
    earlier: Mapping[str, datetime] = MappingProxyType({})

    def set_at(self, name: str) -> datetime:
        """When the field *name* was named last."""
        return self.earlier.get(name, self.seen_at)


class Knock(NamedTuple):
    """What an unknown device says of itself, in *heartbeat_count* heartbeats."""

    device_id: str
    report: Report
    heartbeat_count: int


def merge(reports: Iterable[Report]) -> dict[str, Report]:
    """What *reports* say of each device, in whatever order and however often they come."""
    devices: dict[str, Report] = {}
    for report in reports:
        known = devices.get(report.device_id)
        devices[report.device_id] = report if known is None else _merged(known, report)
    return devices


def _merged(one: Report, other: Report) -> Report:
    """Two reports of a device: each field as the later says that names it."""
    seen_at = max(one.seen_at, other.seen_at)
    prevailing = {
        name: max(
            (report for report in (one, other) if name in report.fields),
            key=partial(_rank, name=name),
        )
        for name in {**one.fields, **other.fields}
    }
    return Report(
        one.device_id,
        seen_at,
        {name: report.fields[name] for name, report in prevailing.items()},
        {
            name: set_at
            for name, report in prevailing.items()
            if (set_at := report.set_at(name)) != seen_at
        },
    )


def _rank(report: Report, name: str) -> tuple[datetime, bool, Value]:
    """What *report* says of a field: the greatest prevails.

    That is the later, at the same instant the greater value, and any value rather than none. Which
    of those wins matters little, as long as the order of arrival has no say in it.
    """
    value = report.fields[name]
    return report.set_at(name), value is not None, value
