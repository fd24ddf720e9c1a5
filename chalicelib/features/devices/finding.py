"""Finding a device for whoever asks."""

from sqlalchemy import Connection

from chalicelib.features.devices import store
from chalicelib.features.devices.context import Request
from chalicelib.features.devices.errors import UnknownDeviceError
from chalicelib.features.devices.store import Stored


def find(connection: Connection, request: Request, device_id: str) -> Stored:
    """The device of that id; raises `UnknownDeviceError` where whoever asks sees none."""
    stored = store.find(connection, device_id, request.organization)
    if stored is None:
        raise UnknownDeviceError(device_id)
    return stored


def find_locked(connection: Connection, request: Request, device_id: str) -> Stored:
    """The same, which nobody else changes until the transaction ends.

    Raises `StaleVersionError` where it is not in the version that is asked about.
    """
    if not store.lock(connection, device_id, request.organization):
        raise UnknownDeviceError(device_id)
    stored = find(connection, request, device_id)
    request.require_version(stored.version)
    return stored
