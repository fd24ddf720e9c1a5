"""What the schedule starts each minute: decide, tell, and forget what is old."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices.connectivity import store
from chalicelib.features.devices.connectivity.decide import STREAM, Checked, decide
from chalicelib.features.devices.connectivity.feature import (
    CONNECTIVITY_LATENESS_SECONDS,
    OFFLINE_AFTER_INTERVALS,
    OFFLINE_AFTER_SECONDS,
    OFFLINE_GUARD_MIN_DEVICES,
    OFFLINE_GUARD_PERCENT,
)
from chalicelib.features.devices.connectivity.model import Rules
from chalicelib.features.devices.connectivity.store import Counts
from chalicelib.outbox.send import send_pending

logger = logging.getLogger(__name__)

PRUNED_AT_ONCE = 10_000


@dataclass(frozen=True)
class Report:
    """What a check did, how many devices are what now, and how many events wait."""

    checked: Checked
    counts: Counts | None
    pending_event_count: int | None


def configured_rules() -> Rules:
    """What decides, as the settings say."""
    return Rules(
        intervals=OFFLINE_AFTER_INTERVALS.value(),
        at_least_seconds=OFFLINE_AFTER_SECONDS.value(),
        lateness=timedelta(seconds=CONNECTIVITY_LATENESS_SECONDS.value()),
        guard_percent=OFFLINE_GUARD_PERCENT.value(),
        guard_min_devices=OFFLINE_GUARD_MIN_DEVICES.value(),
    )


def check(
    engine: Engine, deadline: Deadline, rules: Rules, *, retention_days: int, bus: str | None
) -> Report:
    """Decide which devices are online, tell *bus* of it, and forget what is old."""
    checked = decide(engine, deadline, rules, is_told=bus is not None)
    facts = {"became_online": checked.became_online, "became_offline": checked.became_offline}
    logger.info("connectivity_decided", extra={**facts, "is_skipped": checked.is_skipped})
    if checked.is_skipped:
        return Report(checked, None, None)
    counts = _tidied(engine, deadline, checked, retention_days)
    pending = None if bus is None else send_pending(engine, bus, STREAM, deadline)
    return Report(checked, counts, pending)


def _tidied(engine: Engine, deadline: Deadline, checked: Checked, retention_days: int) -> Counts:
    """Forget old transitions, a few at a time; returns how many devices are what."""
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        store.prune_transitions(
            connection, checked.checked_at, retention_days=retention_days, batch=PRUNED_AT_ONCE
        )
        return store.count_devices(connection)
