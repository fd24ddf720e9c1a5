"""The table of organizations."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, text

from chalicelib.database.tables import instant_column, metadata

organizations = Table(
    "organizations",
    metadata,
    Column("organization_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("status", Text, nullable=False, server_default=text("'active'")),
    instant_column("created_at", nullable=False, is_defaulted=True),
    instant_column("updated_at", nullable=False, is_defaulted=True),
    Column("version", BigInteger, nullable=False, server_default=text("1")),
    CheckConstraint("organization_id ~ '^[A-Za-z0-9]'", name="organizations_organization_id_check"),
    CheckConstraint("status IN ('active', 'suspended')", name="organizations_status_check"),
    Index("idx_organizations_name", "name", "organization_id"),
    Index("idx_organizations_created_at", "created_at", "organization_id"),
)
