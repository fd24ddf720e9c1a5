"""The tables of telemetry."""

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Table, Text, text

from chalicelib.database.tables import SCHEMA, instant_column, metadata


def _organization_column(*, nullable: bool) -> Column[str]:
    organization = ForeignKey(f"{SCHEMA}.organizations.organization_id")
    return Column("organization_id", Text, organization, nullable=nullable)


def _count_column(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


device_readings = Table(
    "device_readings",
    metadata,
    Column(
        "device_id",
        Text,
        ForeignKey(f"{SCHEMA}.devices.device_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    _organization_column(nullable=False),
    # By parameter: when, in microseconds since 1970, how much, how unusual, and how it behaved.
    Column("latest", JSON, nullable=False),
    instant_column("last_reading_at"),
    _count_column("reading_count"),
    _count_column("corrected_count"),
    Index("idx_device_readings_by_organization", "organization_id", "device_id"),
    postgresql_with={"fillfactor": 70},
)

telemetry_rejects = Table(
    "telemetry_rejects",
    metadata,
    Column("reject_id", Text, primary_key=True),
    # Null where nobody knows whose it is.
    _organization_column(nullable=True),
    Column("device_id", Text),
    Column("metric", Text),
    Column("reason", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("way", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("is_cut", Boolean, nullable=False),
    Column("is_quarantined", Boolean, nullable=False),
    instant_column("sent_at"),
    instant_column("rejected_at", nullable=False, is_defaulted=True),
    # Null once the queue of dead letters has it, or where it need not have it.
    instant_column("letter_due_at"),
    Index("idx_telemetry_rejects_rejected_at", "rejected_at", "reject_id"),
    Index("idx_telemetry_rejects_by_organization", "organization_id", "rejected_at", "reject_id"),
    Index(
        "idx_telemetry_rejects_by_reason", "organization_id", "reason", "rejected_at", "reject_id"
    ),
    Index("idx_telemetry_rejects_by_device", "device_id", "rejected_at", "reject_id"),
    Index(
        "idx_telemetry_rejects_letters",
        "letter_due_at",
        postgresql_where=text("letter_due_at IS NOT NULL"),
    ),
)
