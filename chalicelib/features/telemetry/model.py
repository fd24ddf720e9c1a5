"""What devices send, and why some of it is not stored. Standard library only."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SECOND = 1_000_000
# How far a device's clock may be ahead of ours.
CLOCK_TOLERANCE = timedelta(seconds=60)
# What one message may hold, so that none of them keeps a batch from being stored.
MAX_RECORDS = 10_000
MAX_DEVICE_ID_LENGTH = 256
MAX_PAYLOAD_BYTES = 4096


class Way(StrEnum):
    """How a record came."""

    KINESIS = "kinesis"
    RULE = "rule"
    QUEUE = "queue"
    HTTP = "http"
    REPLAY = "replay"


class Reason(StrEnum):
    """Why a record, or a value in it, is not stored."""

    NOT_READABLE = "not_readable"
    NO_DEVICE = "no_device"
    UNKNOWN_DEVICE = "unknown_device"
    OTHER_DEVICE = "other_device"
    NO_TIME = "no_time"
    WRONG_TIME = "wrong_time"
    AHEAD = "ahead"
    TOO_LATE = "too_late"
    NO_VALUES = "no_values"
    UNKNOWN_METRIC = "unknown_metric"
    WRONG_TYPE = "wrong_type"
    WRONG_UNIT = "wrong_unit"
    OUT_OF_LIMITS = "out_of_limits"
    NOT_STORABLE = "not_storable"


# What may be right at another time, or once the device is registered.
QUARANTINED = frozenset({Reason.UNKNOWN_DEVICE, Reason.AHEAD, Reason.TOO_LATE})


class UnknownDevices(StrEnum):
    """What becomes of what devices send that are not registered."""

    QUARANTINE = "quarantine"
    REFUSE = "refuse"


class Record(NamedTuple):
    """What a device sent at one time: a JSON document, and as it was spelled.

    *place* is its place in what arrived, from 0. *sent_at* is when the carrier took it over, in
    microseconds since 1970; None where the carrier does not say so, or says something else each
    time it delivers the record.
    """

    place: int
    payload: object
    spelled: bytes
    sent_at: int | None = None


class Reject(NamedTuple):
    """What is not stored, of which record, and why; *metric* is None where it is all of it."""

    record: Record
    reason: Reason
    message: str
    device_id: str | None = None
    organization_id: str | None = None
    metric: str | None = None


@dataclass(frozen=True)
class Admission:
    """Whose records are stored, and which; *device_id* is the only one to be heard, if given."""

    unknown: UnknownDevices = UnknownDevices.QUARANTINE
    max_lateness: timedelta = timedelta(days=7)
    device_id: str | None = None

    def is_quarantined(self, reason: Reason) -> bool:
        """Whether what is rejected for *reason* is set apart, to be tried again."""
        if reason is Reason.UNKNOWN_DEVICE:
            return self.unknown is UnknownDevices.QUARANTINE
        return reason in QUARANTINED


class Clock(NamedTuple):
    """The times between which readings may lie, in microseconds since 1970."""

    earliest: int
    latest: int


def microseconds(at: datetime) -> int:
    """*at* in microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def from_microseconds(at: int) -> datetime:
    """The instant that is *at* microseconds after 1970, in UTC."""
    return EPOCH + at * MICROSECOND


def clock(now: datetime, admission: Admission) -> Clock:
    """Which readings *admission* takes at *now*."""
    return Clock(microseconds(now - admission.max_lateness), microseconds(now + CLOCK_TOLERANCE))
