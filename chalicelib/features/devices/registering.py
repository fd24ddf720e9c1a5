"""Registering devices: what is ours of them, and what the platform knows."""

from sqlalchemy import Connection

from chalicelib.access.errors import ForbiddenError
from chalicelib.errors import InvalidRequestError
from chalicelib.features.devices import master, store
from chalicelib.features.devices.bodies import NewDevice
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.describing import described, facts_of, require_type
from chalicelib.features.devices.errors import DeviceExistsError
from chalicelib.features.devices.finding import find
from chalicelib.features.devices.model import Action, Description
from chalicelib.features.devices.noting import note
from chalicelib.features.devices.store import Stored


def register(
    connection: Connection,
    request: Request,
    device_id: str,
    organization_id: str,
    asked: NewDevice,
    *,
    is_adopted: bool,
) -> Stored:
    """A new device of the organization, which the sync looks at from its next run on.

    With *is_adopted* the master table knows the device already, and keeps what it says of it, but
    for the name and that it is switched on. Raises `DeviceExistsError` where the id, or the serial
    number, is another device's.
    """
    wanted = described(connection, organization_id, asked)
    _require_master(connection, request, device_id, is_adopted=is_adopted)
    if request.keeps_master:
        master.require_room(wanted.name, master.longest_name(connection))
    if not store.add(connection, device_id, organization_id, wanted):
        raise _taken(connection, organization_id, device_id, wanted)
    if request.keeps_master and is_adopted:
        master.adopt(connection, device_id, wanted.name)
    elif request.keeps_master:
        master.add(connection, {device_id: wanted})
    made = find(connection, request, device_id)
    require_type(made.description, wanted)
    note(connection, request, Action.REGISTERED, made.device, after=facts_of(wanted))
    return made


def _require_master(
    connection: Connection, request: Request, device_id: str, *, is_adopted: bool
) -> None:
    """Raise `InvalidRequestError` where the master table would have to know the device."""
    if not is_adopted and not request.keeps_master:
        raise unnamed()
    if is_adopted and not master.has(connection, device_id):
        raise unknown_to_master(device_id)


def unnamed() -> InvalidRequestError:
    """The refusal of a device that the master table would have to know, and that names none."""
    return InvalidRequestError(
        "deviceId is missing: the master table is kept elsewhere, and only what is in it can be "
        "registered",
        parameter="deviceId",
    )


def unknown_to_master(device_id: str) -> InvalidRequestError:
    """The refusal of a device that is to be adopted, and is not there."""
    return InvalidRequestError(
        f"deviceId must name a device of the master table, which has no {device_id!r}",
        parameter="deviceId",
    )


def not_theirs_to_name() -> ForbiddenError:
    """The refusal of a device that somebody names who may not."""
    # Whoever names one decides to whom somebody else's device belongs.
    return ForbiddenError("only the platform's own admins may name a device")


def _taken(
    connection: Connection, organization_id: str, device_id: str, wanted: Description
) -> DeviceExistsError:
    number = wanted.serial_number
    if store.has_serial_number(connection, organization_id, number, besides=device_id):
        return DeviceExistsError.by_serial_number(number)
    return DeviceExistsError.by_id(device_id)
