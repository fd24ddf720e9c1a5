"""The statements of telemetry, as functions: a connection first, values out."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.database import is_of
from chalicelib.database.arrays import array_literal
from chalicelib.database.statements import statements_beside
from chalicelib.features.telemetry.bodies import Letter, Replay
from chalicelib.features.telemetry.model import Reason
from chalicelib.features.telemetry.tables import telemetry_rejects
from chalicelib.features.telemetry.weighing import Columns, Device, Latest, Moment
from chalicelib.paging import key_in

sql = statements_beside(__file__)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


class Found(NamedTuple):
    """A registered device, and which version of which type it is of."""

    device_id: str
    organization_id: str
    device_type_id: str
    version: int
    timestamp_path: str | None


class Kept(NamedTuple):
    """A reject, as far as it takes to try its record again. Its last two fields are its key."""

    organization_id: str | None
    payload: str
    sent_at: datetime | None
    rejected_at: datetime
    reject_id: str


class Written(NamedTuple):
    """How many readings are new, and how many have another value than before."""

    stored: int
    corrected: int


def database_clock(connection: Connection) -> datetime:
    """The database's now, which says what lies ahead and what is late."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def lift_decompression_limit(connection: Connection) -> None:
    """Let the transaction unpack whatever it has to of what is compressed."""
    connection.execute(sql.lift_decompression_limit)


def find_devices(
    connection: Connection, device_ids: Collection[str], organization_id: str | None
) -> dict[str, Found]:
    """Those of *device_ids* that the organization, or any if it is None, has registered."""
    values = {"device_ids": array_literal(list(device_ids)), "organization": organization_id}
    rows = connection.execute(sql.find_devices, values)
    return {row.device_id: Found(*row) for row in rows}


def list_metrics(
    connection: Connection, device_type_ids: Collection[str]
) -> dict[str, list[Row[Any]]]:
    """The metrics of types, by type."""
    found = defaultdict(list)
    for row in connection.execute(
        sql.list_metrics, {"device_type_ids": array_literal(list(device_type_ids))}
    ):
        found[row.device_type_id].append(row)
    return found


def begin_devices(connection: Connection, device_ids: Collection[str]) -> None:
    """Make the rows of devices of which nothing is stored as yet."""
    connection.execute(sql.begin_devices, {"device_ids": array_literal(list(device_ids))})


def lock_devices(
    connection: Connection, device_ids: Collection[str]
) -> dict[str, dict[str, Latest]]:
    """The newest readings of devices, which are locked: those that have a row, by their ids."""
    rows = connection.execute(sql.lock_devices, {"device_ids": array_literal(list(device_ids))})
    return {row.device_id: _decode(row.latest) for row in rows}


def find_values(connection: Connection, wanted: Sequence[tuple[Moment, str]]) -> None:
    """Tell the moments of *wanted* what is stored of the same time, by the names of metrics."""
    places = {
        (moment.device.device_id, moment.device.plan.metrics[name].parameter_id, moment.at): (
            moment,
            name,
        )
        for moment, name in wanted
    }
    ats = [at for _, _, at in places]
    values = {
        "device_ids": array_literal([device_id for device_id, _, _ in places]),
        "parameter_ids": array_literal([parameter_id for _, parameter_id, _ in places]),
        "ats": array_literal(ats),
        "first": min(ats),
        "last": max(ats),
    }
    for row in connection.execute(sql.find_values, values):
        moment, name = places[row.device_id, row.parameter_id, row.at]
        moment.known[name] = row.value


def store_readings(connection: Connection, columns: Columns, devices: Iterable[Device]) -> Written:
    """Write readings, and what is known of their devices, which are locked."""
    values = {
        "ats": array_literal(columns.ats),
        "device_ids": array_literal(columns.device_ids),
        "parameter_ids": array_literal(columns.parameter_ids),
        "values": array_literal(columns.values),
        "qualities": array_literal(columns.qualities),
        "devices": _encode([_device_row(device) for device in devices]).decode(),
    }
    return Written(*connection.execute(sql.store_readings, values).one())


def withdraw_values(connection: Connection, readings: Sequence[tuple[str, str, int]]) -> None:
    """Take the values from readings, by device, parameter and time, that have any."""
    device_ids, parameter_ids, ats = zip(*readings, strict=True)
    values = {
        "device_ids": array_literal(device_ids),
        "parameter_ids": array_literal(parameter_ids),
        "ats": array_literal(ats),
        "first": min(ats),
        "last": max(ats),
    }
    connection.execute(sql.withdraw_values, values)


def keep_rejects(connection: Connection, rows: str) -> None:
    """Keep what is rejected: a JSON array of objects, with the columns as names."""
    connection.execute(sql.keep_rejects, {"rejects": rows})


def claim_letters(connection: Connection, limit: int) -> list[Letter]:
    """What the queue of dead letters lacks, at most *limit*: it is the caller's for a minute."""
    rows = connection.execute(sql.claim_letters, {"limit": limit})
    return [Letter(**row._mapping) for row in rows]


def forget_letters(connection: Connection, reject_ids: Iterable[str]) -> None:
    """The queue of dead letters has these."""
    connection.execute(sql.forget_letters, {"reject_ids": array_literal(list(reject_ids))})


def find_rejects(
    connection: Connection, wanted: Replay, organization: str, limit: int
) -> list[Kept]:
    """The oldest rejects that are *wanted*, at most *limit*, whose records are kept as a whole.

    What a token said of another's device is nothing that the device has said.
    """
    rejects = telemetry_rejects.c
    found = (
        select(*(rejects[name] for name in Kept._fields))
        .where(
            is_of(rejects.organization_id, organization),
            ~rejects.is_cut,
            rejects.reason != Reason.OTHER_DEVICE,
        )
        .order_by(rejects.rejected_at, rejects.reject_id)
        .limit(limit)
    )
    if wanted.reason is not UNSET:
        found = found.where(rejects.reason == wanted.reason)
    if wanted.device_id is not UNSET:
        found = found.where(rejects.device_id == wanted.device_id)
    if wanted.reject_ids is not UNSET:
        found = found.where(rejects.reject_id.in_(wanted.reject_ids))
    if wanted.after is not UNSET:
        after = key_in(wanted.after, datetime, str)
        found = found.where(tuple_(rejects.rejected_at, rejects.reject_id) > tuple_(*after))
    return [Kept(*row) for row in connection.execute(found)]


def forget_rejects(connection: Connection, reject_ids: Iterable[str]) -> None:
    """These are no rejects any more."""
    connection.execute(sql.forget_rejects, {"reject_ids": array_literal(list(reject_ids))})


def prune_rejects(connection: Connection, retention_days: int, batch: int) -> int:
    """Forget what was rejected so many days ago, at most *batch*; returns how many there were."""
    values = {"retention_days": retention_days, "batch": batch}
    return connection.execute(sql.prune_rejects, values).rowcount


def prune_crowded(connection: Connection, most: int, batch: int) -> int:
    """Forget the oldest of an organization that has more than *most*; returns how many went.

    At most *batch* go. Those of the same instant go together, so that fewer than *most* may stay.
    """
    return connection.execute(sql.prune_crowded, {"most": most, "batch": batch}).rowcount


def _device_row(device: Device) -> Mapping[str, Any]:
    return {
        "device_id": device.device_id,
        "latest": device.latest,
        "last_reading_at": device.last_at,
    }
