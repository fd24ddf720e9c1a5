"""From what is asked to a description of a device, whole and in order."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.bodies import UNSET, UnsetType
from chalicelib.errors import InvalidRequestError
from chalicelib.features.devices import store
from chalicelib.features.devices.bodies import Connectivity, DeviceChange, Location, NewDevice
from chalicelib.features.devices.model import (
    MAX_FIELDS,
    Description,
    DeviceType,
    Maintenance,
    Override,
    merged,
    without_repeats,
)
from chalicelib.instants import instant, read_instant

_UNTIL = "maintenanceUntil"


def described(connection: Connection, organization_id: str, asked: NewDevice) -> Description:
    """The device that is asked for; raises `InvalidRequestError` where that is none."""
    found = store.find_type(connection, organization_id, asked.device_type)
    return described_as(found, asked)


def described_as(found: DeviceType | None, asked: NewDevice) -> Description:
    """The same, where the type has been looked up already."""
    return Description(
        name=asked.name,
        type=_required(found, asked.device_type),
        location=_place(merged({}, _given(asked.location))),
        connectivity=merged({}, _given(asked.connectivity)),
        metadata=asked.metadata,
        tags=without_repeats(asked.tags),
        maintenance=None,
    )


def changed(
    connection: Connection, organization_id: str, known: Description, asked: DeviceChange
) -> Description:
    """*known* with what is asked for in it; raises likewise."""
    return Description(
        name=known.name if asked.name is UNSET else asked.name,
        type=_changed_type(connection, organization_id, known, asked),
        location=_place(_changed(known.location, asked.location)),
        connectivity=_changed(known.connectivity, asked.connectivity),
        metadata=_changed_metadata(known, asked),
        tags=known.tags if asked.tags is UNSET else without_repeats(asked.tags),
        maintenance=_changed_maintenance(connection, known, asked),
    )


def require_type(stored: Description, wanted: Description) -> None:
    """Raise `InvalidRequestError` where the type was removed while the device was written.

    Whoever removes a type looks for devices of it, and could not see this one.
    """
    if stored.type != wanted.type:
        raise _unknown_type(wanted.type.name)


def facts_of(device: Description) -> dict[str, Any]:
    """*device* as it is written down, by the names of its fields."""
    return {
        "name": device.name,
        "deviceType": device.type.name,
        "location": dict(device.location),
        "connectivity": dict(device.connectivity),
        "metadata": dict(device.metadata),
        "tags": list(device.tags),
        "status": Override.MAINTENANCE.value if device.maintenance else Override.ACTIVE.value,
        _UNTIL: instant(device.maintenance.until)
        if device.maintenance and device.maintenance.until
        else None,
    }


def _required(found: DeviceType | None, name: str) -> DeviceType:
    if found is None:
        raise _unknown_type(name)
    return found


def _unknown_type(name: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"there is no type of devices called {name!r}", parameter="deviceType"
    )


def _changed_type(
    connection: Connection, organization_id: str, known: Description, asked: DeviceChange
) -> DeviceType:
    if asked.device_type is UNSET or asked.device_type == known.type.name:
        return known.type
    found = store.find_type(connection, organization_id, asked.device_type)
    return _required(found, asked.device_type)


def _changed(
    known: Mapping[str, Any], change: Location | Connectivity | UnsetType | None
) -> dict[str, Any]:
    """*known* with the fields of *change*; all of it goes where that is null."""
    if change is UNSET:
        return dict(known)
    return {} if change is None else merged(known, _given(change))


def _changed_metadata(known: Description, asked: DeviceChange) -> dict[str, str]:
    if asked.metadata is UNSET:
        return dict(known.metadata)
    found = merged(known.metadata, asked.metadata)
    if len(found) > MAX_FIELDS:
        raise InvalidRequestError(
            f"metadata would have {len(found)} fields, and may have {MAX_FIELDS}",
            parameter="metadata",
        )
    return found


def _changed_maintenance(
    connection: Connection, known: Description, asked: DeviceChange
) -> Maintenance | None:
    is_wanted = known.maintenance is not None
    if asked.status is not UNSET:
        is_wanted = asked.status is Override.MAINTENANCE
    if asked.maintenance_until is UNSET:
        return (known.maintenance or Maintenance(None)) if is_wanted else None
    if not is_wanted:
        raise InvalidRequestError(
            f"{_UNTIL} is for a device in maintenance: say `status: maintenance` with it",
            parameter=_UNTIL,
        )
    return Maintenance(_future(connection, asked.maintenance_until))


def _future(connection: Connection, spelled: str | None) -> datetime | None:
    if spelled is None:
        return None
    until = read_instant(_UNTIL, spelled)
    if until <= store.database_clock(connection):
        raise InvalidRequestError(f"{_UNTIL} must be in the future", parameter=_UNTIL)
    return until


def _place(location: dict[str, Any]) -> dict[str, Any]:
    """*location*, which has both degrees or none."""
    for given, missing in (("lat", "lon"), ("lon", "lat")):
        if given in location and missing not in location:
            raise InvalidRequestError(
                f"location.{missing} is missing: {given} says nothing without it",
                parameter=f"location.{missing}",
            )
    return location


def _given(body: Location | Connectivity | None) -> dict[str, Any]:
    """The fields of *body* that were given, by their names in JSON; null where it was null."""
    found: dict[str, Any] = {} if body is None else msgspec.to_builtins(body)
    return found
