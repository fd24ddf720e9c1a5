"""The queue of events."""

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import instant_column, metadata

# Events for others, queued by the transaction that makes them true.
outbox_events = Table(
    "outbox_events",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False, server_default=func.gen_random_uuid()),
    Column("stream", Text, nullable=False),
    Column("batch_key", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("detail_type", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    instant_column("occurred_at"),
    Column("attempt_count", Integer, nullable=False, server_default=text("0")),
    Column("last_error", Text),
    Index("idx_outbox_events_stream", "stream", "position"),
)
