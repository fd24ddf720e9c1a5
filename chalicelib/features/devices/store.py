"""The statements of devices, as functions: a connection first, values out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, String, cast, column, func, select, table
from sqlalchemy.exc import IntegrityError

from chalicelib.audit import Actor
from chalicelib.database import is_of
from chalicelib.database.statements import statements_beside
from chalicelib.database.tables import SCHEMA
from chalicelib.features.devices.bodies import (
    Change,
    ChangeQuery,
    Connectivity,
    Device,
    Location,
    Parameter,
    ParameterQuery,
)
from chalicelib.features.devices.model import (
    Action,
    ConnectivityStatus,
    Description,
    DeviceOfSomebody,
    DeviceType,
    Lifecycle,
    Maintenance,
    Status,
)
from chalicelib.features.devices.tables import device_presence, devices
from chalicelib.paging import start_after

sql = statements_beside(__file__)

_UNTIL_FURTHER_NOTICE = "infinity"
_KNOWN = devices.c
_TYPES = table("v_device_types", column("device_type_id"), column("name"), schema=SCHEMA)
_STATES = table("v_device_states", column("device_id"), column("agent_version"), schema=SCHEMA)
_SHOWN = (
    _KNOWN.device_id,
    _KNOWN.organization_id,
    _KNOWN.device_type_id,
    _KNOWN.name,
    _KNOWN.latitude,
    _KNOWN.longitude,
    _KNOWN.address,
    _KNOWN.connection,
    _KNOWN.metadata,
    _KNOWN.tags,
    _KNOWN.lifecycle,
    _KNOWN.connectivity,
    _KNOWN.status,
    _KNOWN.created_at,
    _KNOWN.updated_at,
    _KNOWN.version,
)


@dataclass(frozen=True)
class Stored:
    """A device in the version that is there: as it is shown, and as people have described it."""

    device: Device
    description: Description
    version: int


def find_type(connection: Connection, organization_id: str, name: str) -> DeviceType | None:
    """The type that devices of the organization call so: its own one, or else the platform's."""
    values = {"organization_id": organization_id, "name": name}
    row = connection.execute(sql.find_type, values).one_or_none()
    return None if row is None else DeviceType(row.device_type_id, row.name)


def add(connection: Connection, device_id: str, organization_id: str, device: Description) -> bool:
    """Add a device; False where the id, or the serial number, is another one's."""
    values = {"organization_id": organization_id, **_columns(device_id, device)}
    if connection.execute(sql.add, values).first() is None:
        return False
    connection.execute(sql.add_presence, values)
    return True


def has_serial_number(
    connection: Connection, organization_id: str, serial_number: str | None, besides: str
) -> bool:
    """Whether a device of the organization *besides* that one has the serial number."""
    values = {
        "organization_id": organization_id,
        "serial_number": serial_number,
        "device_id": besides,
    }
    return bool(connection.execute(sql.has_serial_number, values).scalar_one())


def find(connection: Connection, device_id: str, organization: str) -> Stored | None:
    """The device of that id in *organization*, if there is one and it was not deleted."""
    found = shown_devices(organization).where(_KNOWN.device_id == device_id)
    row = connection.execute(found).one_or_none()
    return None if row is None else stored(row)


def lock(connection: Connection, device_id: str, organization: str) -> bool:
    """Keep others from changing the device until the transaction ends; False where it is gone."""
    found = (
        select(_KNOWN.device_id)
        .where(_KNOWN.device_id == device_id, *are_there(organization))
        .with_for_update(key_share=True)
    )
    return connection.execute(found).first() is not None


def change(connection: Connection, device_id: str, device: Description) -> bool:
    """Have people say *device* of it from now on; False where the serial number is another's."""
    until = device.maintenance and (device.maintenance.until or _UNTIL_FURTHER_NOTICE)
    values = {"maintenance_until": until, **_columns(device_id, device)}
    try:
        # Whoever has taken the number at this moment is seen by the index only.
        with connection.begin_nested():
            connection.execute(sql.change, values)
    except IntegrityError:
        return False
    return True


def delete(connection: Connection, device_id: str) -> datetime:
    """Have the device be none any more; returns when that was."""
    deleted: datetime = connection.execute(sql.delete, {"device_id": device_id}).scalar_one()
    return deleted


def database_clock(connection: Connection) -> datetime:
    """When the transaction began, by the database."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def note_change(
    connection: Connection,
    device: DeviceOfSomebody,
    actor: Actor,
    action: Action,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """Keep what was done to the device for whoever asks what has become of it."""
    values = {
        "device_id": device.device_id,
        "organization_id": device.organization_id,
        "action": action.value,
        "actor": actor.name,
        "before": _json(before),
        "after": _json(after),
    }
    connection.execute(sql.note_change, values)


def list_changes(connection: Connection, device_id: str, query: ChangeQuery) -> list[Change]:
    """What was done to the device, newest first, one more than the page holds."""
    after = start_after(query, int)
    values = {
        "device_id": device_id,
        "before": after[0] if after else None,
        "most": query.limit + 1,
    }
    rows = connection.execute(sql.list_changes, values)
    return [_change(row) for row in rows]


def list_parameters(
    connection: Connection, device_id: str, query: ParameterQuery
) -> list[Parameter]:
    """What the sync has found the device to report, by id, one more than the page holds."""
    after = start_after(query, str)
    values = {
        "device_id": device_id,
        "after": after[0] if after else None,
        "most": query.limit + 1,
    }
    rows = connection.execute(sql.list_parameters, values)
    return [Parameter(**row._mapping) for row in rows]


def are_there(organization: str) -> tuple[Any, ...]:
    """The conditions that a device is one of *organization*, and was not deleted."""
    return _KNOWN.lifecycle != Status.DELETED.value, is_of(_KNOWN.organization_id, organization)


def shown_devices(organization: str) -> Select[Any]:
    """The devices of *organization*, with all that is shown of each."""
    presence = device_presence.c
    until = _KNOWN.maintenance_until
    return (
        select(
            *_SHOWN,
            until.is_not(None).label("is_in_maintenance"),
            func.nullif(until, _UNTIL_FURTHER_NOTICE).label("maintenance_until"),
            func.coalesce(_TYPES.c.name, _KNOWN.device_type_id).label("type_name"),
            presence.last_seen_at,
            func.coalesce(_KNOWN.firmware_version, cast(_STATES.c.agent_version, String)).label(
                "firmware_version"
            ),
        )
        .select_from(devices)
        .outerjoin(_TYPES, _TYPES.c.device_type_id == _KNOWN.device_type_id)
        .outerjoin(device_presence, presence.device_id == _KNOWN.device_id)
        .outerjoin(_STATES, _STATES.c.device_id == _KNOWN.device_id)
        .where(*are_there(organization))
    )


def _read(row: Row[Any]) -> Device:
    location = _location(row)
    return Device(
        device_id=row.device_id,
        name=row.name,
        organization_id=row.organization_id,
        type=row.type_name,
        status=Status(row.status),
        lifecycle=Lifecycle(row.lifecycle),
        connectivity_status=ConnectivityStatus(row.connectivity),
        location=Location(**location) if location else None,
        last_seen=row.last_seen_at,
        firmware_version=row.firmware_version,
        connectivity=msgspec.convert(row.connection, Connectivity) if row.connection else None,
        metadata=row.metadata,
        tags=row.tags,
        maintenance_until=row.maintenance_until,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def stored(row: Row[Any]) -> Stored:
    """A row of `shown_devices`."""
    description = Description(
        name=row.name,
        type=DeviceType(row.device_type_id, row.type_name),
        location=_location(row),
        connectivity=row.connection,
        metadata=row.metadata,
        tags=tuple(row.tags),
        maintenance=Maintenance(row.maintenance_until) if row.is_in_maintenance else None,
    )
    return Stored(_read(row), description, row.version)


def _location(row: Row[Any]) -> dict[str, Any]:
    found = {"lat": row.latitude, "lon": row.longitude, "address": row.address}
    return {name: value for name, value in found.items() if value is not None}


def _columns(device_id: str, device: Description) -> dict[str, Any]:
    return {
        "device_id": device_id,
        "device_type_id": device.type.device_type_id,
        "name": device.name,
        "serial_number": device.serial_number,
        "latitude": device.location.get("lat"),
        "longitude": device.location.get("lon"),
        "address": device.location.get("address"),
        "connection": _json(device.connectivity),
        "metadata": _json(device.metadata),
        "tags": list(device.tags),
    }


def _json(facts: Mapping[str, Any]) -> str:
    return msgspec.json.encode(facts).decode()


def _change(row: Row[Any]) -> Change:
    return Change(**{**row._mapping, "action": Action(row.action)})
