"""The tables of imports: a part of those of devices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

from chalicelib.database.tables import SCHEMA, instant_column, metadata
from chalicelib.due import due_columns


def _organization_column() -> Column[str]:
    organization = ForeignKey(f"{SCHEMA}.organizations.organization_id")
    return Column("organization_id", Text, organization, nullable=False)


def _count_column(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, server_default=text("0"))


device_imports = Table(
    "device_imports",
    metadata,
    Column("import_id", Text, primary_key=True),
    _organization_column(),
    Column("name", Text),
    Column("format", Text, nullable=False),
    Column("status", Text, nullable=False),
    # Whoever asked for it, and whether they may name devices of the master table.
    Column("actor", Text, nullable=False),
    Column("request_id", Text),
    Column("may_adopt", Boolean, nullable=False),
    # A small file itself, as long as it is needed; others are in the bucket, in this version.
    Column("data", LargeBinary),
    Column("etag", Text),
    Column("size_bytes", BigInteger),
    # The head of a CSV file.
    Column("columns", ARRAY(Text)),
    # Where to go on: they move with the devices that are registered.
    _count_column("read_bytes"),
    _count_column("read_lines"),
    _count_column("registered_count"),
    _count_column("refused_count"),
    Column("error_code", Text),
    Column("error_message", Text),
    instant_column("created_at", nullable=False, is_defaulted=True),
    instant_column("upload_until"),
    instant_column("started_at"),
    instant_column("progressed_at", nullable=False, is_defaulted=True),
    instant_column("ended_at"),
    CheckConstraint("format IN ('csv', 'ndjson')", name="device_imports_format_check"),
    CheckConstraint(
        "status IN ('awaiting_upload', 'waiting', 'running', 'succeeded', 'failed', 'cancelled')",
        name="device_imports_status_check",
    ),
    Index("idx_device_imports_created_at", "organization_id", "created_at", "import_id"),
    Index("idx_device_imports_ended_at", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    Index(
        "idx_device_imports_progressed_at",
        "progressed_at",
        postgresql_where=text("status IN ('waiting', 'running')"),
    ),
)


def _import_column(*, is_key: bool = False) -> Column[str]:
    whole = ForeignKey(device_imports.c.import_id)
    return Column("import_id", Text, whole, primary_key=is_key, nullable=False)


# What became of a row: a device, or a refusal.
device_import_rows = Table(
    "device_import_rows",
    metadata,
    _import_column(),
    Column("line", BigInteger, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("device_id", Text),
    Column("code", Text),
    Column("message", Text),
    Column("field", Text),
    PrimaryKeyConstraint("import_id", "line"),
    Index(
        "idx_device_import_rows_refused",
        "import_id",
        "line",
        postgresql_where=text("device_id IS NULL"),
    ),
)

device_import_work = Table(
    "device_import_work",
    metadata,
    _import_column(is_key=True),
    _organization_column(),
    *due_columns(),
    Index("idx_device_import_work_due", "due_at", "import_id"),
)
