"""What heartbeats say, and how several of them add up to one state. Standard library only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
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


class Knock(NamedTuple):
    """What an unknown device says of itself, in *heartbeat_count* heartbeats."""

    device_id: str
    fields: DeviceFields
    heartbeat_count: int


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
