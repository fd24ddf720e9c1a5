"""The queue of events: the work that makes them true fills it, and the sender empties it.

A feature whose events are built from many rows inserts into `iot_data.outbox_events` in a
statement of its own, so that those rows never leave the database.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from chalicelib.database.statements import load_statements
from chalicelib.outbox.model import QueuedEvent, Refusal

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_QUEUE_EVENT = _statements["queue_event"]
_TRY_LOCK_STREAM = _statements["try_lock_stream"]
_NEXT_BATCH = _statements["next_batch"]
_FORGET_SENT = _statements["forget_sent"]
_NOTE_REFUSAL = _statements["note_refusal"]
_COUNT_PENDING = _statements["count_pending"]

# Any constant does, as long as every sender uses the same one.
_SENDER_LOCK = 0x6F757462  # "outb"
# What `PutEvents` takes in one request, and the length to which a reason is cut for its column.
MAX_ENTRIES = 10
MAX_REASON_CHARACTERS = 500


def queue(
    connection: Connection,
    *,
    stream: str,
    batch_key: str,
    source: str,
    detail_type: str,
    details: Iterable[Mapping[str, Any]],
    occurred_at: datetime | None,
) -> None:
    """Queue one event for each of *details*; they go out once the transaction has committed.

    Without *occurred_at* an event is dated when the bus takes it: later than the commit, which a
    time taken inside the transaction never is.
    """
    values = [
        {
            "stream": stream,
            "batch_key": batch_key,
            "source": source,
            "detail_type": detail_type,
            "detail": json.dumps(detail),
            "occurred_at": occurred_at,
        }
        for detail in details
    ]
    if values:
        connection.execute(_QUEUE_EVENT, values)


def try_lock_stream(connection: Connection, stream: str) -> bool:
    """Become the one sender of *stream* until the transaction ends, or return False at once."""
    values = {"key": _SENDER_LOCK, "stream": stream}
    return bool(connection.execute(_TRY_LOCK_STREAM, values).scalar_one())


def next_batch(connection: Connection, stream: str) -> list[QueuedEvent]:
    """The oldest events that may go out together, as many as one request takes."""
    values = {"stream": stream, "limit": MAX_ENTRIES}
    return [QueuedEvent(**row._mapping) for row in connection.execute(_NEXT_BATCH, values)]


def forget_sent(connection: Connection, positions: list[int]) -> None:
    """Remove from the queue the events that the bus has accepted."""
    connection.execute(_FORGET_SENT, {"positions": positions})


def note_refusals(connection: Connection, refusals: list[Refusal]) -> None:
    """Write down why events are still in the queue."""
    for refusal in refusals:
        reason = refusal.reason[:MAX_REASON_CHARACTERS]
        connection.execute(_NOTE_REFUSAL, {"position": refusal.position, "reason": reason})


def count_pending(connection: Connection, stream: str) -> int:
    """How many events of *stream* wait."""
    return int(connection.execute(_COUNT_PENDING, {"stream": stream}).scalar_one())
