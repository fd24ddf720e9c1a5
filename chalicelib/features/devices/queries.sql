-- name: find_type
-- A type of the organization goes before one of the platform's that is called the same.
SELECT device_type_id, name
FROM iot_data.v_device_types
WHERE name = :name
  AND (organization_id = :organization_id OR organization_id IS NULL)
ORDER BY organization_id IS NULL
LIMIT 1

-- name: add
INSERT INTO iot_data.devices (
    device_id, organization_id, device_type_id, name, serial_number, latitude, longitude, address,
    connection, metadata, tags
)
VALUES (
    :device_id, :organization_id, :device_type_id, :name, :serial_number, :latitude, :longitude,
    :address, CAST(:connection AS jsonb), CAST(:metadata AS jsonb), :tags
)
ON CONFLICT DO NOTHING
RETURNING device_id

-- name: add_presence
INSERT INTO iot_data.device_presence (device_id, organization_id)
VALUES (:device_id, :organization_id)

-- name: has_serial_number
SELECT EXISTS (
    SELECT
    FROM iot_data.devices
    WHERE organization_id = :organization_id
      AND serial_number = :serial_number
      AND device_id <> :device_id
      AND lifecycle <> 'deleted'
)

-- name: change
UPDATE iot_data.devices
SET device_type_id = :device_type_id,
    name = :name,
    serial_number = :serial_number,
    latitude = :latitude,
    longitude = :longitude,
    address = :address,
    connection = CAST(:connection AS jsonb),
    metadata = CAST(:metadata AS jsonb),
    tags = :tags,
    maintenance_until = CAST(:maintenance_until AS timestamptz),
    updated_at = now(),
    version = version + 1
WHERE device_id = :device_id

-- name: delete
UPDATE iot_data.devices
SET lifecycle = 'deleted',
    deleted_at = now(),
    updated_at = now(),
    version = version + 1
WHERE device_id = :device_id
RETURNING deleted_at

-- name: database_clock
SELECT now()

-- name: note_change
INSERT INTO iot_data.device_changes (device_id, organization_id, action, actor, before, after)
VALUES (
    :device_id, :organization_id, :action, :actor, CAST(:before AS jsonb), CAST(:after AS jsonb)
)

-- name: list_changes
-- Newest first, one more than the page holds.
SELECT change_id, changed_at, action, actor, before, after
FROM iot_data.device_changes
WHERE device_id = :device_id
  AND (CAST(:before AS bigint) IS NULL OR change_id < :before)
ORDER BY change_id DESC
LIMIT :most

-- name: list_parameters
SELECT parameter_id, parameter_name AS name, created_at AS since
FROM iot_data.v_device_parameters
WHERE device_id = :device_id
  AND (CAST(:after AS text) IS NULL OR parameter_id > :after)
ORDER BY parameter_id
LIMIT :most

-- name: list_optional_columns_of_master
-- Of the platform's master table, what it may have besides, as far as it takes what we know.
SELECT attname
FROM pg_attribute
WHERE attrelid = CAST('iot_data.redshift_devices' AS regclass)
  AND NOT attisdropped
  AND (attname, format_type(atttypid, NULL)) IN (
      ('device_type_id', 'text'),
      ('device_type_id', 'character varying'),
      ('is_active', 'boolean')
  )
  -- Where a length is declared, four more than that stands for it. An id of a type has 45 at most.
  AND (atttypmod = -1 OR atttypmod - 4 >= 45)

-- name: longest_name_in_master
-- Null where no length is declared.
SELECT nullif(greatest(atttypmod, typtypmod), -1) - 4
FROM pg_attribute
JOIN pg_type AS type ON type.oid = atttypid
WHERE attrelid = CAST('iot_data.redshift_devices' AS regclass)
  AND attname = 'device_name'
  AND NOT attisdropped

-- name: has_master
SELECT EXISTS (SELECT FROM iot_data.redshift_devices WHERE device_id = :device_id)

-- name: adopt_master
UPDATE iot_data.redshift_devices
SET device_name = :name,
    status = true
WHERE device_id = :device_id

-- name: rename_master
UPDATE iot_data.redshift_devices SET device_name = :name WHERE device_id = :device_id

-- name: list_last_readings
-- What telemetry says is the newest, what devices reported when they were last heard of, and before
-- that what the newest hours of the aggregate know of. Each is looked up by the whole key of a measurement, within bounds that leave
-- out all chunks but those that can hold it.
WITH asked AS (
    SELECT *
    FROM unnest(
        CAST(:device_ids AS text[]),
        CAST(:device_type_ids AS text[]),
        CAST(:seen_ats AS timestamptz[])
    ) AS device (device_id, device_type_id, seen_at)
),
known AS (
    SELECT asked.device_id, seen.parameter_id, max(seen.seen_at) AS seen_at
    FROM asked
    CROSS JOIN LATERAL (
        SELECT parameter_ids, last_seen_ats
        FROM iot_data.device_parameter_sets_hourly
        WHERE left(device_id, 500) = left(asked.device_id, 500)
          AND device_id = asked.device_id
          AND bucket > :since
        ORDER BY bucket DESC
        LIMIT 24
    ) AS hour
    CROSS JOIN LATERAL unnest(CAST(hour.parameter_ids AS text[]), hour.last_seen_ats)
        AS seen (parameter_id, seen_at)
    GROUP BY asked.device_id, seen.parameter_id
),
told AS (
    SELECT device_id, parameter_id, time
    FROM iot_data.latest_readings
    WHERE device_id = ANY (CAST(:device_ids AS text[]))
)
SELECT DISTINCT ON (asked.device_id, metric.name)
       asked.device_id, metric.name, metric.data_type, metric.unit, measured.time, measured.value
FROM asked
JOIN iot_data.v_device_type_metrics AS metric USING (device_type_id)
LEFT JOIN known USING (device_id, parameter_id)
LEFT JOIN told USING (device_id, parameter_id)
CROSS JOIN LATERAL (VALUES (asked.seen_at), (known.seen_at), (told.time)) AS candidate (time)
JOIN iot_data.timescale_measurements AS measured
  ON measured.time = candidate.time
 AND measured.device_id = asked.device_id
 AND measured.parameter_id = metric.parameter_id
WHERE measured.time > :since
  AND measured.value IS NOT NULL
ORDER BY asked.device_id, metric.name, measured.time DESC

-- name: measured_slots
-- Of the whole hours that the aggregate knows of, how many there were, and in how many of them each
-- metric was measured. An hour with two metrics is two slots.
WITH ours AS MATERIALIZED (
    SELECT materialization.id
    FROM timescaledb_information.continuous_aggregates AS aggregate
    JOIN _timescaledb_catalog.hypertable AS materialization
      ON materialization.schema_name = aggregate.materialization_hypertable_schema
     AND materialization.table_name = aggregate.materialization_hypertable_name
    WHERE aggregate.view_schema = 'iot_data'
      AND aggregate.view_name = 'device_parameter_sets_hourly'
),
span AS MATERIALIZED (
    SELECT date_trunc('hour', CAST(:since AS timestamptz) + INTERVAL '59 minutes 59.999999 seconds')
               AS first,
           date_trunc('hour', least(now(), watermark)) AS until
    FROM ours
    CROSS JOIN LATERAL _timescaledb_functions.to_timestamp(
        _timescaledb_functions.cagg_watermark(ours.id)
    ) AS watermark
)
SELECT greatest(extract(epoch FROM span.until - span.first) / 3600, 0) AS hours,
       (
           SELECT count(*)
           FROM iot_data.device_parameter_sets_hourly AS hour
           CROSS JOIN LATERAL unnest(CAST(hour.parameter_ids AS text[])) AS parameter_id
           WHERE left(hour.device_id, 500) = left(:device_id, 500)
             AND hour.device_id = :device_id
             AND hour.bucket >= span.first
             AND hour.bucket < span.until
             AND hour.bucket >= :since
             AND parameter_id = ANY (CAST(:parameter_ids AS text[]))
       ) AS slots
FROM span

-- name: list_parameters_of_type
SELECT parameter_id FROM iot_data.v_device_type_metrics WHERE device_type_id = :device_type_id
