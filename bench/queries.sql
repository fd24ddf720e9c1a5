-- name: versions
SELECT current_setting('server_version') AS postgresql,
       (SELECT extversion FROM pg_extension WHERE extname = 'timescaledb') AS timescaledb,
       current_setting('shared_buffers') AS shared_buffers,
       current_setting('work_mem') AS work_mem

-- name: add_devices
INSERT INTO iot_data.redshift_devices (device_id, device_name, status, is_active)
SELECT 'device-' || lpad(CAST(device AS text), 7, '0'), 'Device ' || device, true, true
FROM generate_series(1, :devices) AS device

-- name: add_parameters
INSERT INTO iot_data.timescale_parameters (parameter_id, parameter_name)
SELECT 'parameter-' || lpad(CAST(parameter AS text), 2, '0'), 'Parameter ' || parameter
FROM generate_series(1, :parameters) AS parameter

-- name: add_measurements
-- A reading per pair and quarter of an hour, each pair at a second of its own, as they arrive.
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value, quality)
SELECT reading.time,
       'device-' || lpad(CAST(reading.device AS text), 7, '0'),
       'parameter-' || lpad(CAST(reading.parameter AS text), 2, '0'),
       20 + reading.device % 10,
       100
FROM (
    SELECT tick + make_interval(secs => (device * 7919 + parameter * 31) % 900) AS time,
           device,
           parameter
    FROM generate_series(
             CAST(:first_tick AS timestamptz), CAST(:end AS timestamptz), INTERVAL '15 minutes'
         ) AS tick,
         generate_series(1, :devices) AS device,
         generate_series(1, :parameters) AS parameter
) AS reading
WHERE reading.time >= :start
  AND reading.time < :end
ORDER BY reading.time

-- name: count_rows
SELECT (SELECT count(*) FROM iot_data.timescale_measurements) AS measurements,
       (SELECT count(*) FROM iot_data.device_parameters_hourly) AS buckets,
       (SELECT count(*) FROM iot_data.device_parameters) AS pairs

-- name: forget_pairs
-- The next contestant must add these pairs. To do this twice changes nothing more.
DELETE FROM iot_data.device_parameters
WHERE (device_id, parameter_id) IN (
    SELECT 'device-' || lpad(CAST(1 + number * :stride AS text), 7, '0'),
           'parameter-' || lpad(CAST(1 + number % :parameters AS text), 2, '0')
    FROM generate_series(0, :count - 1) AS number
)

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

-- name: count_difference
-- The least that anyone who compares the two sets must do: read both, hash both, write nothing.
SELECT count(*) FILTER (WHERE known.device_id IS NULL) AS added,
       count(*) FILTER (WHERE observed.device_id IS NULL) AS removed
FROM (
    SELECT evidence.device_id, evidence.parameter_id
    FROM (
        SELECT device_id, parameter_id
        FROM iot_data.device_parameters_hourly
        WHERE bucket > :first_bucket
          AND bucket < :hot_bucket
        GROUP BY device_id, parameter_id
        UNION
        SELECT device_id, parameter_id
        FROM iot_data.device_parameters_hourly
        WHERE bucket = :first_bucket
          AND bucket < :hot_bucket
          AND last_seen_at >= :window_start
        UNION
        SELECT device_id, parameter_id
        FROM iot_data.timescale_measurements
        WHERE time >= :hot_start
          AND time < :window_end
        GROUP BY device_id, parameter_id
    ) AS evidence
    JOIN iot_data.redshift_devices AS device
      ON device.device_id = evidence.device_id AND device.status
    JOIN iot_data.timescale_parameters AS parameter
      ON parameter.parameter_id = evidence.parameter_id
) AS observed
FULL JOIN iot_data.device_parameters AS known USING (device_id, parameter_id)
WHERE known.device_id IS NULL
   OR observed.device_id IS NULL
