"""Changing what people say of a device."""

from sqlalchemy import Connection

from chalicelib.features.devices import master, store
from chalicelib.features.devices.bodies import DeviceChange
from chalicelib.features.devices.connectivity import store as connectivity
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.describing import changed, facts_of, require_type
from chalicelib.features.devices.errors import DeviceExistsError
from chalicelib.features.devices.finding import find, find_locked
from chalicelib.features.devices.model import Action, differences
from chalicelib.features.devices.noting import note
from chalicelib.features.devices.store import Stored


def change(connection: Connection, request: Request, device_id: str, asked: DeviceChange) -> Stored:
    """The device with what is asked for in it; what changes nothing is no change.

    Raises `DeviceExistsError` where the serial number is another device's.
    """
    known = find_locked(connection, request, device_id)
    organization_id = known.device.organization_id
    wanted = changed(connection, organization_id, known.description, asked)
    if wanted == known.description:
        return known
    is_renamed = request.keeps_master and wanted.name != known.description.name
    if is_renamed:
        master.require_room(wanted.name, master.longest_name(connection))
    if not store.change(connection, device_id, wanted):
        raise DeviceExistsError.by_serial_number(wanted.serial_number)
    if is_renamed:
        master.rename(connection, device_id, wanted.name)
    made = find(connection, request, device_id)
    require_type(made.description, wanted)
    if wanted.type != known.description.type:
        connectivity.ask_again(connection, device_id)
    before, after = differences(facts_of(known.description), facts_of(wanted))
    note(connection, request, Action.CHANGED, known.device, before=before, after=after)
    return made
