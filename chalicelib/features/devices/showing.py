"""A device with all that is known of it."""

from msgspec.structs import replace
from sqlalchemy import Connection

from chalicelib.features.devices import readings, store
from chalicelib.features.devices.bodies import Device, Health
from chalicelib.features.devices.connectivity.store import find_uptime
from chalicelib.features.devices.store import Stored


def shown(connection: Connection, stored: Stored) -> Device:
    """The device, with what it measured last, and how well it does."""
    now = store.database_clock(connection)
    last = readings.last_readings(connection, [stored], now)
    quality = readings.data_quality(connection, stored, now)
    uptime = find_uptime(connection, stored.device.device_id, now)
    health = Health(uptime=uptime, data_quality=quality)
    return replace(readings.with_last_reading(stored.device, last), health=health)
