"""The statements of device types, as functions: a connection first, values out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, or_, select
from sqlalchemy.exc import IntegrityError

from chalicelib.bodies import UNSET
from chalicelib.database import EVERY_ORGANIZATION, is_of
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_types.bodies import (
    DeviceType,
    DeviceTypeListQuery,
    ListedDeviceType,
    NewDeviceType,
)
from chalicelib.features.device_types.metric_bodies import DeviceMetric
from chalicelib.features.device_types.model import DeviceTypeSort
from chalicelib.features.device_types.tables import device_type_metrics, device_types
from chalicelib.listing import Listing, Sorting, listed

sql = statements_beside(__file__)

_KNOWN = device_types.c
_SORTINGS = {
    DeviceTypeSort.NAME: Sorting("name", _KNOWN.name, str, _KNOWN.device_type_id),
    DeviceTypeSort.CREATED_AT: Sorting(
        "createdAt", _KNOWN.created_at, datetime, _KNOWN.device_type_id
    ),
}


@dataclass(frozen=True)
class Stored:
    """A device type, in the version that is there.

    Of its parameters, the rows of *own_parameter_ids* in the dictionary were made here.
    """

    device_type: DeviceType
    version: int
    own_parameter_ids: frozenset[str]


def find(connection: Connection, device_type_id: str, organization: str) -> Stored | None:
    """The type of that id, if there is one and it is of *organization*, or shared."""
    values = {
        "device_type_id": device_type_id,
        "organization": organization,
        "sees_all": organization == EVERY_ORGANIZATION,
    }
    row = connection.execute(sql.find, values).one_or_none()
    if row is None:
        return None
    return Stored(_read(row), row.version, frozenset(row.own_parameter_ids))


def lock(connection: Connection, device_type_id: str) -> None:
    """Keep others from changing the type until the transaction ends."""
    connection.execute(sql.lock, {"device_type_id": device_type_id})


def lock_to_remove(connection: Connection, device_type_id: str) -> None:
    """The same, and keep devices from becoming of this type; those that are about to be are."""
    connection.execute(sql.lock_to_remove, {"device_type_id": device_type_id})


def add(
    connection: Connection, device_type_id: str, organization_id: str | None, asked: NewDeviceType
) -> bool:
    """Add a type, without its metrics; False where its name is in use."""
    values = {
        "device_type_id": device_type_id,
        "organization_id": organization_id,
        "name": asked.name,
        "description": asked.description,
        "reporting_interval_seconds": asked.reporting_interval_seconds,
        "timestamp_path": asked.timestamp_path,
    }
    return connection.execute(sql.add, values).first() is not None


def change(connection: Connection, changed: DeviceType) -> bool:
    """Keep what *changed* says, less its metrics; False where its name is in use."""
    values = {
        "device_type_id": changed.device_type_id,
        "name": changed.name,
        "description": changed.description,
        "reporting_interval_seconds": changed.reporting_interval_seconds,
        "timestamp_path": changed.timestamp_path,
    }
    try:
        with connection.begin_nested():
            connection.execute(sql.change, values)
    except IntegrityError:
        # Nothing but the name can be another's.
        return False
    return True


def replace_metrics(
    connection: Connection,
    device_type_id: str,
    metrics: Sequence[DeviceMetric],
    own_parameter_ids: Collection[str],
) -> None:
    """Have the type have *metrics*, and no others."""
    connection.execute(sql.drop_metrics, {"device_type_id": device_type_id})
    values = {
        "device_type_id": device_type_id,
        "bodies": msgspec.json.encode(metrics).decode(),
        "own_parameter_ids": sorted(own_parameter_ids),
    }
    connection.execute(sql.add_metrics, values)


def is_in_use(connection: Connection, device_type_id: str) -> bool:
    """Whether there are devices of the type, among those that the transaction sees."""
    values = {"device_type_id": device_type_id}
    return bool(connection.execute(sql.is_in_use, values).scalar_one())


def remove(connection: Connection, device_type_id: str) -> None:
    """Have the type be none any more."""
    connection.execute(sql.remove, {"device_type_id": device_type_id})


def list_device_types(
    connection: Connection, query: DeviceTypeListQuery, organization: str
) -> Listing[ListedDeviceType]:
    """A page of the types of *organization*, and of the shared ones."""
    shared = _KNOWN.organization_id.is_(None)
    metric = device_type_metrics.c
    count = (
        select(func.count()).where(metric.device_type_id == _KNOWN.device_type_id).scalar_subquery()
    )
    found = select(device_types, count.label("metric_count")).where(
        _KNOWN.removed_at.is_(None), or_(shared, is_of(_KNOWN.organization_id, organization))
    )
    if query.name is not UNSET:
        found = found.where(_KNOWN.name.icontains(query.name, autoescape=True))
    if query.is_shared is not UNSET:
        found = found.where(shared if query.is_shared else ~shared)
    return listed(connection, found, query, _SORTINGS[query.sort_by], _listed)


def _read(row: Row[Any]) -> DeviceType:
    metrics = msgspec.json.decode(row.bodies, type=list[DeviceMetric])
    return DeviceType(**_facts(row), timestamp_path=row.timestamp_path, metrics=metrics)


def _listed(row: Row[Any]) -> ListedDeviceType:
    return ListedDeviceType(**_facts(row), metric_count=row.metric_count)


def _facts(row: Row[Any]) -> dict[str, Any]:
    """What is shown of a type in a list and by itself."""
    return {
        "device_type_id": row.device_type_id,
        "organization_id": row.organization_id,
        "is_shared": row.organization_id is None,
        "name": row.name,
        "description": row.description,
        "reporting_interval_seconds": row.reporting_interval_seconds,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
