"""The platform's master table of devices, which says to the sync whose readings count."""

from typing import Any

from sqlalchemy import Connection, column, insert, table

from chalicelib.database.statements import statements_beside
from chalicelib.database.tables import SCHEMA
from chalicelib.features.devices.model import Description

sql = statements_beside(__file__)

_TABLE = "redshift_devices"


def has(connection: Connection, device_id: str) -> bool:
    """Whether the master table knows the device."""
    return bool(connection.execute(sql.has_master, {"device_id": device_id}).scalar_one())


def add(connection: Connection, device_id: str, device: Description) -> None:
    """Have the master table know the device, and switch it on."""
    known = {"device_type_id": device.type.device_type_id, "is_active": True}
    optional = connection.execute(sql.list_optional_columns_of_master).scalars()
    values: dict[str, Any] = {
        "device_id": device_id,
        "device_name": device.name,
        "status": True,
        **{name: known[name] for name in optional},
    }
    target = table(_TABLE, *(column(name) for name in values), schema=SCHEMA)
    connection.execute(insert(target), values)


def adopt(connection: Connection, device_id: str, name: str) -> None:
    """Switch a device on that the master table knows, and call it *name*; the rest stays."""
    connection.execute(sql.adopt_master, {"device_id": device_id, "name": name})


def rename(connection: Connection, device_id: str, name: str) -> None:
    """Call the device *name*, by which the sync then calls its pairs."""
    connection.execute(sql.rename_master, {"device_id": device_id, "name": name})


def switch_off(connection: Connection, device_id: str) -> None:
    """Have the readings of the device count no more."""
    connection.execute(sql.switch_master_off, {"device_id": device_id})
