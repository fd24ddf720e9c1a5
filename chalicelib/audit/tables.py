"""The audit log."""

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import instant_column, metadata

audit_log = Table(
    "audit_log",
    metadata,
    Column("audit_id", BigInteger, Identity(always=True), primary_key=True),
    instant_column("occurred_at", nullable=False, is_defaulted=True),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    Column("comment", Text),
    Column("request_id", Text),
    # Null for what is about no organization.
    Column("organization_id", Text),
    Index("idx_audit_log_actor", "actor", text("audit_id DESC")),
    Index("idx_audit_log_action", "action", text("audit_id DESC")),
    Index("idx_audit_log_subject", "subject", text("audit_id DESC")),
    Index("idx_audit_log_organization", "organization_id", text("audit_id DESC")),
)
