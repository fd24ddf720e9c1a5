"""Keep what a check of who is online compares beside it, and the last reading out of indexes."""

from alembic import op

revision = "0022_devices_presence"
down_revision = "0021_devices_imports"
branch_labels = None
depends_on = None

REPLACED = ("idx_device_presence_last_seen", "idx_devices_not_online")


def upgrade() -> None:
    # What a check compares `last_seen_at` with: for how long a device of its type may be silent,
    # and what it counts as. Both follow from elsewhere; the next check fills them in.
    op.execute(
        """
        ALTER TABLE iot_data.device_presence
            ADD COLUMN silent_after interval,
            ADD COLUMN is_online boolean
        """
    )
    # An update of a column that is in no index leaves all indexes alone.
    op.execute("DROP INDEX iot_data.idx_device_presence_last_seen")
    op.execute("DROP INDEX iot_data.idx_devices_not_online")
    op.execute(
        """
        CREATE INDEX idx_device_presence_unknown
        ON iot_data.device_presence (device_id)
        WHERE silent_after IS NULL
        """
    )
    op.execute("UPDATE iot_data.connectivity_checkpoint SET decided_at = NULL")


def downgrade() -> None:
    op.execute("DROP INDEX iot_data.idx_device_presence_unknown")
    op.execute(
        """
        ALTER TABLE iot_data.device_presence
            DROP COLUMN silent_after,
            DROP COLUMN is_online
        """
    )
    op.execute(
        """
        CREATE INDEX idx_devices_not_online
        ON iot_data.devices (device_id)
        WHERE connectivity <> 'online' AND lifecycle <> 'deleted'
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_presence_last_seen
        ON iot_data.device_presence (organization_id, last_seen_at, device_id)
        """
    )
    # The check of before decides of all devices, and looks at no others afterwards.
    op.execute("UPDATE iot_data.connectivity_checkpoint SET decided_at = NULL")
