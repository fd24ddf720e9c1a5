"""Keep no index that is wider than the platform's keys, and count what a run sets aside."""

from alembic import op

revision = "0011_device_parameters_long_ids"
down_revision = "0010_device_parameters_removals"
branch_labels = None
depends_on = None

# What earlier revisions make, and a repair must not make again.
REPLACED = ("idx_device_parameters_hourly_device",)


def upgrade() -> None:
    # The index belongs to the aggregate's own hypertable, in TimescaleDB's schema.
    op.execute("DROP INDEX IF EXISTS _timescaledb_internal.idx_device_parameters_hourly_device")
    # An entry of an index holds 2,704 bytes, and a refresh fails on a longer one. A measurement's
    # id may be of any length, and 500 characters are 2,000 bytes at most.
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_parameters_hourly_device_start
        ON iot_data.device_parameters_hourly (left(device_id, 500), bucket DESC)
        """
    )
    op.execute(
        """
        ALTER TABLE iot_data.sync_runs
            ADD COLUMN set_aside_count bigint NOT NULL DEFAULT 0
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE iot_data.sync_runs DROP COLUMN set_aside_count")
    op.execute(
        "DROP INDEX IF EXISTS _timescaledb_internal.idx_device_parameters_hourly_device_start"
    )
    # Somebody may have dropped the aggregate; and ids that the index cannot hold must not bar the
    # way down: without it, pages of pairs are slow, and nothing else is amiss.
    op.execute(
        """
        DO $$
        BEGIN
            IF to_regclass('iot_data.device_parameters_hourly') IS NOT NULL THEN
                CREATE INDEX IF NOT EXISTS idx_device_parameters_hourly_device
                ON iot_data.device_parameters_hourly (device_id, bucket DESC);
            END IF;
        EXCEPTION WHEN program_limit_exceeded THEN
            RAISE WARNING 'an id is too long for idx_device_parameters_hourly_device';
        END
        $$
        """
    )
