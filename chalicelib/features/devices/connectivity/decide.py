"""The minute's check: who is online, who is not any more, and whom that has to be told."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.connectivity import holds, store
from chalicelib.features.devices.connectivity.model import (
    CLOCK_TOLERANCE,
    Checkpoint,
    Rules,
    look,
    usual_count,
)
from chalicelib.features.devices.connectivity.store import Heard, Transitions
from chalicelib.outbox import store as outbox

logger = logging.getLogger(__name__)

STREAM = "devices"
SOURCE = "iot.devices"
DEVICE_ONLINE = "Device Online"
DEVICE_OFFLINE = "Device Offline"
FLEET_SILENT = "Fleet Silent"
FLEET_HOLD_ENDED = "Fleet Hold Ended"
# What is written down of a maintenance that ends by itself, as if somebody had ended it.
ACTION = "changed"
ACTOR = "schedule"
# So many transitions are carried out in one transaction.
BATCH = 10_000
# What the last of several steps needs.
STEP_SECONDS = 15.0


@dataclass(frozen=True)
class Checked:
    """What a check did.

    One that *is_behind* has more to read before it can decide; with *is_more* it has decided, and
    has more to carry out.
    """

    checked_at: datetime
    became_online: int = 0
    became_offline: int = 0
    maintenance_ended: int = 0
    fleets_held: int = 0
    is_skipped: bool = False
    is_behind: bool = False
    is_more: bool = False

    def and_then(self, later: "Checked") -> "Checked":
        """Both, as one."""
        return replace(
            later,
            became_online=self.became_online + later.became_online,
            became_offline=self.became_offline + later.became_offline,
            maintenance_ended=self.maintenance_ended + later.maintenance_ended,
        )


def decide(engine: Engine, deadline: Deadline, rules: Rules, *, is_told: bool) -> Checked:
    """Write down every transition once, and queue the event that says so with it.

    A check that has much to do takes several steps, each a transaction. One that is killed in
    between leaves the rest to the next check.
    """
    found = _step(engine, deadline, rules, is_told=is_told)
    while (found.is_behind or found.is_more) and deadline.leaves_time_after(STEP_SECONDS):
        rest = _step(engine, deadline, rules, is_told=is_told, is_rest=found.is_more)
        found = found.and_then(rest)
    return found


def _step(
    engine: Engine, deadline: Deadline, rules: Rules, *, is_told: bool, is_rest: bool = False
) -> Checked:
    def attempt() -> Checked:
        with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
            if not store.try_lock_check(connection):
                return Checked(store.clock(connection), is_skipped=True)
            now = store.clock(connection)
            return step(connection, now, rules, is_told=is_told, is_rest=is_rest)

    # Repeating it after a lost commit finds nothing more to do.
    return database.retry(attempt, deadline)


def step(
    connection: Connection,
    now: datetime,
    rules: Rules,
    *,
    is_told: bool,
    is_rest: bool = False,
    batch: int = BATCH,
) -> Checked:
    """One step at *now*: read what is new, decide, carry out, and note how far that came.

    One that *is_rest* follows at once on another, and reads nothing.
    """
    checkpoint = store.read_checkpoint(connection)
    now = max(now, checkpoint.decided_at or now)
    store.prepare(connection, rules)
    is_behind = False
    if not is_rest:
        checkpoint, is_behind = _read(connection, checkpoint, now, rules.lateness)
    if is_behind:
        store.keep_checkpoint(connection, replace(checkpoint, decided_at=None))
        return Checked(now, is_behind=True)
    ended = store.end_maintenance(connection, now, action=ACTION, actor=ACTOR)
    is_of_all = checkpoint.decided_at is None or store.have_limits_changed(connection)
    store.learn_limits(connection, is_of_all=is_of_all)
    news = _hold(connection, checkpoint, rules, now)
    is_more = store.look(connection, now, batch) == batch
    found = store.carry_out(connection, now)
    if is_told:
        tell(connection, now, news)
        _tell_of_transitions(connection, now, found)
    store.keep_checkpoint(connection, replace(checkpoint, decided_at=now))
    return Checked(
        now,
        found.became_online,
        found.became_offline,
        ended,
        store.count_holds(connection),
        is_more=is_more,
    )


def _read(
    connection: Connection, checkpoint: Checkpoint, now: datetime, lateness: timedelta
) -> tuple[Checkpoint, bool]:
    """Bring forward when devices were last seen; returns how far that came, and if more is left."""
    wanted = look(checkpoint, now, lateness)
    heard = [store.hear(connection, span, now + CLOCK_TOLERANCE) for span in wanted.spans]
    store.bring_forward(connection)
    minutes = max((wanted.spans[0].until - wanted.spans[0].since) / timedelta(minutes=1), 1)
    read = replace(
        checkpoint,
        read_until=wanted.read_until,
        newest_reading_at=_newest(checkpoint.newest_reading_at, heard, "newest_reading_at", now),
        newest_heartbeat_at=_newest(
            checkpoint.newest_heartbeat_at, heard, "newest_heartbeat_at", now
        ),
        heard_count=usual_count(checkpoint.heard_count, round(heard[0].heard_count / minutes)),
    )
    return read, wanted.is_behind


def _newest(
    known: datetime | None, heard: list[Heard], name: str, now: datetime
) -> datetime | None:
    found = [getattr(one, name) for one in heard]
    instants = [min(one, now) for one in (known, *found) if one is not None]
    return max(instants, default=None)


def _hold(
    connection: Connection, checkpoint: Checkpoint, rules: Rules, now: datetime
) -> dict[str, list[dict[str, Any]]]:
    """Say whose silence is no transition; returns the news of that, by their detail type."""
    known = holds.review(connection, checkpoint, now)
    silent = holds.hold_silent_fleets(connection, checkpoint, rules, now)
    store.keep_held(connection, rules, checkpoint.newest_at, now)
    store.note_let_go(connection, now)
    return {FLEET_SILENT: silent, FLEET_HOLD_ENDED: holds.end_those_over(connection, known, now)}


def tell(connection: Connection, now: datetime, news: Mapping[str, list[dict[str, Any]]]) -> None:
    """Queue an event for each of *news*, which are given by their detail type."""
    for detail_type, details in news.items():
        outbox.queue(
            connection,
            stream=STREAM,
            batch_key=_spelled(now),
            source=SOURCE,
            detail_type=detail_type,
            details=details,
            occurred_at=now,
        )


def _tell_of_transitions(connection: Connection, now: datetime, found: Transitions) -> None:
    if not any(found):
        return
    outbox.collect_items(connection)
    store.report_transitions(connection, DEVICE_ONLINE, DEVICE_OFFLINE)
    outbox.queue_items(
        connection,
        stream=STREAM,
        batch_key=_spelled(now),
        source=SOURCE,
        common={"checked_at": _spelled(now)},
        items_name="devices",
        occurred_at=now,
    )


def _spelled(now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
