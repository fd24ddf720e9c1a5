-- name: occupied_buckets
-- Looking whether there is anything costs two look-ups a bucket, and shows what went as a whole. The
-- bounds are repeated inside because the planner leaves out chunks by constants only.
SELECT bucket, is_materialized
FROM generate_series(
    CAST(:start AS timestamptz), CAST(:end AS timestamptz) - INTERVAL '1 hour', INTERVAL '1 hour'
) AS series (bucket)
CROSS JOIN LATERAL (
    SELECT EXISTS (
               SELECT FROM iot_data.timescale_measurements
               WHERE time >= series.bucket
                 AND time < series.bucket + INTERVAL '1 hour'
                 AND time >= :start
                 AND time < :end
           ) AS is_measured,
           EXISTS (
               SELECT FROM iot_data.device_parameter_sets_hourly AS hourly
               WHERE hourly.bucket = series.bucket
                 AND hourly.bucket >= :start
                 AND hourly.bucket < :end
           ) AS is_materialized
) AS occupied
WHERE is_measured
   OR is_materialized
ORDER BY bucket

-- name: chunk_borders
SELECT date_trunc('hour', range_start, 'UTC')
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'iot_data'
  AND hypertable_name = 'timescale_measurements'
  AND range_start > :start
  AND range_start < :end
ORDER BY random()
LIMIT 1

-- name: is_large
SELECT count(*) > :limit
FROM (
    SELECT
    FROM iot_data.timescale_measurements
    WHERE time >= :start
      AND time < :end
    LIMIT :limit + 1
) AS measured

-- name: has_chunk
SELECT EXISTS (
    SELECT FROM timescaledb_information.chunks
    WHERE hypertable_schema = 'iot_data'
      AND hypertable_name = 'timescale_measurements'
      AND range_start < :end
      AND range_end > :start
)

-- name: list_disagreements
-- Of the pairs measured in a part of a bucket, and of those that the aggregate last saw in it. A
-- pair that was measured again later in the bucket has a later time in the aggregate. Readings without
-- an id are in both, and never equal.
WITH measured AS (
    SELECT device_id, parameter_id, max(time) AS last_seen_at
    FROM iot_data.timescale_measurements
    WHERE time >= :start
      AND time < :end
      AND device_id IS NOT NULL
      AND parameter_id IS NOT NULL
    GROUP BY device_id, parameter_id
),
materialized AS (
    SELECT hourly.device_id, seen.parameter_id, seen.last_seen_at
    FROM iot_data.device_parameter_sets_hourly AS hourly
    CROSS JOIN LATERAL unnest(
        CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
    ) AS seen (parameter_id, last_seen_at)
    WHERE hourly.bucket = :bucket
      AND seen.last_seen_at >= :start
      AND hourly.device_id IS NOT NULL
      AND seen.parameter_id IS NOT NULL
)
SELECT device_id,
       parameter_id,
       measured.last_seen_at AS measured_at,
       materialized.last_seen_at AS materialized_at
FROM measured
FULL JOIN materialized USING (device_id, parameter_id)
WHERE CASE
          WHEN measured.last_seen_at IS NULL THEN materialized.last_seen_at < :end
          WHEN materialized.last_seen_at IS NULL THEN true
          WHEN materialized.last_seen_at < :end THEN materialized.last_seen_at <> measured.last_seen_at
          ELSE false
      END
ORDER BY device_id, parameter_id
LIMIT :limit
