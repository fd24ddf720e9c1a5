"""Silence is an event: which devices became stale, and which came back, since the last look."""

import logging
from dataclasses import replace

from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.model import Check
from chalicelib.features.heartbeats.settings import HeartbeatSettings
from chalicelib.outbox.send import send_pending

logger = logging.getLogger(__name__)

STREAM = "heartbeats"
SOURCE = "iot.heartbeats"
DEVICE_STALE = "Device Stale"
DEVICE_RECOVERED = "Device Recovered"
# A little below the 64 KB that EventBridge bills as one event.
CHUNK_BYTES = 60_000


def check(engine: Engine, settings: HeartbeatSettings, deadline: Deadline) -> Check:
    """Notice every transition once, and tell it once.

    What is noticed and the events that say so commit together; the events go out afterwards, or
    with a later check.
    """
    found = database.retry(lambda: notice(engine, settings, deadline), deadline)
    facts = {"became_stale": found.became_stale, "recovered": found.recovered, "stale": found.stale}
    logger.info("heartbeats_checked", extra={**facts, "is_skipped": found.is_skipped})
    if settings.change_event_bus is None:
        return found
    pending = send_pending(engine, settings.change_event_bus, STREAM, deadline)
    return replace(found, pending_event_count=pending)


def notice(engine: Engine, settings: HeartbeatSettings, deadline: Deadline) -> Check:
    """The transaction of a check: its memory and its events, or neither."""
    with database.transaction(engine, deadline) as connection:
        if not store.try_lock_check(connection):
            return Check(store.database_clock(connection), is_skipped=True)
        values = {
            "stale_after_seconds": settings.stale_after_seconds,
            "is_told": settings.change_event_bus is not None,
            "stream": STREAM,
            "source": SOURCE,
            "stale_detail_type": DEVICE_STALE,
            "recovered_detail_type": DEVICE_RECOVERED,
            "chunk_bytes": CHUNK_BYTES,
        }
        return store.note_transitions(connection, values)
