"""The tables of heartbeats."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.database.tables import instant_column, metadata

# The last state of each device, as the platform reads it.
device_state = Table(
    "device_state",
    metadata,
    Column("device_id", Text, primary_key=True),
    Column("site_id", Text, nullable=False),
    instant_column("last_seen_ts", nullable=False),
    instant_column("last_upload_ts"),
    Column("queue_depth", Integer),
    Column("agent_version", Text),
    Column("poll_interval_s", Integer),
    Column("cpu_pct", Double),
    Column("disk_free_gb", Double),
    Column("status", Text),
    instant_column("updated_at", is_defaulted=True),
    CheckConstraint("status IN ('ready', 'degraded', 'error')", name="device_state_status_check"),
    Index("idx_device_state_last_seen", "last_seen_ts", "device_id"),
    Index("idx_device_state_site", "site_id", "last_seen_ts", "device_id"),
)


# When each field was set, of devices of which that was not all at once: whatever was set at
# latest_set_at is as old as the state is. Heartbeats are merged by it.
device_state_fields = Table(
    "device_state_fields",
    metadata,
    Column(
        "device_id",
        Text(collation="C"),
        ForeignKey(device_state.c.device_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    instant_column("latest_set_at", nullable=False),
    instant_column("last_upload_ts_set_at", nullable=False),
    instant_column("queue_depth_set_at", nullable=False),
    instant_column("agent_version_set_at", nullable=False),
    instant_column("poll_interval_s_set_at", nullable=False),
    instant_column("cpu_pct_set_at", nullable=False),
    instant_column("disk_free_gb_set_at", nullable=False),
    instant_column("status_set_at", nullable=False),
    postgresql_with={"fillfactor": 50},
)

# Devices whose silence has been noticed and announced.
stale_devices = Table(
    "stale_devices",
    metadata,
    Column(
        "device_id",
        Text,
        ForeignKey(device_state.c.device_id, ondelete="CASCADE"),
        primary_key=True,
    ),
    instant_column("silent_since", nullable=False),
    instant_column("noticed_at", nullable=False),
)

# Devices that nobody knows and that sent heartbeats, by when these came.
unknown_devices = Table(
    "unknown_devices",
    metadata,
    Column("device_id", Text(collation="C"), primary_key=True),
    Column("site_id", Text, nullable=False),
    instant_column("first_seen_at", nullable=False),
    instant_column("last_seen_at", nullable=False),
    Column("heartbeat_count", BigInteger, nullable=False),
    Column("last_heartbeat", JSONB, nullable=False),
    Index("idx_unknown_devices_last_seen", "last_seen_at", "device_id"),
)
