-- name: add
INSERT INTO iot_data.device_imports (
    import_id, organization_id, name, format, status, actor, request_id, may_adopt, data,
    size_bytes, upload_until
)
VALUES (
    :import_id, :organization_id, :name, :format, :status, :actor, :request_id, :may_adopt, :data,
    :size_bytes, now() + CAST(:upload_time AS interval)
)

-- name: find_task
-- All that whoever carries it out has to know; the file itself is read piece by piece. An upload
-- that has begun in time may end a while later.
SELECT import_id, organization_id, format, status, actor, request_id, may_adopt,
       data IS NOT NULL AS has_data, etag, size_bytes, columns, read_bytes, read_lines,
       registered_count, refused_count, upload_until < now() - interval '15 minutes' AS is_overdue
FROM iot_data.device_imports
WHERE import_id = :import_id

-- name: read_data
-- Bytes are counted from 1.
SELECT substring(data FROM CAST(:first AS integer) FOR CAST(:length AS integer))
FROM iot_data.device_imports
WHERE import_id = :import_id

-- name: begin
-- The file has come, and is looked at in this version only.
UPDATE iot_data.device_imports
SET status = 'waiting',
    etag = :etag,
    size_bytes = :size_bytes,
    progressed_at = now()
WHERE import_id = :import_id

-- name: renew
-- Whoever holds this lock may go on; nobody cancels the import until the batch is done.
UPDATE iot_data.device_import_work
SET due_at = now() + CAST(:lease AS interval)
WHERE import_id = :import_id
  AND claim_id = :claim_id
RETURNING import_id

-- name: release
-- Another import may be longer due.
UPDATE iot_data.device_import_work
SET due_at = now() + CAST(:pause AS interval),
    claim_id = NULL,
    attempt_count = 0,
    last_error = NULL
WHERE import_id = :import_id
  AND claim_id = :claim_id

-- name: move
-- Nothing where the batch has been written already, by an attempt whose answer was lost.
UPDATE iot_data.device_imports
SET status = 'running',
    read_bytes = :read_bytes,
    read_lines = :read_lines,
    columns = :columns,
    started_at = coalesce(started_at, now()),
    progressed_at = now()
WHERE import_id = :import_id
  AND read_bytes = :before
RETURNING import_id

-- name: count
UPDATE iot_data.device_imports
SET registered_count = registered_count + :registered,
    refused_count = refused_count + :refused
WHERE import_id = :import_id

-- name: add_rows
INSERT INTO iot_data.device_import_rows
    (import_id, organization_id, line, device_id, code, message, field)
SELECT :import_id, :organization_id, line, device_id, code, message, field
FROM json_to_recordset(CAST(:rows AS json))
    AS row (line bigint, device_id text, code text, message text, field text)

-- name: finish
-- The file goes, if it was kept here; what became of its rows stays for a while.
UPDATE iot_data.device_imports
SET status = :status,
    error_code = :code,
    error_message = :message,
    data = NULL,
    started_at = coalesce(started_at, now()),
    progressed_at = now(),
    ended_at = now()
WHERE import_id = :import_id

-- name: abandon
-- Waits for the batch that is being written.
DELETE FROM iot_data.device_import_work WHERE import_id = :import_id RETURNING import_id

-- name: list_rows
SELECT line, device_id, code, message, field
FROM iot_data.device_import_rows
WHERE import_id = :import_id
  AND line > :after
ORDER BY line
LIMIT :most

-- name: list_registered_rows
SELECT line, device_id, code, message, field
FROM iot_data.device_import_rows
WHERE import_id = :import_id
  AND line > :after
  AND device_id IS NOT NULL
ORDER BY line
LIMIT :most

-- name: list_refused_rows
SELECT line, device_id, code, message, field
FROM iot_data.device_import_rows
WHERE import_id = :import_id
  AND line > :after
  AND device_id IS NULL
ORDER BY line
LIMIT :most

-- name: unfinished
-- How many are to be done, and for how long the one that has waited longest has not moved.
SELECT count(*) AS imports,
       coalesce(extract(epoch FROM now() - min(progressed_at)), 0) AS oldest_seconds
FROM iot_data.device_imports
WHERE status IN ('waiting', 'running')

-- name: forget_rows
-- Of the import that ended first, and before the retention.
DELETE FROM iot_data.device_import_rows
WHERE (import_id, line) IN (
    SELECT import_id, line
    FROM iot_data.device_import_rows
    WHERE import_id = (
        SELECT import_id
        FROM iot_data.device_imports
        WHERE ended_at < now() - make_interval(days => :retention_days)
        ORDER BY ended_at, import_id
        LIMIT 1
    )
    LIMIT :most
)

-- name: forget
DELETE FROM iot_data.device_imports
WHERE import_id = (
    SELECT import_id
    FROM iot_data.device_imports
    WHERE ended_at < now() - make_interval(days => :retention_days)
    ORDER BY ended_at, import_id
    LIMIT 1
)
AND NOT EXISTS (
    SELECT FROM iot_data.device_import_rows AS row WHERE row.import_id = device_imports.import_id
)

-- name: add_devices
-- As one device is added, many. What is not returned has an id, or a serial number, that another
-- one has. They are added in the order of their serial numbers, so that two imports can wait for
-- each other, and never deadlock; of two rows with the same one the first gets it.
WITH new AS MATERIALIZED (
    SELECT *
    FROM json_to_recordset(CAST(:devices AS json)) AS device (
        line bigint, device_id text, device_type_id text, name text, serial_number text,
        latitude double precision, longitude double precision, address text, connection jsonb,
        metadata jsonb, tags text[], facts jsonb
    )
),
added AS (
    INSERT INTO iot_data.devices (
        device_id, organization_id, device_type_id, name, serial_number, latitude, longitude,
        address, connection, metadata, tags
    )
    SELECT device_id, :organization_id, device_type_id, name, serial_number, latitude, longitude,
           address, connection, metadata, tags
    FROM new
    ORDER BY serial_number, line
    ON CONFLICT DO NOTHING
    RETURNING device_id
),
present AS (
    INSERT INTO iot_data.device_presence (device_id, organization_id)
    SELECT device_id, :organization_id
    FROM added
),
noted AS (
    INSERT INTO iot_data.device_changes
        (device_id, organization_id, action, actor, before, after)
    SELECT device_id, :organization_id, :action, :actor, '{}', facts
    FROM new
    JOIN added USING (device_id)
    ORDER BY line
)
SELECT device_id FROM added

-- name: list_taken_numbers
SELECT serial_number, device_id
FROM iot_data.devices
WHERE organization_id = :organization_id
  AND serial_number = ANY (:serial_numbers)
  AND lifecycle <> 'deleted'

-- name: list_present_types
SELECT device_type_id FROM iot_data.v_device_types WHERE device_type_id = ANY (:type_ids)

-- name: list_known_to_master
SELECT device_id FROM iot_data.redshift_devices WHERE device_id = ANY (:device_ids)

-- name: adopt_masters
UPDATE iot_data.redshift_devices AS known
SET device_name = adopted.name,
    status = true
FROM unnest(CAST(:device_ids AS text[]), CAST(:names AS text[])) AS adopted (device_id, name)
WHERE known.device_id = adopted.device_id
