-- name: prepare_transaction
-- The instants in a COPY have no zone. They are UTC, so the session's zone must be, too.
SELECT set_config('work_mem', :work_mem, true),
       set_config('TimeZone', 'UTC', true)

-- name: lift_decompression_limit
-- TimescaleDB lets a transaction unpack 100,000 rows of compressed chunks, and a day may have more.
-- The setting is not there without TimescaleDB, and in its older versions.
SELECT set_config(name, '0', true)
FROM pg_settings
WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'
  AND context = 'user'

-- name: measure_staged
SELECT count(*) AS row_count, min(time) AS first, max(time) AS last FROM staged_reading

-- name: analyze_staged
-- The server does not analyze temporary tables by itself, and without that the planner is off by far.
ANALYZE staged_reading

-- name: forbid_nested_loops
-- The planner knows nothing about a chunk that has just been filled. It expects one row where there
-- may be a million, and would read all staged rows for each of them.
SET LOCAL enable_nestloop = off

-- name: lock_days
-- All loads lock the slots in the same order, so that two of them can wait but never deadlock.
SELECT pg_advisory_xact_lock(:key, slot) FROM unnest(CAST(:slots AS integer[])) AS slot

-- name: try_lock_days
SELECT bool_and(pg_try_advisory_xact_lock(:key, slot))
FROM unnest(CAST(:slots AS integer[])) AS slot

-- name: find_object
SELECT object_id, first_time, last_time
FROM iot_data.parquet_objects
WHERE (bucket, object_key) = (:bucket, :object_key)

-- name: save_object
INSERT INTO iot_data.parquet_objects AS known
    (bucket, object_key, load_id, modified_at, first_time, last_time)
VALUES (:bucket, :object_key, :load_id, :modified_at, :first_time, :last_time)
ON CONFLICT (bucket, object_key) DO UPDATE
SET load_id = excluded.load_id,
    modified_at = excluded.modified_at,
    first_time = excluded.first_time,
    last_time = excluded.last_time
RETURNING object_id
