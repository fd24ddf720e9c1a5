"""The statements of connectivity, as functions: a connection first, values out."""

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database.statements import statements_beside
from chalicelib.features.devices.connectivity.bodies import FleetHold
from chalicelib.features.devices.connectivity.guard import Fleet, Hold, Silence
from chalicelib.features.devices.connectivity.model import Checkpoint, Rules, Span

sql = statements_beside(__file__)

# Any constant does, as long as every check uses the same one.
_CHECK_LOCK = 0x6F6E6C696E65  # "online"
# As much as a minute of a million devices takes to be grouped without the disk.
_WORK_MEM = {"work_mem": "64MB"}
_UPTIME_DAYS = 30
# Beyond ten years, instants end.
_LONGEST_SECONDS = 10 * 366 * 86_400.0


class Heard(NamedTuple):
    """How many devices were heard of in a span, and the newest reading and heartbeat of anybody."""

    heard_count: int
    newest_reading_at: datetime | None
    newest_heartbeat_at: datetime | None


class Transitions(NamedTuple):
    """How many devices became what."""

    became_online: int = 0
    became_offline: int = 0


class Counts(NamedTuple):
    """How many devices are what."""

    online: int
    offline: int


def try_lock_check(connection: Connection) -> bool:
    """Become the one check until the transaction ends, or return False at once."""
    return bool(connection.execute(sql.try_lock_check, {"key": _CHECK_LOCK}).scalar_one())


def clock(connection: Connection) -> datetime:
    """The database's now, at this very moment."""
    now: datetime = connection.execute(sql.clock).scalar_one()
    return now


def read_checkpoint(connection: Connection) -> Checkpoint:
    """How far the last check got; an empty one before the first."""
    row = connection.execute(sql.read_checkpoint).one_or_none()
    return Checkpoint() if row is None else Checkpoint(**row._mapping)


def keep_checkpoint(connection: Connection, checkpoint: Checkpoint) -> None:
    """Have the next check begin at *checkpoint*, with the limits as they are now."""
    connection.execute(sql.keep_checkpoint, vars(checkpoint))


def prepare(connection: Connection, rules: Rules) -> None:
    """Make room for what a check notes down, and the limit of every type of devices."""
    database.configure(connection, _WORK_MEM)
    connection.execute(sql.create_notes)
    limits = {
        "intervals": rules.intervals,
        "at_least": rules.at_least_seconds,
        "at_most": _LONGEST_SECONDS,
    }
    connection.execute(sql.fill_device_limit, limits)


def have_limits_changed(connection: Connection) -> bool:
    """Whether devices of some type may be silent for another time than at the last check."""
    return bool(connection.execute(sql.count_changed_limits).scalar_one())


def bring_forward(connection: Connection, span: Span, ahead_of: datetime) -> Heard:
    """Note when devices were last seen, from what was heard of them in *span*.

    The newest reading is of those devices that have none later than *ahead_of*.
    """
    values = {**vars(span), "ahead_of": ahead_of}
    readings = connection.execute(sql.bring_forward_by_readings, values).one()
    heartbeats = connection.execute(sql.bring_forward_by_heartbeats, vars(span)).one()
    heard_count = readings.heard_count + heartbeats.heard_count
    return Heard(heard_count, readings.newest_at, heartbeats.newest_at)


def look_at_all(connection: Connection, now: datetime) -> None:
    """Decide of every device."""
    connection.execute(sql.look_at_all, {"now": now})


def look_at_silent(connection: Connection, now: datetime, decided_at: datetime) -> None:
    """Decide of the devices that may have reached their limit since *decided_at*."""
    connection.execute(sql.look_at_silent, {"now": now, "decided_at": decided_at})


def look_again(connection: Connection, batch: int) -> None:
    """Decide of some of the devices that were put off, or asked for by `ask_again`."""
    connection.execute(sql.look_again, {"batch": batch})


def ask_again(connection: Connection, device_id: str) -> None:
    """Have the next check decide of a device whose limit is another from now on."""
    connection.execute(sql.ask_again, {"device_id": device_id})


def is_more_to_look_at(connection: Connection) -> bool:
    """Whether devices are left that were put off."""
    return bool(connection.execute(sql.is_more_to_look_at).scalar_one())


def plan_transitions(connection: Connection, now: datetime) -> None:
    """Plan the transitions of those devices that are not what they count as."""
    connection.execute(sql.plan_transitions, {"now": now})


def put_off(connection: Connection, batch: int) -> None:
    """Leave what is planned beyond *batch* transitions for later."""
    connection.execute(sql.put_off, {"batch": batch})


def carry_out(connection: Connection, now: datetime) -> Transitions:
    """Carry out what is planned, and write it down; returns how much that was."""
    connection.execute(sql.lock_planned)
    connection.execute(sql.carry_out)
    return Transitions(*connection.execute(sql.keep_transitions, {"now": now}).one())


def report_transitions(
    connection: Connection, online_detail_type: str, offline_detail_type: str
) -> None:
    """Put what was carried out among the items of news, which the outbox has begun to collect."""
    values = {
        "online_detail_type": online_detail_type,
        "offline_detail_type": offline_detail_type,
    }
    connection.execute(sql.report_transitions, values)


def end_maintenance(connection: Connection, now: datetime, *, action: str, actor: str) -> int:
    """End the maintenance whose time is over; returns of how many devices."""
    values = {"now": now, "action": action, "actor": actor}
    return int(connection.execute(sql.end_maintenance, values).scalar_one())


def list_silences(connection: Connection) -> list[Silence]:
    """By organization, the devices that are planned to be offline."""
    return [Silence(*row) for row in connection.execute(sql.list_silences)]


def weigh_fleets(
    connection: Connection, organization_ids: list[str], newest_at: datetime, now: datetime
) -> list[Fleet]:
    """How much of the fleets of organizations is silent."""
    values = {"organization_ids": organization_ids, "newest_at": newest_at, "now": now}
    return [
        Fleet(row.organization_id, row.silent_count, row.device_count)
        for row in connection.execute(sql.weigh_fleets, values)
    ]


def list_open_holds(connection: Connection) -> list[Hold]:
    """The organizations whose transitions are held, or were let go by a person."""
    return [Hold(**row._mapping) for row in connection.execute(sql.list_open_holds)]


def add_hold(
    connection: Connection,
    fleet: Fleet,
    *,
    quiet_since: datetime,
    patience: timedelta,
    now: datetime,
) -> None:
    """Hold the transitions to offline of the organization of *fleet*."""
    values = {**vars(fleet), "quiet_since": quiet_since, "patience": patience, "now": now}
    connection.execute(sql.add_hold, values)


def resume_hold(
    connection: Connection, hold: Hold, resumed_at: datetime | None, quiet_since: datetime
) -> None:
    """Note since when readings come again; None where they have stopped once more."""
    values = {
        "organization_id": hold.organization_id,
        "resumed_at": resumed_at,
        "quiet_since": quiet_since,
    }
    connection.execute(sql.resume_hold, values)


def note_let_go(connection: Connection, now: datetime) -> None:
    """Note that what a person let go has been looked at."""
    connection.execute(sql.note_let_go, {"now": now})


def end_hold(connection: Connection, organization_id: str) -> None:
    """Hold nothing of the organization any more."""
    connection.execute(sql.end_hold, {"organization_id": organization_id})


def drop_held(
    connection: Connection, rules: Rules, newest_at: datetime | None, now: datetime
) -> dict[str, int]:
    """Drop from the plan what is held; returns how much that is, by organization."""
    values = {
        "intervals": rules.intervals,
        "at_least": rules.at_least_seconds,
        "newest_at": newest_at,
        "now": now,
    }
    return {row.organization_id: row.waiting for row in connection.execute(sql.drop_held, values)}


def prune_transitions(
    connection: Connection, now: datetime, *, retention_days: int, batch: int
) -> int:
    """Forget the oldest transitions, at most *batch*; returns how many."""
    values = {"now": now, "retention_days": retention_days, "batch": batch}
    return connection.execute(sql.prune_transitions, values).rowcount


def count_devices(connection: Connection) -> Counts:
    """How many devices there are, by what they are."""
    return Counts(*connection.execute(sql.count_devices).one())


def count_holds(connection: Connection) -> int:
    """How many organizations' transitions are held."""
    return int(connection.execute(sql.count_holds).scalar_one())


def release_hold(
    connection: Connection, organization_id: str, actor: str, comment: str | None
) -> bool:
    """Let go what is held of an organization; returns whether that was not done already."""
    values = {"organization_id": organization_id, "actor": actor, "comment": comment}
    return connection.execute(sql.release_hold, values).one_or_none() is not None


def find_hold(connection: Connection, organization_id: str) -> FleetHold | None:
    """What is held of an organization, if anything is."""
    row = connection.execute(sql.find_hold, {"organization_id": organization_id}).one_or_none()
    return None if row is None else FleetHold(**row._mapping)


def find_uptime(connection: Connection, device_id: str, now: datetime) -> float | None:
    """The share of the last 30 days in which a device was online, in percent.

    The time before it was registered does not count; None where there is no time left.
    """
    values = {"device_id": device_id, "now": now, "days": _UPTIME_DAYS}
    row = connection.execute(sql.find_uptime, values).one()
    if not row.seconds or row.seconds <= 0:
        return None
    return round(min(max(float(row.online_seconds / row.seconds), 0.0), 1.0) * 100, 1)
