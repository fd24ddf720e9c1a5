"""The tables of who is online: a part of those of devices."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Interval,
    Table,
    Text,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import SCHEMA, instant_column, metadata

# Each time a device was noticed to be online, or not any more. Without foreign keys: they are
# written a hundred thousand at once, from the devices themselves.
device_transitions = Table(
    "device_transitions",
    metadata,
    Column("transition_id", BigInteger, Identity(always=True), primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("is_online", Boolean, nullable=False),
    instant_column("happened_at", nullable=False),
    instant_column("noticed_at", nullable=False),
    Column("in_maintenance", Boolean, nullable=False),
    Index("idx_device_transitions_device", "device_id", "transition_id"),
)

# Organizations whose devices are not declared offline, because nothing is heard of anybody.
connectivity_holds = Table(
    "connectivity_holds",
    metadata,
    Column(
        "organization_id",
        Text,
        ForeignKey(f"{SCHEMA}.organizations.organization_id"),
        primary_key=True,
    ),
    instant_column("since", nullable=False),
    instant_column("quiet_since", nullable=False),
    Column("patience", Interval, nullable=False),
    Column("silent_count", BigInteger, nullable=False),
    Column("device_count", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    instant_column("resumed_at"),
    instant_column("released_at"),
    Column("released_by", Text),
    Column("comment", Text),
    instant_column("let_go_at"),
)

# Devices of which the next check decides, whatever it would look at otherwise.
connectivity_rechecks = Table(
    "connectivity_rechecks",
    metadata,
    Column("recheck_id", BigInteger, Identity(always=True), primary_key=True),
    Column("device_id", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
)

# How far the last check got: one row.
connectivity_checkpoint = Table(
    "connectivity_checkpoint",
    metadata,
    Column("is_only", Boolean, primary_key=True, server_default=true()),
    instant_column("read_until", nullable=False),
    instant_column("decided_at"),
    instant_column("newest_reading_at"),
    instant_column("newest_heartbeat_at"),
    Column("heard_count", BigInteger, nullable=False),
    Column("limits", JSONB, nullable=False),
    CheckConstraint("is_only", name="connectivity_checkpoint_is_only_check"),
)
