"""The statements of this feature, as functions: a connection first, domain values out."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.database.statements import statements_beside
from chalicelib.features.heartbeats.bodies import (
    DeviceState,
    SilenceCheck,
    StaleDevice,
    StaleDeviceQuery,
    StaleSite,
    StaleSiteQuery,
    UnknownDevice,
    UnknownDeviceQuery,
)
from chalicelib.features.heartbeats.model import (
    MAX_BATCH,
    MAX_UNKNOWN_DEVICES,
    UNKNOWN_DEVICES_KEPT,
    Admission,
    DeviceFields,
    Knock,
    Objection,
    UnknownDevices,
    Value,
)
from chalicelib.features.heartbeats.tables import device_state, unknown_devices
from chalicelib.instants import instant
from chalicelib.paging import start_after

sql = statements_beside(__file__)

# Any constant does, as long as every check uses the same one.
_CHECK_LOCK = 0x6865617274  # "heart"
_QUARANTINE_LOCK = 0x6B6E6F636B  # "knock"
_state = device_state.c
_unknown = unknown_devices.c


def database_clock(connection: Connection) -> datetime:
    """The database's now, by which all silence is measured."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def merge_heartbeats(
    connection: Connection, devices: Mapping[str, DeviceFields], admission: Admission
) -> dict[str, Objection]:
    """Merge what *devices* reported into the stored states; returns why some are left out.

    A statement takes at most `MAX_BATCH` devices. Several statements follow each other in key
    order, as the rows of each do, so that writers can wait for each other but never deadlock.
    """
    objections: dict[str, Objection] = {}
    in_key_order = sorted(devices)
    for start in range(0, len(in_key_order), MAX_BATCH):
        device_ids = in_key_order[start : start + MAX_BATCH]
        unknown = _unknown_among(connection, device_ids, admission)
        objections |= dict.fromkeys(unknown, Objection.UNKNOWN_DEVICE)
        known = {name: devices[name] for name in device_ids if name not in unknown}
        elsewhere = _merge(connection, known, admission.site_id) if known else set()
        objections |= dict.fromkeys(elsewhere, Objection.DEVICE_ELSEWHERE)
    return objections


def _unknown_among(connection: Connection, device_ids: list[str], admission: Admission) -> set[str]:
    is_everybody_known = admission.unknown is UnknownDevices.ACCEPT
    values = {"device_ids": device_ids, "is_everybody_known": is_everybody_known}
    return set(connection.execute(sql.admit_devices, values).scalars())


def _merge(
    connection: Connection, devices: Mapping[str, DeviceFields], only_site: str | None
) -> set[str]:
    """Merge known devices; returns those that are at another site than *only_site*, if given."""
    rows = [_row(device_id, fields) for device_id, fields in devices.items()]
    values = {"devices": json.dumps(rows), "only_site": only_site}
    merged = connection.execute(sql.merge_heartbeats, values).scalars()
    return set() if only_site is None else devices.keys() - set(merged)


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


def quarantine(connection: Connection, knocks: Sequence[Knock]) -> None:
    """Remember unknown devices, and forget those that knocked too long ago, or are too many."""
    # More than are kept would only be written to be deleted.
    rows = [_knock_row(knock) for knock in sorted(knocks)[:MAX_UNKNOWN_DEVICES]]
    connection.execute(sql.lock_quarantine, {"key": _QUARANTINE_LOCK})
    connection.execute(sql.quarantine_devices, {"devices": json.dumps(rows)})
    limits = {"kept": UNKNOWN_DEVICES_KEPT, "most": MAX_UNKNOWN_DEVICES}
    connection.execute(sql.prune_quarantine, limits)


def _knock_row(knock: Knock) -> dict[str, object]:
    """An unknown device as `quarantine_devices` reads it."""
    said = {name: dated.value for name, dated in knock.fields.items()}
    site = knock.fields["site_id"]
    return {
        "device_id": knock.device_id,
        "site_id": site.value,
        "heartbeat_count": knock.heartbeat_count,
        "last_heartbeat": {"ts": instant(site.set_at)}
        | {n: instant(v) if isinstance(v, datetime) else v for n, v in said.items()},
    }


def forget_devices(connection: Connection, device_ids: Sequence[str]) -> list[str]:
    """Forget all about devices; returns those of which anything was known.

    No check for silence is under way meanwhile: it could note what is about to go.
    """
    values = {"device_ids": list(device_ids)}
    connection.execute(sql.lock_check, {"key": _CHECK_LOCK})
    locked = [
        *connection.execute(sql.lock_fields, values).scalars(),
        *connection.execute(sql.lock_states_without_fields, values).scalars(),
    ]
    forgotten = connection.execute(sql.forget_devices, {**values, "locked_ids": locked})
    return sorted(forgotten.scalars())


def unknown_device_ids(connection: Connection) -> list[str]:
    """All devices that are not in the master table, with or without a state."""
    return sorted(connection.execute(sql.unknown_device_ids).scalars())


def find_state(
    connection: Connection, device_id: str, stale_after: timedelta, organization: str
) -> DeviceState | None:
    """The stored state of one device, with its age, where *organization* has registered it."""
    values = {
        "device_id": device_id,
        "stale_after": stale_after,
        "organization": None if organization == EVERY_ORGANIZATION else organization,
    }
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


def list_unknown_devices(connection: Connection, query: UnknownDeviceQuery) -> list[UnknownDevice]:
    """Devices that are set apart, by name, one more than the page holds."""
    found = select(unknown_devices).order_by(_unknown.device_id)
    if query.site_id is not UNSET:
        found = found.where(_unknown.site_id == query.site_id)
    if after := start_after(query, str):
        found = found.where(_unknown.device_id > after[0])
    return [
        UnknownDevice(**row._mapping) for row in connection.execute(found.limit(query.limit + 1))
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
