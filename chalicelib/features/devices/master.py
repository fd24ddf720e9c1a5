"""The platform's master table of devices, which says to the sync whose readings count."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, TableClause, column, insert, table, update

from chalicelib.database.statements import statements_beside
from chalicelib.database.tables import SCHEMA
from chalicelib.errors import InvalidRequestError
from chalicelib.features.devices.model import Description

sql = statements_beside(__file__)

_TABLE = "redshift_devices"


def has(connection: Connection, device_id: str) -> bool:
    """Whether the master table knows the device."""
    return bool(connection.execute(sql.has_master, {"device_id": device_id}).scalar_one())


def longest_name(connection: Connection) -> int | None:
    """How many characters of a name the master table holds; None for as many as there are."""
    longest: int | None = connection.execute(sql.longest_name_in_master).scalar_one_or_none()
    return longest


def require_room(name: str, longest: int | None) -> None:
    """Raise `InvalidRequestError` where *name* is longer than that."""
    if longest is not None and len(name) > longest:
        raise InvalidRequestError(
            f"name must be at most {longest} characters long: the platform's master table holds no "
            "more",
            parameter="name",
        )


def add(connection: Connection, devices: Mapping[str, Description]) -> None:
    """Have the master table know the devices, which are by their ids, and switch them on."""
    optional = _optional_columns(connection)
    rows = [_row(device_id, device, optional) for device_id, device in devices.items()]
    connection.execute(insert(_master(*rows[0])), rows)


def _optional_columns(connection: Connection) -> Sequence[str]:
    return connection.execute(sql.list_optional_columns_of_master).scalars().all()


def _master(*columns: str) -> TableClause:
    return table(_TABLE, *(column(name) for name in columns), schema=SCHEMA)


def _row(device_id: str, device: Description, optional: Sequence[str]) -> dict[str, Any]:
    known = {"device_type_id": device.type.device_type_id, "is_active": True}
    return {
        "device_id": device_id,
        "device_name": device.name,
        "status": True,
        **{name: known[name] for name in optional},
    }


def adopt(connection: Connection, device_id: str, name: str) -> None:
    """Switch a device on that the master table knows, and call it *name*; the rest stays."""
    connection.execute(sql.adopt_master, {"device_id": device_id, "name": name})


def rename(connection: Connection, device_id: str, name: str) -> None:
    """Call the device *name*, by which the sync then calls its pairs."""
    connection.execute(sql.rename_master, {"device_id": device_id, "name": name})


def switch_off(connection: Connection, device_id: str) -> None:
    """Have the readings of the device count no more; whoever reads `is_active` sees it as well."""
    off = {"status": False}
    if "is_active" in _optional_columns(connection):
        off["is_active"] = False
    master = _master("device_id", *off)
    connection.execute(update(master).where(master.c.device_id == device_id).values(off))
