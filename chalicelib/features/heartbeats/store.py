"""The statements of this feature, as functions: a connection first, domain values out."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.database.statements import statements_beside
from chalicelib.features.heartbeats.bodies import (
    DeviceState,
    SilenceCheck,
    StaleDevice,
    StaleDeviceQuery,
    StaleSite,
    StaleSiteQuery,
)
from chalicelib.features.heartbeats.model import MAX_BATCH, DeviceFields, Value
from chalicelib.features.heartbeats.tables import device_state
from chalicelib.instants import instant
from chalicelib.paging import start_after

sql = statements_beside(__file__)

# Any constant does, as long as every check uses the same one.
_CHECK_LOCK = 0x6865617274  # "heart"
_state = device_state.c


def database_clock(connection: Connection) -> datetime:
    """The database's now, by which all silence is measured."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def merge_heartbeats(connection: Connection, devices: Mapping[str, DeviceFields]) -> None:
    """Merge what *devices* reported into the stored states.

    A statement takes at most `MAX_BATCH` devices. Several statements follow each other in key
    order, as the rows of each do, so that writers can wait for each other but never deadlock.
    """
    in_key_order = sorted(devices)
    for start in range(0, len(in_key_order), MAX_BATCH):
        device_ids = in_key_order[start : start + MAX_BATCH]
        connection.execute(sql.adopt_states, {"device_ids": device_ids})
        rows = [_row(device_id, devices[device_id]) for device_id in device_ids]
        connection.execute(sql.merge_heartbeats, {"devices": json.dumps(rows)})


def _row(device_id: str, fields: DeviceFields) -> dict[str, Value]:
    """A device as `merge_heartbeats` reads it, without the fields that no heartbeat named."""
    # Every heartbeat names the site, so the latest instant of all is that of the site.
    last_seen_ts = fields["site_id"].set_at
    spelled = instant(last_seen_ts)
    row: dict[str, Value] = {"device_id": device_id, "last_seen_ts": spelled}
    for name, (set_at, value) in fields.items():
        row[name] = instant(value) if isinstance(value, datetime) else value
        # Usually all fields are from one heartbeat, whose instant is then spelled once.
        row[f"{name}_set_at"] = spelled if set_at is last_seen_ts else instant(set_at)
    return row


def find_state(
    connection: Connection, device_id: str, stale_after: timedelta
) -> DeviceState | None:
    """The stored state of one device, with its age."""
    values = {"device_id": device_id, "stale_after": stale_after}
    row = connection.execute(sql.find_state, values).one_or_none()
    return DeviceState(**row._mapping) if row is not None else None


def try_lock_check(connection: Connection) -> bool:
    """Become the one check until the transaction ends, or return False at once."""
    return bool(connection.execute(sql.try_lock_check, {"key": _CHECK_LOCK}).scalar_one())


def unchanged_silence(connection: Connection, stale_after: timedelta) -> SilenceCheck | None:
    """What a check finds where nothing has changed since the last one; None where something has."""
    row = connection.execute(sql.compare_silence, {"stale_after": stale_after}).one()
    return None if row.changed else SilenceCheck(checked_at=row.checked_at, stale=row.stale)


def note_transitions(
    connection: Connection,
    stale_after: timedelta,
    stale_detail_type: str,
    recovered_detail_type: str,
) -> SilenceCheck:
    """Remember which devices became stale or came back, and put them among the items of news.

    The outbox has begun to collect them; they are of the one detail type or the other.
    """
    values = {
        "stale_after": stale_after,
        "stale_detail_type": stale_detail_type,
        "recovered_detail_type": recovered_detail_type,
    }
    return SilenceCheck(**connection.execute(sql.note_transitions, values).one()._mapping)


def list_stale_devices(
    connection: Connection, query: StaleDeviceQuery, now: datetime, seen_before: datetime
) -> list[StaleDevice]:
    """Devices last seen before an instant, longest silence first, one more than the page holds."""
    key = (_state.last_seen_ts, _state.device_id)
    found = (
        select(_state.device_id, _state.site_id, _state.last_seen_ts)
        .where(_state.last_seen_ts < seen_before)
        .order_by(*key)
    )
    if query.site_id is not UNSET:
        found = found.where(_state.site_id == query.site_id)
    if after := start_after(query, datetime, str):
        found = found.where(tuple_(*key) > tuple_(*after))
    return [
        StaleDevice(**row._mapping, age_seconds=(now - row.last_seen_ts).total_seconds())
        for row in connection.execute(found.limit(query.limit + 1))
    ]


def list_stale_sites(
    connection: Connection, query: StaleSiteQuery, now: datetime, seen_before: datetime
) -> list[StaleSite]:
    """Sites with devices last seen before an instant, by name, one more than the page holds."""
    found = (
        select(
            _state.site_id,
            func.count().label("stale_count"),
            func.min(_state.last_seen_ts).label("oldest_last_seen_ts"),
        )
        .where(_state.last_seen_ts < seen_before)
        .group_by(_state.site_id)
        .order_by(_state.site_id)
    )
    if after := start_after(query, str):
        found = found.where(_state.site_id > after[0])
    return [
        StaleSite(
            **row._mapping, oldest_age_seconds=(now - row.oldest_last_seen_ts).total_seconds()
        )
        for row in connection.execute(found.limit(query.limit + 1))
    ]
