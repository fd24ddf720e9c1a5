-- name: foresee
-- What is known before a run reads anything, in one go: how large the fleet was, what TimescaleDB would
-- materialize anew, and how much the chunks of the window hold.
WITH totals AS (
    SELECT pair_count, device_count
    FROM iot_data.sync_runs
    WHERE status IN ('succeeded', 'guarded')
      AND pair_count IS NOT NULL
    ORDER BY run_id DESC
    LIMIT 1
),
-- Changes that were noted at the hypertable, and those that were handed on to the aggregate. Their times
-- are microseconds since 1970. Those that begin in the same hour are one, as a fleet that sends what it
-- has stored makes one for each transaction.
stale AS (
    SELECT ours.user_view_name AS aggregate,
           CAST(greatest(changed.lowest, :start_microseconds) AS bigint) / 3600000000 AS first_hour,
           max(CAST(least(changed.greatest, :closed_microseconds - 1) AS bigint) / 3600000000) AS last_hour
    FROM _timescaledb_catalog.continuous_agg AS ours
    CROSS JOIN LATERAL (
        SELECT lowest_modified_value AS lowest, greatest_modified_value AS greatest
        FROM _timescaledb_catalog.continuous_aggs_materialization_invalidation_log
        WHERE materialization_id = ours.mat_hypertable_id
        UNION ALL
        SELECT lowest_modified_value, greatest_modified_value
        FROM _timescaledb_catalog.continuous_aggs_hypertable_invalidation_log
        WHERE hypertable_id = ours.raw_hypertable_id
    ) AS changed
    WHERE ours.user_view_schema = 'iot_data'
      AND ours.user_view_name IN ('device_parameters_hourly', 'device_parameter_sets_hourly')
      AND changed.lowest < :closed_microseconds
      AND changed.greatest >= :start_microseconds
    GROUP BY aggregate, first_hour
),
-- By the statistics of a chunk where it has any, by its size otherwise, and by what was noted of those
-- that were compressed. One that is dropped at this moment has no size.
stock AS (
    SELECT chunk.range_start,
           greatest(least(chunk.range_end, now()), chunk.range_start + INTERVAL '1 second') AS range_end,
           coalesce(CASE
               WHEN class.reltuples > 0 AND class.relpages > 0
               THEN class.reltuples / class.relpages * pg_relation_size(class.oid) / current_setting('block_size')::integer
               ELSE pg_relation_size(class.oid) / :bytes_a_row
           END, 0) + coalesce(compressed.numrows_pre_compression, 0) AS measurements
    FROM timescaledb_information.chunks AS chunk
    JOIN _timescaledb_catalog.chunk AS entry
      ON entry.schema_name = chunk.chunk_schema AND entry.table_name = chunk.chunk_name
    JOIN pg_class AS class
      ON class.oid = to_regclass(format('%I.%I', chunk.chunk_schema, chunk.chunk_name))
    LEFT JOIN _timescaledb_catalog.compression_chunk_size AS compressed ON compressed.chunk_id = entry.id
    WHERE chunk.hypertable_schema = 'iot_data'
      AND chunk.hypertable_name = 'timescale_measurements'
      AND chunk.range_start < :end
      AND chunk.range_end > :start
)
SELECT 'measurements' AS subject, range_start AS start, range_end AS end, measurements AS amount
FROM stock
UNION ALL
SELECT aggregate, to_timestamp(first_hour * 3600), to_timestamp((last_hour + 1) * 3600), NULL
FROM stale
UNION ALL
SELECT size.subject, NULL, NULL, size.amount
FROM totals
CROSS JOIN LATERAL (VALUES ('pairs', pair_count), ('devices', device_count)) AS size (subject, amount)
ORDER BY subject, start
