-- name: server_settings
SELECT current_setting('server_version') AS postgresql,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       (
           SELECT jsonb_object_agg(name, current_setting(name))
           FROM pg_settings
           WHERE name = ANY (:names)
       ) AS settings

-- name: add_devices
INSERT INTO iot_data.redshift_devices (device_id, device_name, status, is_active)
SELECT 'device-' || lpad(CAST(device AS text), 7, '0'), 'Device ' || device, true, true
FROM generate_series(1, :devices) AS device

-- name: add_parameters
INSERT INTO iot_data.timescale_parameters (parameter_id, parameter_name)
SELECT 'parameter-' || lpad(CAST(parameter AS text), 2, '0'), 'Parameter ' || parameter
FROM generate_series(1, :parameters) AS parameter

-- name: make_room
CREATE SCHEMA bench

-- name: prepare_readings
-- When each pair reports within the time between two readings, in the order in which they arrive.
CREATE UNLOGGED TABLE bench.reading AS
SELECT make_interval(secs => (device * 7919 + parameter * 31) % :seconds) AS after,
       'device-' || lpad(CAST(device AS text), 7, '0') AS device_id,
       'parameter-' || lpad(CAST(parameter AS text), 2, '0') AS parameter_id,
       20 + device % 10 AS value
FROM generate_series(1, :devices) AS device,
     generate_series(1, :parameters) AS parameter
ORDER BY after, device_id, parameter_id

-- name: prepare_changes
-- The first that report, so that the shortest window sees them, too.
CREATE UNLOGGED TABLE bench.forgotten AS
SELECT device_id, parameter_id
FROM bench.reading
ORDER BY after, device_id, parameter_id
LIMIT :count

-- name: drop_key
ALTER TABLE iot_data.timescale_measurements DROP CONSTRAINT timescale_measurements_pkey

-- name: drop_time_index
DROP INDEX iot_data.timescale_measurements_time_idx

-- name: create_key
ALTER TABLE iot_data.timescale_measurements
    ADD CONSTRAINT timescale_measurements_pkey PRIMARY KEY (time, device_id, parameter_id)

-- name: create_time_index
CREATE INDEX timescale_measurements_time_idx ON iot_data.timescale_measurements (time DESC)

-- name: add_measurements
-- OFFSET keeps the readings of a tick in the order of time without sorting them.
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value, quality)
SELECT reading.time, reading.device_id, reading.parameter_id, reading.value, 100
FROM generate_series(
         CAST(:first_tick AS timestamptz), CAST(:end AS timestamptz), CAST(:every AS interval)
     ) AS tick (time)
CROSS JOIN LATERAL (
    SELECT tick.time + after AS time, device_id, parameter_id, value
    FROM bench.reading
    OFFSET 0
) AS reading
WHERE reading.time >= :start
  AND reading.time < :end

-- name: count_rows
SELECT (SELECT count(*) FROM iot_data.timescale_measurements) AS measurements,
       (SELECT count(*) FROM iot_data.device_parameter_sets_hourly) AS sets,
       (SELECT count(*) FROM iot_data.device_parameters) AS pairs

-- name: forget_pairs
-- The next contestant must add these pairs. To do this twice changes nothing more.
DELETE FROM iot_data.device_parameters AS known
USING bench.forgotten AS forgotten
WHERE known.device_id = forgotten.device_id
  AND known.parameter_id = forgotten.parameter_id

-- name: invent_pairs
-- The next contestant must remove these pairs, of devices that are active and silent.
INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name)
SELECT device.device_id, device.device_name, parameter.parameter_id, parameter.parameter_name
FROM iot_data.redshift_devices AS device, iot_data.timescale_parameters AS parameter
WHERE device.device_id > 'device-' || lpad(CAST(:devices AS text), 7, '0')
ORDER BY device.device_id, parameter.parameter_id
LIMIT :count
ON CONFLICT (device_id, parameter_id) DO NOTHING

-- name: loop_devices
SELECT device_id, device_name FROM iot_data.redshift_devices WHERE status = true

-- name: loop_observed
SELECT DISTINCT device_id, parameter_id
FROM iot_data.timescale_measurements
WHERE device_id = :device_id
  AND time >= :window_start
  AND time < :window_end

-- name: loop_names
SELECT parameter_id, parameter_name
FROM iot_data.timescale_parameters
WHERE parameter_id = ANY (:parameter_ids)

-- name: loop_known
SELECT parameter_id FROM iot_data.device_parameters WHERE device_id = :device_id

-- name: observed_from_measurements
SELECT seen.device_id,
       seen.parameter_id,
       coalesce(device.device_name, seen.device_id) AS device_name,
       coalesce(parameter.parameter_name, seen.parameter_id) AS parameter_name
FROM (
    SELECT DISTINCT device_id, parameter_id
    FROM iot_data.timescale_measurements
    WHERE time >= :window_start
      AND time < :window_end
) AS seen
JOIN iot_data.redshift_devices AS device
  ON device.device_id = seen.device_id AND device.status
JOIN iot_data.timescale_parameters AS parameter
  ON parameter.parameter_id = seen.parameter_id

-- name: known_pairs
SELECT device_id, parameter_id, device_name, parameter_name FROM iot_data.device_parameters

-- name: add_pair
INSERT INTO iot_data.device_parameters (device_id, parameter_id, device_name, parameter_name)
VALUES (:device_id, :parameter_id, :device_name, :parameter_name)

-- name: remove_pair
DELETE FROM iot_data.device_parameters
WHERE device_id = :device_id
  AND parameter_id = :parameter_id

-- name: plan_from_measurements
CREATE TEMPORARY TABLE difference ON COMMIT DROP AS
SELECT known.device_id IS NULL AS is_new,
       device_id,
       observed.device_name,
       parameter_id,
       observed.parameter_name
FROM (
    SELECT seen.device_id,
           seen.parameter_id,
           coalesce(device.device_name, seen.device_id) AS device_name,
           coalesce(parameter.parameter_name, seen.parameter_id) AS parameter_name
    FROM (
        SELECT DISTINCT device_id, parameter_id
        FROM iot_data.timescale_measurements
        WHERE time >= :window_start
          AND time < :window_end
    ) AS seen
    JOIN iot_data.redshift_devices AS device
      ON device.device_id = seen.device_id AND device.status
    JOIN iot_data.timescale_parameters AS parameter
      ON parameter.parameter_id = seen.parameter_id
) AS observed
FULL JOIN iot_data.device_parameters AS known USING (device_id, parameter_id)
WHERE known.device_id IS NULL
   OR observed.device_id IS NULL

-- name: remove_difference
DELETE FROM iot_data.device_parameters AS known
USING pg_temp.difference
WHERE NOT difference.is_new
  AND known.device_id = difference.device_id
  AND known.parameter_id = difference.parameter_id

-- name: add_difference
INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name)
SELECT device_id, device_name, parameter_id, parameter_name
FROM pg_temp.difference
WHERE is_new
ORDER BY device_id, parameter_id

-- name: last_reading
-- The run's own choice.
SELECT measured_from
FROM iot_data.sync_runs
WHERE measured_from IS NOT NULL
ORDER BY run_id DESC
LIMIT 1

-- name: count_difference
-- The least that anyone who compares the two sets must do: read both, hash both, write nothing.
SELECT count(*) FILTER (WHERE known.device_id IS NULL) AS added,
       count(*) FILTER (WHERE observed.device_id IS NULL) AS removed
FROM (
    SELECT evidence.device_id, evidence.parameter_id
    FROM (
        @evidence@
    ) AS evidence
    JOIN iot_data.redshift_devices AS device
      ON device.device_id = evidence.device_id AND device.status
    JOIN iot_data.timescale_parameters AS parameter
      ON parameter.parameter_id = evidence.parameter_id
) AS observed
FULL JOIN iot_data.device_parameters AS known USING (device_id, parameter_id)
WHERE known.device_id IS NULL
   OR observed.device_id IS NULL

-- name: read_costs
SELECT CAST(pg_current_wal_lsn() - '0/0' AS bigint) AS position,
       (SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()) AS temp_bytes,
       (
           SELECT n_tup_ins + n_tup_upd + n_tup_del
           FROM pg_stat_all_tables
           WHERE relid = CAST('iot_data.device_parameters' AS regclass)
       ) AS rows_written

-- name: list_sessions
SELECT pid
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name = :name

-- name: enable_inspection
CREATE EXTENSION IF NOT EXISTS pg_walinspect

-- name: table_wal_bytes
-- Of the records that touch a page of the table, of its indexes, or of what is too long for it.
SELECT CAST(coalesce(sum(record.record_length), 0) AS bigint)
FROM pg_get_wal_records_info(
         CAST('0/0' AS pg_lsn) + CAST(:start AS numeric), CAST('0/0' AS pg_lsn) + CAST(:end AS numeric)
     ) AS record
WHERE EXISTS (
    SELECT
    FROM (
        SELECT oid FROM pg_class WHERE oid = CAST('iot_data.device_parameters' AS regclass)
        UNION ALL
        SELECT reltoastrelid FROM pg_class WHERE oid = CAST('iot_data.device_parameters' AS regclass)
        UNION ALL
        SELECT indexrelid FROM pg_index WHERE indrelid = CAST('iot_data.device_parameters' AS regclass)
    ) AS file
    CROSS JOIN pg_database AS here
    WHERE here.datname = current_database()
      AND record.block_ref LIKE '%/' || here.oid || '/' || pg_relation_filenode(file.oid) || ' %'
)

-- name: rename_devices
UPDATE iot_data.redshift_devices SET device_name = device_name || ' (renamed)'

-- name: switch_devices_off
UPDATE iot_data.redshift_devices SET status = false

-- name: prepare_bare_changes
CREATE UNLOGGED TABLE bench.change AS
SELECT 'removed' AS change, known.device_id, known.device_name, known.parameter_id, known.parameter_name
FROM iot_data.device_parameters AS known
LEFT JOIN bench.reading AS reading USING (device_id, parameter_id)
WHERE reading.device_id IS NULL
UNION ALL
SELECT 'added', device_id, device.device_name, parameter_id, parameter.parameter_name
FROM bench.forgotten AS forgotten
JOIN iot_data.redshift_devices AS device USING (device_id)
JOIN iot_data.timescale_parameters AS parameter USING (parameter_id)

-- name: drop_bare_changes
DROP TABLE bench.change

-- name: remove_bare
DELETE FROM iot_data.device_parameters AS known
USING bench.change AS change
WHERE change.change = 'removed'
  AND known.device_id = change.device_id
  AND known.parameter_id = change.parameter_id

-- name: add_bare
INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name)
SELECT device_id, device_name, parameter_id, parameter_name
FROM bench.change
WHERE change = 'added'

-- name: log_bare
INSERT INTO iot_data.device_parameter_changes
    (run_id, change, device_id, device_name, parameter_id, parameter_name, reason)
SELECT (SELECT max(run_id) FROM iot_data.sync_runs),
       change, device_id, device_name, parameter_id, parameter_name,
       CASE change WHEN 'removed' THEN 'window_expired' END
FROM bench.change

-- name: forget_bare_log
DELETE FROM iot_data.device_parameter_changes
WHERE run_id = (SELECT max(run_id) FROM iot_data.sync_runs)

-- name: widen_chunks
-- So wide that all hours are in one, whenever they are.
SELECT set_chunk_time_interval(CAST(:aggregate AS regclass), INTERVAL '50 years')
