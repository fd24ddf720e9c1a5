"""What devices have measured: their newest values, and how much of what they should."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.model import reading_of, share
from chalicelib.features.devices.store import Stored
from chalicelib.instants import instant

sql = statements_beside(__file__)

# For how long a value is the last one, and over how long the quality is judged.
LOOKED_BACK = timedelta(days=30)
_TIMESTAMP = "timestamp"


def last_readings(
    connection: Connection, found: Sequence[Stored], now: datetime
) -> dict[str, dict[str, Any]]:
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


def _reading(rows: Iterable[Row[Any]]) -> dict[str, Any]:
    rows = list(rows)
    newest = max(row.time for row in rows)
    found = {row.name: reading_of(row.value, row.data_type) for row in rows}
    return {**found, _TIMESTAMP: instant(newest)}
