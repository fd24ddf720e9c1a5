"""Aggregate measurements into hourly device/parameter pairs."""

from alembic import op

revision = "0002_device_parameters_hourly"
down_revision = "0001_device_parameters_table"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # WITH NO DATA keeps this revision transactional: on failure nothing is left behind. Names
    # are not joined in, because renaming a device would not invalidate the bucket. Group
    # indexes would be ten times the size of the bucket index and serve no query here.
    op.execute(
        """
        CREATE MATERIALIZED VIEW iot_data.device_parameters_hourly
        WITH (
            timescaledb.continuous,
            timescaledb.materialized_only = true,
            timescaledb.create_group_indexes = false
        ) AS
        SELECT time_bucket('1 hour', time) AS bucket,
               device_id,
               parameter_id,
               max(time) AS last_seen_at
        FROM iot_data.timescale_measurements
        GROUP BY bucket, device_id, parameter_id
        WITH NO DATA
        """
    )


def downgrade() -> None:
    op.execute("DROP MATERIALIZED VIEW IF EXISTS iot_data.device_parameters_hourly")
