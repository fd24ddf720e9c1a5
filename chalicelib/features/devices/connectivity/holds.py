"""Holding transitions back while nothing is heard of anybody, and letting them go."""

import logging
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from chalicelib.features.devices.connectivity import guard, store
from chalicelib.features.devices.connectivity.guard import Fleet, Hold, Silence
from chalicelib.features.devices.connectivity.model import Checkpoint, Rules
from chalicelib.instants import instant

logger = logging.getLogger(__name__)

READINGS_CAME_BACK = "readings_came_back"


def review(connection: Connection, checkpoint: Checkpoint, now: datetime) -> list[Hold]:
    """The holds that go on, each with since when readings come again.

    What a person has let go is forgotten when readings come again: the next silence is another one.
    """
    left = []
    for hold in store.list_open_holds(connection):
        is_over = hold.is_over(checkpoint.newest_at, now)
        if hold.let_go_at is not None and is_over:
            store.end_hold(connection, hold.organization_id)
        else:
            left.append(_reviewed(connection, hold, checkpoint, now, is_over=is_over))
    return left


def hold_silent_fleets(
    connection: Connection, checkpoint: Checkpoint, rules: Rules, now: datetime
) -> list[dict[str, Any]]:
    """Hold the transitions of fleets that fell silent together with everybody; returns the news."""
    quiet_since = checkpoint.newest_at
    shortest = store.shortest_limit(connection)
    if quiet_since is None or not guard.may_have_stopped(quiet_since, shortest, now):
        return []
    silences = store.list_silences(connection, now)
    suspects = {
        one.organization_id: one for one in guard.suspects(silences, quiet_since, now, rules)
    }
    if not suspects:
        return []
    fleets = store.weigh_fleets(connection, list(suspects), quiet_since, now)
    return [
        _held(connection, fleet, suspects[fleet.organization_id], quiet_since, now)
        for fleet in fleets
        if guard.is_exceeded(fleet, rules)
    ]


def end_those_over(
    connection: Connection, holds: Iterable[Hold], now: datetime
) -> list[dict[str, Any]]:
    """End the holds of which nothing waits any more; returns the news."""
    done = [hold for hold in holds if hold.resumed_at is not None and hold.released_at is None]
    waiting = store.count_waiting(connection, now) if done else {}
    news = []
    for hold in done:
        if hold.organization_id not in waiting:
            store.end_hold(connection, hold.organization_id)
            logger.info("fleet_hold_ended", extra={"organization_id": hold.organization_id})
            news.append(ended(hold.organization_id, hold.since, READINGS_CAME_BACK))
    return news


def ended(organization_id: str, since: datetime, reason: str) -> dict[str, Any]:
    """What is told of a hold that has ended."""
    return {"organization_id": organization_id, "since": instant(since), "reason": reason}


def _reviewed(
    connection: Connection, hold: Hold, checkpoint: Checkpoint, now: datetime, *, is_over: bool
) -> Hold:
    if is_over == (hold.resumed_at is not None):
        return hold
    resumed_at = now if is_over else None
    quiet_since = hold.quiet_since if is_over else (checkpoint.newest_at or hold.quiet_since)
    store.resume_hold(connection, hold, resumed_at, quiet_since)
    return replace(hold, quiet_since=quiet_since, resumed_at=resumed_at)


def _held(
    connection: Connection, fleet: Fleet, silence: Silence, quiet_since: datetime, now: datetime
) -> dict[str, Any]:
    store.add_hold(connection, fleet, quiet_since=quiet_since, patience=silence.patience, now=now)
    logger.warning("fleet_silent", extra=vars(fleet))
    return {
        "organization_id": fleet.organization_id,
        "since": instant(now),
        "quiet_since": instant(quiet_since),
        "silent_count": fleet.silent_count,
        "device_count": fleet.device_count,
    }
