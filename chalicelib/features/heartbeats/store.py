"""The statements of this feature, as functions: a connection first, domain values out."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from chalicelib.database.statements import load_statements
from chalicelib.features.heartbeats.model import MAX_BATCH, Check, DeviceFields, DeviceState, Value
from chalicelib.instants import instant

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_DATABASE_CLOCK = _statements["database_clock"]
_ADOPT_STATES = _statements["adopt_states"]
_MERGE_HEARTBEATS = _statements["merge_heartbeats"]
_FIND_STATE = _statements["find_state"]
_TRY_LOCK_CHECK = _statements["try_lock_check"]
_NOTE_TRANSITIONS = _statements["note_transitions"]

# Any constant does, as long as every check uses the same one.
_CHECK_LOCK = 0x6865617274  # "heart"


def database_clock(connection: Connection) -> datetime:
    """The database's now: the one clock of every staleness."""
    now: datetime = connection.execute(_DATABASE_CLOCK).scalar_one()
    return now


def merge_heartbeats(connection: Connection, devices: Mapping[str, DeviceFields]) -> None:
    """Bring the stored states up to what *devices* reported: one statement for `MAX_BATCH` of them.

    More than that go in several statements, of which the last is as far in key order from the
    first as in one: writers never meet head on.
    """
    in_key_order = sorted(devices)
    for start in range(0, len(in_key_order), MAX_BATCH):
        device_ids = in_key_order[start : start + MAX_BATCH]
        connection.execute(_ADOPT_STATES, {"device_ids": device_ids})
        rows = [_row(device_id, devices[device_id]) for device_id in device_ids]
        connection.execute(_MERGE_HEARTBEATS, {"devices": json.dumps(rows)})


def find_state(connection: Connection, device_id: str) -> DeviceState | None:
    """The stored state of one device."""
    row = connection.execute(_FIND_STATE, {"device_id": device_id}).one_or_none()
    return DeviceState(*row) if row is not None else None


def try_lock_check(connection: Connection) -> bool:
    """Become the one check until the transaction ends, or return False at once."""
    return bool(connection.execute(_TRY_LOCK_CHECK, {"key": _CHECK_LOCK}).scalar_one())


def note_transitions(connection: Connection, values: Mapping[str, Any]) -> Check:
    """Remember which devices became stale or came back, and queue the events that say so."""
    row = connection.execute(_NOTE_TRANSITIONS, dict(values)).one()
    return Check(**row._mapping)


def _row(device_id: str, fields: DeviceFields) -> dict[str, Value]:
    """As `merge_heartbeats` reads it: a field that was not named is not there, nor its instant."""
    # Every heartbeat names the site, so the latest instant of all is that of the site.
    last_seen_ts = fields["site_id"].set_at
    spelled = instant(last_seen_ts)
    row: dict[str, Value] = {"device_id": device_id, "last_seen_ts": spelled}
    for name, (set_at, value) in fields.items():
        row[name] = instant(value) if isinstance(value, datetime) else value
        # Mostly all of them are from one heartbeat.
        row[f"{name}_set_at"] = spelled if set_at is last_seen_ts else instant(set_at)
    return row
