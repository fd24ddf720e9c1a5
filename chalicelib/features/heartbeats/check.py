"""Notices which devices became stale or came back since the last check, and tells of it."""

import logging

import msgspec
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import SilenceCheck
from chalicelib.outbox.send import send_pending

logger = logging.getLogger(__name__)

STREAM = "heartbeats"
SOURCE = "iot.heartbeats"
DEVICE_STALE = "Device Stale"
DEVICE_RECOVERED = "Device Recovered"
# A little below the 64 KB that EventBridge bills as one event.
CHUNK_BYTES = 60_000


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
    with database.transaction(engine, deadline) as connection:
        if not store.try_lock_check(connection):
            return SilenceCheck(checked_at=store.database_clock(connection), is_skipped=True)
        values = {
            "stale_after_seconds": stale_after_seconds,
            "is_told": is_told,
            "stream": STREAM,
            "source": SOURCE,
            "stale_detail_type": DEVICE_STALE,
            "recovered_detail_type": DEVICE_RECOVERED,
            "chunk_bytes": CHUNK_BYTES,
        }
        return store.note_transitions(connection, values)
