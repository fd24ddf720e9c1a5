"""The statements that register many devices at once, as functions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.audit import Actor
from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.certificates.keys import KeyRequest
from chalicelib.features.devices.describing import facts_of
from chalicelib.features.devices.model import Action, Description

sql = statements_beside(__file__)


@dataclass(frozen=True)
class Candidate:
    """A row that is a device, unless its id or its serial number is another one's.

    One that *is_adopted* has its id from the platform's master table. One with a *key* wants a
    certificate for it.
    """

    line: int
    device_id: str
    description: Description
    is_adopted: bool
    key: KeyRequest | None


def add(
    connection: Connection, organization_id: str, actor: Actor, candidates: Sequence[Candidate]
) -> set[str]:
    """Add devices; returns the ids of those whose id and serial number were free.

    No two of them have the same id. Of two with the same serial number, the first is added.
    """
    values = {
        "organization_id": organization_id,
        "action": Action.REGISTERED.value,
        "actor": actor.name,
        "devices": msgspec.json.encode([_columns(one) for one in candidates]).decode(),
    }
    return set(connection.execute(sql.add_devices, values).scalars())


def taken_numbers(
    connection: Connection, organization_id: str, serial_numbers: Collection[str]
) -> Mapping[str, str]:
    """Of these serial numbers, the ones that devices of the organization have, with their ids."""
    values = {"organization_id": organization_id, "serial_numbers": list(serial_numbers)}
    rows = connection.execute(sql.list_taken_numbers, values)
    return {row.serial_number: row.device_id for row in rows}


def present_types(connection: Connection, type_ids: Collection[str]) -> set[str]:
    """Of these ids of types, the ones that are there by now."""
    rows = connection.execute(sql.list_present_types, {"type_ids": list(type_ids)})
    return set(rows.scalars())


def known_to_master(connection: Connection, device_ids: Collection[str]) -> set[str]:
    """Of these ids, the ones that the platform's master table knows."""
    rows = connection.execute(sql.list_known_to_master, {"device_ids": list(device_ids)})
    return set(rows.scalars())


def adopt(connection: Connection, names: Mapping[str, str]) -> None:
    """Switch devices on that the master table knows, and call them so; the rest stays."""
    values = {"device_ids": list(names), "names": list(names.values())}
    connection.execute(sql.adopt_masters, values)


def _columns(candidate: Candidate) -> dict[str, Any]:
    device = candidate.description
    return {
        "line": candidate.line,
        "device_id": candidate.device_id,
        "device_type_id": device.type.device_type_id,
        "name": device.name,
        "serial_number": device.serial_number,
        "latitude": device.location.get("lat"),
        "longitude": device.location.get("lon"),
        "address": device.location.get("address"),
        "connection": device.connectivity,
        "metadata": device.metadata,
        "tags": device.tags,
        "facts": facts_of(device),
    }
