"""Notices which devices became stale or came back since the last check, and tells of it."""

import logging
from datetime import UTC, timedelta

import msgspec
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import SilenceCheck
from chalicelib.outbox import store as outbox
from chalicelib.outbox.send import send_pending

logger = logging.getLogger(__name__)

STREAM = "heartbeats"
SOURCE = "iot.heartbeats"
DEVICE_STALE = "Device Stale"
DEVICE_RECOVERED = "Device Recovered"


def check(
    engine: Engine, deadline: Deadline, *, stale_after_seconds: int, bus: str | None
) -> SilenceCheck:
    """Notice every transition once, and tell *bus* of it once.

    What is noticed and the events that say so commit together; the events go out afterwards, or
    with a later check.
    """
    found = database.retry(
        lambda: notice(
            engine, deadline, stale_after_seconds=stale_after_seconds, is_told=bus is not None
        ),
        deadline,
    )
    facts = {"became_stale": found.became_stale, "recovered": found.recovered, "stale": found.stale}
    logger.info("heartbeats_checked", extra={**facts, "is_skipped": found.is_skipped})
    if bus is None:
        return found
    pending = send_pending(engine, bus, STREAM, deadline)
    return msgspec.structs.replace(found, pending_event_count=pending)


def notice(
    engine: Engine, deadline: Deadline, *, stale_after_seconds: int, is_told: bool
) -> SilenceCheck:
    """Note the transitions and queue their events, in one transaction."""
    stale_after = timedelta(seconds=stale_after_seconds)
    with database.transaction(engine, deadline) as connection:
        if not store.try_lock_check(connection):
            return SilenceCheck(checked_at=store.database_clock(connection), is_skipped=True)
        unchanged = store.unchanged_silence(connection, stale_after)
        if unchanged is not None:
            return unchanged
        outbox.collect_items(connection)
        found = store.note_transitions(connection, stale_after, DEVICE_STALE, DEVICE_RECOVERED)
        if is_told:
            _queue(connection, found, stale_after_seconds)
        return found


def _queue(connection: Connection, found: SilenceCheck, stale_after_seconds: int) -> None:
    checked_at = f"{found.checked_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    outbox.queue_items(
        connection,
        stream=STREAM,
        batch_key=checked_at,
        source=SOURCE,
        common={"checked_at": checked_at, "stale_after_seconds": stale_after_seconds},
        items_name="devices",
        occurred_at=found.checked_at,
    )
