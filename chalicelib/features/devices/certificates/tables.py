"""The tables of things and certificates: a part of those of devices."""

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from chalicelib.database.tables import SCHEMA, instant_column, metadata
from chalicelib.due import due_columns


def _organization_column() -> Column[str]:
    organization = ForeignKey(f"{SCHEMA}.organizations.organization_id")
    return Column("organization_id", Text, organization, nullable=False)


def _device_column(*, is_key: bool = False) -> Column[str]:
    """What stands there leads to what is at AWS: it goes with no device."""
    return Column(
        "device_id",
        Text,
        ForeignKey(f"{SCHEMA}.devices.device_id"),
        primary_key=is_key,
        nullable=False,
    )


device_things = Table(
    "device_things",
    metadata,
    _device_column(is_key=True),
    _organization_column(),
    Column("mark", Text, nullable=False),
    Column("wanted", Text, nullable=False, server_default=text("'there'")),
    Column("state", Text, nullable=False, server_default=text("'absent'")),
    instant_column("created_at", nullable=False, is_defaulted=True),
    CheckConstraint("wanted IN ('there', 'absent')", name="device_things_wanted_check"),
    # One that is being made may be there or not.
    CheckConstraint("state IN ('there', 'making', 'absent')", name="device_things_state_check"),
)

device_certificates = Table(
    "device_certificates",
    metadata,
    Column("certificate_id", Text, primary_key=True),
    _device_column(),
    _organization_column(),
    Column("public_key_sha256", Text, nullable=False),
    # Null where the key pair was made here: the private key is kept nowhere.
    Column("csr", Text),
    Column("wanted", Text, nullable=False, server_default=text("'active'")),
    Column("state", Text, nullable=False, server_default=text("'pending'")),
    Column("revokes_others", Boolean, nullable=False, server_default=text("false")),
    Column("refusal", Text),
    Column("aws_certificate_id", Text),
    Column("arn", Text),
    Column("pem", Text),
    instant_column("expires_at"),
    instant_column("created_at", nullable=False, is_defaulted=True),
    # Since when AWS may have a certificate of which nothing stands here.
    instant_column("attempted_at"),
    instant_column("activated_at"),
    instant_column("switched_off_at"),
    CheckConstraint(
        "wanted IN ('active', 'inactive', 'revoked', 'undone')",
        name="device_certificates_wanted_check",
    ),
    CheckConstraint(
        "state IN ('pending', 'active', 'inactive', 'revoked', 'undone')",
        name="device_certificates_state_check",
    ),
    Index("idx_device_certificates_aws_id", "aws_certificate_id", unique=True),
    # A key has one certificate. One that was revoked, because others may know it, gets no further.
    Index(
        "idx_device_certificates_key",
        "public_key_sha256",
        unique=True,
        postgresql_where=text("state <> wanted OR state IN ('active', 'revoked')"),
    ),
    Index("idx_device_certificates_device", "device_id", "created_at"),
)

# Devices of which IoT Core has still to be told.
device_identity_work = Table(
    "device_identity_work",
    metadata,
    _device_column(is_key=True),
    _organization_column(),
    *due_columns(),
    Index("idx_device_identity_work_due", "due_at", "device_id"),
)
