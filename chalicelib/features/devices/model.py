"""What a device can be. Standard library only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

# Bounds of what people write about a device.
MAX_TAGS = 50
MAX_FIELDS = 50
SERIAL_NUMBER = "serialNumber"


class Status(StrEnum):
    """What people are shown; `deleted` devices are not shown."""

    REGISTERED = "registered"
    ONLINE = "online"
    OFFLINE = "offline"
    MAINTENANCE = "maintenance"
    DELETED = "deleted"


class ListedStatus(StrEnum):
    """The same, of devices that are there."""

    REGISTERED = "registered"
    ONLINE = "online"
    OFFLINE = "offline"
    MAINTENANCE = "maintenance"


class Lifecycle(StrEnum):
    """How far the device has come."""

    REGISTERED = "registered"
    ACTIVE = "active"


class ConnectivityStatus(StrEnum):
    """Whether the device is heard of."""

    NEVER = "never"
    ONLINE = "online"
    OFFLINE = "offline"


class Override(StrEnum):
    """What people say of a device, whatever is heard of it."""

    MAINTENANCE = "maintenance"
    ACTIVE = "active"


class DeviceSort(StrEnum):
    """By what devices are listed."""

    NAME = "name"
    LAST_SEEN = "lastSeen"
    STATUS = "status"
    CREATED_AT = "createdAt"


class Included(StrEnum):
    """What a list shows besides."""

    LAST_READING = "lastReading"


class Action(StrEnum):
    """What was done to a device."""

    REGISTERED = "registered"
    CHANGED = "changed"
    DELETED = "deleted"
    CERTIFICATE_REQUESTED = "certificate_requested"
    CERTIFICATE_REVOKED = "certificate_revoked"


class DeviceOfSomebody(Protocol):
    """Anything that says which device it is, and whose."""

    @property
    def device_id(self) -> str:
        """The device."""

    @property
    def organization_id(self) -> str:
        """To whom it belongs."""


@dataclass(frozen=True)
class Maintenance:
    """The device is worked on, *until* then, or until further notice."""

    until: datetime | None


@dataclass(frozen=True)
class DeviceType:
    """A type of devices."""

    device_type_id: str
    name: str


@dataclass(frozen=True)
class Description:
    """What people say of a device. No text in it is empty; what is not known is left out."""

    name: str
    type: DeviceType
    location: Mapping[str, Any]
    connectivity: Mapping[str, Any]
    metadata: Mapping[str, str]
    tags: tuple[str, ...]
    maintenance: Maintenance | None

    @property
    def serial_number(self) -> str | None:
        """What the manufacturer has called it."""
        return self.metadata.get(SERIAL_NUMBER)


def merged(known: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """*known* with the fields of *change*; a field that is None there is left out."""
    return {name: value for name, value in {**known, **change}.items() if value is not None}


def without_repeats(tags: list[str]) -> tuple[str, ...]:
    """*tags* in their order, each once."""
    return tuple(dict.fromkeys(tags))


def differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two sets of facts, what is not the same in both; null for what one of them lacks."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}


def reading_of(value: float, data_type: str) -> float | int | bool:
    """A measurement, which is kept as a number, as the metric's type says it is meant."""
    if data_type == "boolean":
        return value != 0
    return int(value) if value.is_integer() else value


def share(part: int, whole: int) -> float | None:
    """*part* of *whole* in percent, to a tenth; None of nothing."""
    return round(100 * part / whole, 1) if whole > 0 else None
