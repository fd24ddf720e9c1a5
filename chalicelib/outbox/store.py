"""The queue of events: the work that makes them true fills it, and the sender empties it.

An event of which Python knows all is queued by `queue`. Where events are built from many rows,
the rows never leave the database: a statement of the feature puts one item for each of them into
the table that `collect_items` makes, and `queue_items` cuts them into events.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.database.statements import statements_beside
from chalicelib.outbox.model import QueuedEvent, Refusal

sql = statements_beside(__file__)

# Any constant does, as long as every sender uses the same one.
_SENDER_LOCK = 0x6F757462  # "outb"
# What `PutEvents` takes in one request, and the length to which a reason is cut for its column.
MAX_ENTRIES = 10
MAX_REASON_CHARACTERS = 500
# A little below the 64 KB that EventBridge bills as one event.
CHUNK_BYTES = 60_000


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
        connection.execute(sql.queue_event, values)


def collect_items(connection: Connection) -> None:
    """Make room for items of news: the table `pg_temp.news_item`, until the transaction ends."""
    connection.execute(sql.create_news_item)


def queue_items(
    connection: Connection,
    *,
    stream: str,
    batch_key: str,
    source: str,
    common: Mapping[str, Any],
    items_name: str,
    occurred_at: datetime | None,
) -> None:
    """Queue the items that were collected, in events that all say *common* besides.

    Those of one detail type and subject go together, in as many `chunks` as their size asks for,
    each in an array called *items_name*. Events and items keep the order of collecting.
    """
    values = {
        "stream": stream,
        "batch_key": batch_key,
        "source": source,
        "common": msgspec.json.encode(common).decode(),
        "items_name": items_name,
        "occurred_at": occurred_at,
        "chunk_bytes": CHUNK_BYTES,
    }
    connection.execute(sql.queue_news_items, values)


def try_lock_stream(connection: Connection, stream: str) -> bool:
    """Become the one sender of *stream* until the transaction ends, or return False at once."""
    values = {"key": _SENDER_LOCK, "stream": stream}
    return bool(connection.execute(sql.try_lock_stream, values).scalar_one())


def next_batch(connection: Connection, stream: str) -> list[QueuedEvent]:
    """The oldest events that may go out together, as many as one request takes."""
    values = {"stream": stream, "limit": MAX_ENTRIES}
    return [QueuedEvent(**row._mapping) for row in connection.execute(sql.next_batch, values)]


def forget_sent(connection: Connection, positions: list[int]) -> None:
    """Remove from the queue the events that the bus has accepted."""
    connection.execute(sql.forget_sent, {"positions": positions})


def note_refusals(connection: Connection, refusals: list[Refusal]) -> None:
    """Write down why events are still in the queue."""
    for refusal in refusals:
        reason = refusal.reason[:MAX_REASON_CHARACTERS]
        connection.execute(sql.note_refusal, {"position": refusal.position, "reason": reason})


def count_pending(connection: Connection, stream: str) -> int:
    """How many events of *stream* wait."""
    return int(connection.execute(sql.count_pending, {"stream": stream}).scalar_one())
