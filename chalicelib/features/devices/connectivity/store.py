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
# As much as a minute of a million devices takes to be grouped without the disk. And a server that
# takes its disks for rotating ones would rather read all devices than look ten thousand up.
_FOR_CHECKS = {"work_mem": "64MB", "random_page_cost": "1.1"}
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
    database.configure(connection, _FOR_CHECKS)
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


def hear(connection: Connection, span: Span, ahead_of: datetime) -> Heard:
    """Note who was heard of in *span*, and when.

    The newest reading is of those devices that have none later than *ahead_of*.
    """
    values = {**vars(span), "ahead_of": ahead_of}
    readings = connection.execute(sql.hear_readings, values).one()
    heartbeats = connection.execute(sql.hear_heartbeats, vars(span)).one()
    heard_count = readings.heard_count + heartbeats.heard_count
    return Heard(heard_count, readings.newest_at, heartbeats.newest_at)


def bring_forward(connection: Connection) -> None:
    """Write down when devices were last seen, from what `hear` has noted."""
    connection.execute(sql.count_heard)
    connection.execute(sql.bring_forward)


def learn_limits(connection: Connection, *, is_of_all: bool) -> None:
    """Write down for how long devices may be silent: those that are new, or have another type now.

    With *is_of_all*, also those whose type has another limit now.
    """
    connection.execute(sql.forget_asked)
    connection.execute(sql.learn_all_limits if is_of_all else sql.learn_limits)


def look(connection: Connection, now: datetime, batch: int) -> int:
    """Find devices that are not what they count as, at most *batch*; returns how many."""
    return connection.execute(sql.look, {"now": now, "batch": batch}).rowcount


def ask_again(connection: Connection, device_id: str) -> None:
    """Have the next check decide of a device whose limit is another from now on."""
    connection.execute(sql.ask_again, {"device_id": device_id})


def carry_out(connection: Connection, now: datetime) -> Transitions:
    """Have those that were looked at count as what they are; returns the transitions that makes."""
    connection.execute(sql.plan_transitions, {"now": now})
    connection.execute(sql.lock_planned)
    connection.execute(sql.carry_out)
    connection.execute(sql.note_looked_at)
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


def shortest_limit(connection: Connection) -> timedelta | None:
    """The time for which the devices that report most often may be silent; None without types."""
    found: timedelta | None = connection.execute(sql.shortest_limit).scalar_one()
    return found


def list_silences(connection: Connection, now: datetime) -> list[Silence]:
    """By organization, the devices that would be declared offline, where nothing is held yet."""
    return [Silence(*row) for row in connection.execute(sql.list_silences, {"now": now})]


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


def keep_held(
    connection: Connection, rules: Rules, newest_at: datetime | None, now: datetime
) -> None:
    """Have `look` pass over what is held."""
    values = {
        "intervals": rules.intervals,
        "at_least": rules.at_least_seconds,
        "newest_at": newest_at,
        "now": now,
    }
    connection.execute(sql.fill_held_limit, values)


def count_waiting(connection: Connection, now: datetime) -> dict[str, int]:
    """How many devices are still held although readings have come again, by organization."""
    rows = connection.execute(sql.count_waiting, {"now": now})
    return {row.organization_id: row.waiting for row in rows}


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
