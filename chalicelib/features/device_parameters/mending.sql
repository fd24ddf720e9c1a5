-- name: find_note
SELECT substring(col_description(attrelid, attnum) FROM '^materialized anew up to (.*)$')
FROM pg_attribute
WHERE attrelid = to_regclass('iot_data.device_parameters_hourly')
  AND attname = 'last_seen_at'

-- name: remember_progress
SELECT set_config('device_parameters.progress', 'materialized anew up to ' || :instant, true)

-- name: note_progress
-- A comment takes a literal only.
DO $$
BEGIN
    EXECUTE format(
        'COMMENT ON COLUMN iot_data.device_parameters_hourly.last_seen_at IS %L',
        current_setting('device_parameters.progress')
    );
END
$$

-- name: forget_progress
COMMENT ON COLUMN iot_data.device_parameters_hourly.last_seen_at IS NULL

-- name: list_differing_buckets
-- Readings without an id are in both, and never equal.
SELECT DISTINCT bucket
FROM (
    SELECT date_trunc('hour', time, 'UTC') AS bucket, device_id, parameter_id, max(time) AS last_seen_at
    FROM iot_data.timescale_measurements
    WHERE time >= :start
      AND time < :end
      AND device_id IS NOT NULL
      AND parameter_id IS NOT NULL
    GROUP BY 1, 2, 3
) AS expected
FULL JOIN (
    SELECT hourly.bucket, hourly.device_id, seen.parameter_id, seen.last_seen_at
    FROM iot_data.device_parameter_sets_hourly AS hourly
    CROSS JOIN LATERAL unnest(
        CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
    ) AS seen (parameter_id, last_seen_at)
    WHERE hourly.bucket >= :start
      AND hourly.bucket < :end
      AND hourly.device_id IS NOT NULL
      AND seen.parameter_id IS NOT NULL
) AS materialized USING (bucket, device_id, parameter_id)
WHERE materialized.last_seen_at IS DISTINCT FROM expected.last_seen_at
ORDER BY bucket

-- name: list_lost_buckets
-- The bounds are repeated inside because the planner leaves out chunks by constants only.
SELECT bucket
FROM generate_series(
    CAST(:start AS timestamptz), CAST(:end AS timestamptz) - INTERVAL '1 hour', INTERVAL '1 hour'
) AS series (bucket)
WHERE EXISTS (
    SELECT FROM iot_data.timescale_measurements
    WHERE time >= series.bucket
      AND time < series.bucket + INTERVAL '1 hour'
      AND time >= :start
      AND time < :end
)
  AND NOT EXISTS (
    SELECT FROM iot_data.device_parameter_sets_hourly AS hourly
    WHERE hourly.bucket = series.bucket
      AND hourly.bucket >= :start
      AND hourly.bucket < :end
)
ORDER BY bucket

-- name: list_policies
-- What a database's own jobs do to the aggregate. The view names the aggregate or what is beneath it,
-- by version.
SELECT job.job_id, job.proc_name, aggregate.view_name, job.config ->> 'drop_after' AS drop_after
FROM timescaledb_information.jobs AS job
JOIN timescaledb_information.continuous_aggregates AS aggregate
  ON (job.hypertable_schema, job.hypertable_name) IN (
      (aggregate.view_schema, aggregate.view_name),
      (aggregate.materialization_hypertable_schema, aggregate.materialization_hypertable_name)
  )
WHERE aggregate.view_schema = 'iot_data'
  AND aggregate.view_name IN ('device_parameters_hourly', 'device_parameter_sets_hourly')
ORDER BY job.job_id
