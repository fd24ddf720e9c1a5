"""The keys of requests."""

from sqlalchemy import Column, Index, PrimaryKeyConstraint, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import instant_column, metadata

# Requests that were carried out, each with its answer, by who sent them.
idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("subject", Text, nullable=False),
    Column("key", Text, nullable=False),
    # Null where the request saw all organizations.
    Column("organization_id", Text),
    Column("fingerprint", Text, nullable=False),
    Column("status", SmallInteger),
    Column("headers", JSONB),
    Column("body", Text),
    instant_column("created_at", nullable=False, is_defaulted=True),
    PrimaryKeyConstraint("subject", "key"),
    Index("idx_idempotency_keys_created_at", "created_at"),
)
