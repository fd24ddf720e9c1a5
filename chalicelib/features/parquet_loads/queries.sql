-- name: open_load
-- Where the version is loaded already, nothing changes and no row is returned. Otherwise the load
-- starts over.
INSERT INTO iot_data.parquet_loads AS known
    (bucket, object_key, version, sink, dataset, status, size_bytes, modified_at, started_at)
VALUES
    (:bucket, :object_key, :version, :sink, :dataset, 'running', :size_bytes, :modified_at,
     clock_timestamp())
ON CONFLICT (bucket, object_key, version, sink) DO UPDATE
SET status = 'running',
    dataset = excluded.dataset,
    attempt_count = known.attempt_count + 1,
    started_at = excluded.started_at,
    finished_at = NULL,
    error_code = NULL,
    error_message = NULL
WHERE known.status <> 'succeeded'
RETURNING *

-- name: find_load_of_version
SELECT *
FROM iot_data.parquet_loads
WHERE (bucket, object_key, version, sink) = (:bucket, :object_key, :version, :sink)

-- name: find_load
SELECT * FROM iot_data.parquet_loads WHERE load_id = :load_id

-- name: lock_object
-- The lock belongs to the transaction, so that nothing stays locked when a container dies, and so
-- that it works through a connection pooler. Two objects that share a hash only wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(:bucket || '/' || :object_key, :seed))

-- name: lock_load
SELECT * FROM iot_data.parquet_loads WHERE load_id = :load_id FOR UPDATE

-- name: finish_load
UPDATE iot_data.parquet_loads
SET status = 'succeeded',
    finished_at = clock_timestamp(),
    read_count = :read,
    loaded_count = :loaded,
    rejected_count = :rejected,
    added_count = :added,
    changed_count = :changed,
    removed_count = :removed,
    shadowed_count = :shadowed,
    batch_count = :batch,
    rejects_key = :rejects_key,
    error_code = NULL,
    error_message = NULL
WHERE load_id = :load_id
RETURNING *

-- name: give_up_load
-- If another process has ended the load in the meantime, its outcome stays.
UPDATE iot_data.parquet_loads
SET status = :status,
    finished_at = clock_timestamp(),
    read_count = :read,
    rejected_count = :rejected,
    rejects_key = :rejects_key,
    error_code = :error_code,
    error_message = :error_message
WHERE load_id = :load_id
  AND status = 'running'

-- name: had_rejects
SELECT EXISTS (
    SELECT FROM iot_data.parquet_loads
    WHERE (bucket, object_key) = (:bucket, :object_key)
      AND rejects_key IS NOT NULL
)
