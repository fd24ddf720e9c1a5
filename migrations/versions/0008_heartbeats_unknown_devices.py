"""Set apart the devices that nobody knows and that send heartbeats."""

from alembic import op

revision = "0008_heartbeats_unknown_devices"
down_revision = "0007_parquet_loads_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Bytewise order is also how Python sorts.
    op.execute(
        """
        CREATE TABLE iot_data.unknown_devices (
            device_id text COLLATE "C" PRIMARY KEY,
            site_id text NOT NULL,
            first_seen_at timestamptz NOT NULL,
            last_seen_at timestamptz NOT NULL,
            heartbeat_count bigint NOT NULL,
            last_heartbeat jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_unknown_devices_last_seen
        ON iot_data.unknown_devices (last_seen_at, device_id)
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.unknown_devices")
