"""Lists of the newest readings, and of what was not stored."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.database import EVERY_ORGANIZATION, is_of
from chalicelib.database.statements import statements_beside
from chalicelib.features.telemetry.anomalies import Mark
from chalicelib.features.telemetry.bodies import (
    LatestOfDevice,
    LatestQuery,
    LatestReading,
    ReasonCount,
    RejectedRecord,
    RejectQuery,
)
from chalicelib.features.telemetry.tables import telemetry_rejects
from chalicelib.paging import start_after

sql = statements_beside(__file__)

_rejects = telemetry_rejects.c
_SHOWN = [_rejects[name] for name in RejectedRecord.__struct_fields__]


def list_latest(
    connection: Connection, query: LatestQuery, organization: str
) -> list[LatestOfDevice]:
    """The newest readings of devices, by device, one more than the page holds."""
    after = start_after(query, str)
    values = {
        "organization": None if organization == EVERY_ORGANIZATION else organization,
        "device_id": None if query.device_id is UNSET else query.device_id,
        "after": after[0] if after else None,
        "limit": query.limit + 1,
    }
    return [_latest(row) for row in connection.execute(sql.list_latest, values)]


def list_rejects(
    connection: Connection, query: RejectQuery, organization: str
) -> list[RejectedRecord]:
    """What was not stored, the newest first, one more than the page holds."""
    key = (_rejects.rejected_at, _rejects.reject_id)
    found = (
        select(*_SHOWN)
        .where(is_of(_rejects.organization_id, organization))
        .order_by(*(column.desc() for column in key))
    )
    if query.reason is not UNSET:
        found = found.where(_rejects.reason == query.reason)
    if query.device_id is not UNSET:
        found = found.where(_rejects.device_id == query.device_id)
    if after := start_after(query, datetime, str):
        found = found.where(tuple_(*key) < tuple_(*after))
    return [
        RejectedRecord(**row._mapping) for row in connection.execute(found.limit(query.limit + 1))
    ]


def count_reasons(connection: Connection, organization: str) -> list[ReasonCount]:
    """How much is rejected for which reason."""
    values = {"organization": None if organization == EVERY_ORGANIZATION else organization}
    return [ReasonCount(**row._mapping) for row in connection.execute(sql.count_reasons, values)]


def _latest(row: Row[Any]) -> LatestOfDevice:
    return LatestOfDevice(
        device_id=row.device_id,
        organization_id=row.organization_id,
        name=row.name,
        last_reading_at=row.last_reading_at,
        reading_count=row.reading_count,
        corrected_count=row.corrected_count,
        readings=[_reading(*reading) for reading in row.readings],
    )


def _reading(
    metric: str,
    parameter_id: str,
    unit: str | None,
    data_type: str,
    at: str,
    value: float,
    quality: int,
) -> LatestReading:
    return LatestReading(
        metric=metric,
        parameter_id=parameter_id,
        unit=unit,
        data_type=data_type,
        measured_at=datetime.fromisoformat(at),
        value=value,
        marks=[str(mark.name).lower() for mark in Mark(quality)],
    )
