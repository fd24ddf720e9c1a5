"""Telling others what a run changed; docs/events.md describes what they get."""

import msgspec
from sqlalchemy import Connection, Engine

from chalicelib.database import Deadline
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.outbox.send import send_pending

STREAM = "device_parameters"
SOURCE = "iot.device-parameters"
DETAIL_TYPE = "Device Parameters Changed"
# A little below the 64 KB that EventBridge bills as one event.
CHUNK_BYTES = 60_000
NAME_LENGTH = 1024


def queue(connection: Connection, run: Run) -> None:
    """Queue events about what *run* changed, if it changed anything."""
    if not run.has_changes:
        return
    values = {
        "stream": STREAM,
        "source": SOURCE,
        "detail_type": DETAIL_TYPE,
        "run": msgspec.json.encode(run).decode(),
        "chunk_bytes": CHUNK_BYTES,
        "name_length": NAME_LENGTH,
        "occurred_at": run.finished_at,
    }
    store.queue_change_events(connection, run.recorded_id, values)


def send(engine: Engine, bus: str, deadline: Deadline) -> int | None:
    """Send what this run and earlier ones queued; returns how many events still wait."""
    return send_pending(engine, bus, STREAM, deadline)
