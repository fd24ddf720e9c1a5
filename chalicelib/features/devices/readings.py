"""What devices have measured: their newest values, and how much of what they should."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row

from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.bodies import Device
from chalicelib.features.devices.model import reading_of, share
from chalicelib.features.devices.store import Stored
from chalicelib.instants import instant

sql = statements_beside(__file__)

# For how long a value is the last one, and over how long the quality is judged.
LOOKED_BACK = timedelta(days=30)
_TIMESTAMP = "timestamp"


@dataclass(frozen=True)
class Reading:
    """The newest values of a device, and their units where they have one, by names of metrics."""

    values: dict[str, Any]
    units: dict[str, str]


def last_readings(
    connection: Connection, found: Sequence[Stored], now: datetime
) -> dict[str, Reading]:
    """The newest values of devices, by their ids; those that have none are left out."""
    values = {
        "device_ids": [stored.device.device_id for stored in found],
        "device_type_ids": [stored.description.type.device_type_id for stored in found],
        "seen_ats": [stored.device.last_seen for stored in found],
        "since": now - LOOKED_BACK,
    }
    by_device: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(sql.list_last_readings, values):
        by_device.setdefault(row.device_id, []).append(row)
    return {device_id: _reading(rows) for device_id, rows in by_device.items()}


def with_last_reading(device: Device, readings: Mapping[str, Reading]) -> Device:
    """The device, with what *readings* have of it."""
    reading = readings.get(device.device_id)
    if reading is None:
        return replace(device, last_reading=None, last_reading_units=None)
    return replace(device, last_reading=reading.values, last_reading_units=reading.units)


def data_quality(connection: Connection, stored: Stored, now: datetime) -> float | None:
    """In how many hours each metric was measured, in percent; None where none could be."""
    key = {"device_type_id": stored.description.type.device_type_id}
    parameter_ids = list(connection.execute(sql.list_parameters_of_type, key).scalars())
    values = {
        "device_id": stored.device.device_id,
        "parameter_ids": parameter_ids,
        "since": max(stored.device.created_at, now - LOOKED_BACK),
    }
    row = connection.execute(sql.measured_slots, values).one_or_none()
    return None if row is None else share(row.slots, int(row.hours) * len(parameter_ids))


def _reading(rows: Sequence[Row[Any]]) -> Reading:
    newest = max(row.time for row in rows)
    found = {row.name: reading_of(row.value, row.data_type) for row in rows}
    units = {row.name: row.unit for row in rows if row.unit is not None}
    return Reading({**found, _TIMESTAMP: instant(newest)}, units)
