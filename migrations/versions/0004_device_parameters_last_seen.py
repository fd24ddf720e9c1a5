"""Find the newest measurement of a pair without reading whole buckets."""

from alembic import op

revision = "0004_device_parameters_last_seen"
down_revision = "0003_device_parameters_runs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without the parameter: a device's few rows of one bucket lie side by side, and the index
    # is a fraction of the size.
    op.execute(
        """
        CREATE INDEX idx_device_parameters_hourly_device
        ON iot_data.device_parameters_hourly (device_id, bucket DESC)
        """
    )


def downgrade() -> None:
    op.execute(
        """
        DO $$
        DECLARE
            index_name text;
        BEGIN
            -- The index belongs to the aggregate's own hypertable, in TimescaleDB's schema. Where
            -- somebody has dropped the aggregate, it is gone as well.
            SELECT format('%I.%I', schemaname, indexname) INTO index_name
            FROM pg_indexes
            WHERE indexname = 'idx_device_parameters_hourly_device'
              AND schemaname = '_timescaledb_internal';
            IF FOUND THEN
                EXECUTE 'DROP INDEX ' || index_name;
            END IF;
        END
        $$
        """
    )
