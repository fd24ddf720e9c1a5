"""Deleting devices, which stay for whoever looks back."""

from datetime import datetime

from sqlalchemy import Connection

from chalicelib.features.devices import master, store
from chalicelib.features.devices.certificates.want import want_nothing
from chalicelib.features.devices.connectivity import store as connectivity
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.describing import facts_of
from chalicelib.features.devices.finding import find_locked
from chalicelib.features.devices.model import Action
from chalicelib.features.devices.noting import note


def delete(connection: Connection, request: Request, device_id: str) -> datetime:
    """Have the device be none any more, for lists, counts and the sync; returns when that was.

    All that goes with a device ends here, in its transaction.
    """
    known = find_locked(connection, request, device_id)
    deleted_at = store.delete(connection, device_id)
    if request.keeps_master:
        master.switch_off(connection, device_id)
    want_nothing(connection, device_id)
    connectivity.ask_again(connection, device_id)
    note(connection, request, Action.DELETED, known.device, before=facts_of(known.description))
    return deleted_at
