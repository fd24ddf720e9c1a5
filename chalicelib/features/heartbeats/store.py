"""The statements of this feature, as functions: a connection first, domain values out."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.database.arrays import array_literal
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
    Knock,
    Objection,
    Report,
    UnknownDevices,
)
from chalicelib.features.heartbeats.tables import device_state, unknown_devices
from chalicelib.instants import instant
from chalicelib.paging import start_after

sql = statements_beside(__file__)

# Any constant does, as long as every check uses the same one.
_CHECK_LOCK = 0x6865617274  # "heart"
_QUARANTINE_LOCK = 0x6B6E6F636B  # "knock"
# What merge_heartbeats says of devices that are not as usual: these are not stored, those not yet.
_OBJECTIONS = {"unknown": Objection.UNKNOWN_DEVICE, "elsewhere": Objection.DEVICE_ELSEWHERE}
_NOT_YET = ("changed", "forgotten")
_FIELDS = (
    *("site_id", "last_upload_ts", "queue_depth", "agent_version", "poll_interval_s"),
    *("cpu_pct", "disk_free_gb", "status"),
)
_state = device_state.c
_unknown = unknown_devices.c


def database_clock(connection: Connection) -> datetime:
    """The database's now, by which all silence is measured."""
    now: datetime = connection.execute(sql.database_clock).scalar_one()
    return now


def merge_heartbeats(
    connection: Connection, devices: Mapping[str, Report], admission: Admission
) -> dict[str, Objection]:
    """Merge what *devices* reported into the stored states; returns why some are left out.

    A statement takes at most `MAX_BATCH` devices. Several statements follow each other in key
    order, as the rows of each do, so that writers can wait for each other but never deadlock.
    """
    objections: dict[str, Objection] = {}
    in_key_order = [devices[device_id] for device_id in sorted(devices)]
    for start in range(0, len(in_key_order), MAX_BATCH):
        some = in_key_order[start : start + MAX_BATCH]
        objections |= _merge(connection, some, admission)
    return objections


def _merge(
    connection: Connection, reports: list[Report], admission: Admission
) -> dict[str, Objection]:
    """Merge reports of different devices, in as many rounds as it takes.

    Whose state has changed meanwhile is locked after a round, so that the next one is the last;
    unless somebody forgets devices, of which nothing that was known before may come back.
    """
    objections: dict[str, Objection] = {}
    while reports:
        outcomes = _try_merge(connection, reports, admission)
        objections |= {name: _OBJECTIONS[o] for name, o in outcomes.items() if o in _OBJECTIONS}
        if forgotten := [name for name, outcome in outcomes.items() if outcome == "forgotten"]:
            connection.execute(sql.drop_states, {"device_ids": forgotten})
        if new := [name for name, outcome in outcomes.items() if outcome == "new"]:
            connection.execute(sql.release_devices, {"device_ids": new})
        reports = [report for report in reports if outcomes.get(report.device_id) in _NOT_YET]
    return objections


def _try_merge(
    connection: Connection, reports: list[Report], admission: Admission
) -> dict[str, str]:
    """Merge reports of different devices; returns what became of those that are not as usual."""
    found = connection.execute(sql.merge_heartbeats, merge_values(reports, admission))
    return {row.device_id: row.outcome for row in found}


def merge_values(reports: list[Report], admission: Admission) -> dict[str, object]:
    """What `merge_heartbeats` takes: an array for each column, in the order of *reports*."""
    fields = [report.fields for report in reports]
    return {
        "device_id": array_literal([report.device_id for report in reports]),
        "last_seen_ts": array_literal([report.seen_at for report in reports]),
        "set_at": array_literal([_times(report) for report in reports]),
        **{name: array_literal([named.get(name) for named in fields]) for name in _FIELDS},
        "is_everybody_known": admission.unknown is UnknownDevices.ACCEPT,
        "only_site": admission.site_id,
    }


def _times(report: Report) -> str | None:
    """When each field was named, as JSON; None where that goes without saying.

    It does where all were named at once, and none as null, which means that it was not named.
    """
    if not report.earlier and None not in report.fields.values():
        return None
    return json.dumps({name: instant(report.set_at(name)) for name in report.fields})


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
    said = knock.report.fields
    return {
        "device_id": knock.device_id,
        "site_id": said["site_id"],
        "heartbeat_count": knock.heartbeat_count,
        "last_heartbeat": {"ts": instant(knock.report.seen_at)}
        | {n: instant(v) if isinstance(v, datetime) else v for n, v in said.items()},
    }


def forget_devices(connection: Connection, device_ids: Sequence[str]) -> list[str]:
    """Forget all about devices; returns those of which anything was known.

    No check for silence is under way meanwhile: it could note what is about to go.
    """
    values = {"device_ids": list(device_ids)}
    connection.execute(sql.lock_check, {"key": _CHECK_LOCK})
    locked = list(connection.execute(sql.lock_states, values).scalars())
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
