"""Gather the pairs of each hour by device, and let both aggregates be compressed."""

from alembic import op

revision = "0012_device_parameters_sets"
down_revision = "0011_device_parameters_long_ids"
branch_labels = None
depends_on = None

# What earlier revisions make, and a repair must not make again.
REPLACED = ("idx_device_parameters_hourly_device_start",)


def upgrade() -> None:
    # One row a device and hour, from the aggregate of pairs: the past is gathered from what is
    # materialized, without a measurement being read. The ids are an array in the form of a text,
    # because a text is hashed and compared as a whole, which takes a third of the time.
    op.execute(
        """
        CREATE MATERIALIZED VIEW iot_data.device_parameter_sets_hourly
        WITH (
            timescaledb.continuous,
            timescaledb.materialized_only = true,
            timescaledb.create_group_indexes = false
        ) AS
        SELECT time_bucket('1 hour', bucket) AS bucket,
               device_id,
               CAST(array_agg(parameter_id ORDER BY parameter_id) AS text) AS parameter_ids,
               array_agg(last_seen_at ORDER BY parameter_id) AS last_seen_ats
        FROM iot_data.device_parameters_hourly
        GROUP BY time_bucket('1 hour', bucket), device_id
        WITH NO DATA
        """
    )
    # It takes over from the index on the pairs, which has ten times as many entries.
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_parameter_sets_hourly_device
        ON iot_data.device_parameter_sets_hourly (left(device_id, 500), bucket DESC)
        """
    )
    op.execute(
        "DROP INDEX IF EXISTS _timescaledb_internal.idx_device_parameters_hourly_device_start"
    )
    # A chunk is what is compressed, and dropped, as a whole.
    op.execute(
        """
        SELECT set_chunk_time_interval('iot_data.device_parameter_sets_hourly', INTERVAL '1 day')
        """
    )
    op.execute(
        """
        SELECT set_chunk_time_interval('iot_data.device_parameters_hourly', INTERVAL '1 day')
        """
    )
    # In the order of the buckets, because a refresh replaces whole buckets.
    op.execute(
        """
        ALTER MATERIALIZED VIEW iot_data.device_parameter_sets_hourly SET (
            timescaledb.enable_columnstore,
            timescaledb.segmentby = '',
            timescaledb.orderby = 'bucket, device_id'
        )
        """
    )
    op.execute(
        """
        ALTER MATERIALIZED VIEW iot_data.device_parameters_hourly SET (
            timescaledb.enable_columnstore,
            timescaledb.segmentby = '',
            timescaledb.orderby = 'bucket, device_id, parameter_id'
        )
        """
    )
    op.execute(
        """
        ALTER TABLE iot_data.sync_runs
            ADD COLUMN measured_from timestamptz,
            ADD COLUMN source_reason text
        """
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE iot_data.sync_runs DROP COLUMN measured_from, DROP COLUMN source_reason"
    )
    op.execute("DROP MATERIALIZED VIEW IF EXISTS iot_data.device_parameter_sets_hourly")
    # The former release lifts no limit on what a refresh decompresses, and would fail on it.
    op.execute(
        """
        SELECT decompress_chunk(format('%I.%I', chunk_schema, chunk_name)::regclass)
        FROM timescaledb_information.chunks AS chunk
        JOIN timescaledb_information.continuous_aggregates AS aggregate
          ON chunk.hypertable_schema = aggregate.materialization_hypertable_schema
         AND chunk.hypertable_name = aggregate.materialization_hypertable_name
        WHERE aggregate.view_schema = 'iot_data'
          AND aggregate.view_name = 'device_parameters_hourly'
          AND chunk.is_compressed
        """
    )
    op.execute(
        """
        DO $$
        BEGIN
            IF EXISTS (
                SELECT
                FROM timescaledb_information.continuous_aggregates
                WHERE view_schema = 'iot_data'
                  AND view_name = 'device_parameters_hourly'
                  AND compression_enabled
            ) THEN
                ALTER MATERIALIZED VIEW iot_data.device_parameters_hourly
                SET (timescaledb.enable_columnstore = false);
            END IF;
            IF to_regclass('iot_data.device_parameters_hourly') IS NOT NULL THEN
                CREATE INDEX IF NOT EXISTS idx_device_parameters_hourly_device_start
                ON iot_data.device_parameters_hourly (left(device_id, 500), bucket DESC);
            END IF;
        END
        $$
        """
    )
