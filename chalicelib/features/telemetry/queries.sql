-- name: database_clock
SELECT clock_timestamp()

-- name: lift_decompression_limit
-- The setting is not there without TimescaleDB, and in its older versions.
SELECT set_config(name, '0', true)
FROM pg_settings
WHERE name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'
  AND context = 'user'

-- name: find_devices
-- Each is looked up by its key: the planner might as well read the whole fleet.
SELECT device.device_id, device.organization_id, device.device_type_id, type.version,
       type.timestamp_path
FROM unnest(CAST(:device_ids AS text[])) AS asked (device_id)
CROSS JOIN LATERAL (
    SELECT device_id, organization_id, device_type_id
    FROM iot_data.v_devices
    WHERE device_id = asked.device_id
      AND lifecycle <> 'deleted'
      AND (CAST(:organization AS text) IS NULL OR organization_id = :organization)
    LIMIT 1
) AS device
JOIN iot_data.v_device_types AS type USING (device_type_id)

-- name: list_metrics
SELECT device_type_id, name, parameter_id, data_type, unit, minimum, maximum, conversion_scale,
       conversion_offset, conversion_unit, expression, path, usual_minimum, usual_maximum,
       usual_change_per_minute, is_deviation_watched
FROM iot_data.v_device_type_metrics
WHERE device_type_id = ANY (CAST(:device_type_ids AS text[]))
ORDER BY device_type_id, position

-- name: begin_devices
-- In a transaction of its own: whoever locks devices finds the rows of all of them, and locks them in
-- one order.
INSERT INTO iot_data.device_readings (device_id, organization_id, latest)
SELECT device_id, organization_id, '{}'
FROM unnest(CAST(:device_ids AS text[])) AS asked (device_id)
JOIN iot_data.v_devices AS device USING (device_id)
ORDER BY device_id COLLATE "C"
ON CONFLICT (device_id) DO NOTHING

-- name: lock_devices
-- In the order in which they are asked for, which is that of all who ask.
SELECT known.device_id, CAST(known.latest AS text) AS latest
FROM unnest(CAST(:device_ids AS text[])) AS asked (device_id)
CROSS JOIN LATERAL (
    SELECT device_id, latest
    FROM iot_data.device_readings
    WHERE device_id = asked.device_id
    LIMIT 1
    FOR NO KEY UPDATE
) AS known

-- name: find_values
-- Each is looked up by its key: between the first and the last of them may be all that the fleet has
-- measured in a week. Both are said so that no other chunks are planned for, and with a day to spare:
-- the planner would multiply conditions that mean the same, and read all of an instant.
SELECT wanted.device_id, wanted.parameter_id, wanted.at, measured.value
FROM unnest(
    CAST(:device_ids AS text[]), CAST(:parameter_ids AS text[]), CAST(:ats AS bigint[])
) AS wanted (device_id, parameter_id, at)
CROSS JOIN LATERAL (
    SELECT value
    FROM iot_data.timescale_measurements
    WHERE time = to_timestamp(wanted.at / 1000000.0)
      AND device_id = wanted.device_id
      AND parameter_id = wanted.parameter_id
      AND time BETWEEN to_timestamp(:first / 1000000.0) - INTERVAL '1 day'
                   AND to_timestamp(:last / 1000000.0) + INTERVAL '1 day'
    LIMIT 1
) AS measured
WHERE measured.value IS NOT NULL

-- name: store_readings
-- A reading that is there already, with the same value, is left as it is. The devices are locked, and
-- so nobody else changes these readings, or what is known of the devices.
WITH arrived AS (
    SELECT to_timestamp(at / 1000000.0) AS time, device_id, parameter_id, value, quality
    FROM unnest(
        CAST(:ats AS bigint[]),
        CAST(:device_ids AS text[]),
        CAST(:parameter_ids AS text[]),
        CAST(:values AS double precision[]),
        CAST(:qualities AS smallint[])
    ) AS reading (at, device_id, parameter_id, value, quality)
),
written AS (
    INSERT INTO iot_data.timescale_measurements AS known
        (time, device_id, parameter_id, value, quality)
    SELECT time, device_id, parameter_id, value, quality
    FROM arrived
    ON CONFLICT (time, device_id, parameter_id) DO UPDATE
    SET value = excluded.value,
        quality = excluded.quality
    WHERE known.value IS DISTINCT FROM excluded.value
    RETURNING device_id, xmax = 0 AS is_new
),
counted AS (
    SELECT device_id,
           count(*) FILTER (WHERE is_new) AS stored,
           count(*) FILTER (WHERE NOT is_new) AS corrected
    FROM written
    GROUP BY device_id
),
brought AS (
    UPDATE iot_data.device_readings AS known
    SET latest = device.latest,
        last_reading_at = greatest(
            known.last_reading_at, to_timestamp(device.last_reading_at / 1000000.0)
        ),
        reading_count = known.reading_count + coalesce(counted.stored, 0),
        corrected_count = known.corrected_count + coalesce(counted.corrected, 0)
    FROM json_to_recordset(CAST(:devices AS json)) AS device (
        device_id text, latest json, last_reading_at bigint
    )
    LEFT JOIN counted USING (device_id)
    WHERE known.device_id = device.device_id
)
SELECT CAST(coalesce(sum(stored), 0) AS bigint) AS stored,
       CAST(coalesce(sum(corrected), 0) AS bigint) AS corrected
FROM counted

-- name: withdraw_values
-- The rows stay: that the device reports the metric is as true as before.
UPDATE iot_data.timescale_measurements AS measured
SET value = NULL,
    quality = NULL
FROM unnest(
    CAST(:device_ids AS text[]), CAST(:parameter_ids AS text[]), CAST(:ats AS bigint[])
) AS withdrawn (device_id, parameter_id, at)
WHERE measured.time = to_timestamp(withdrawn.at / 1000000.0)
  AND measured.device_id = withdrawn.device_id
  AND measured.parameter_id = withdrawn.parameter_id
  AND measured.time BETWEEN to_timestamp(:first / 1000000.0) - INTERVAL '1 day'
                        AND to_timestamp(:last / 1000000.0) + INTERVAL '1 day'
  AND measured.value IS NOT NULL

-- name: keep_rejects
-- What is kept already stays as it was when it came first.
INSERT INTO iot_data.telemetry_rejects (
    reject_id, organization_id, device_id, metric, reason, message, way, payload, is_cut,
    is_quarantined, sent_at, letter_due_at
)
SELECT reject_id, organization_id, device_id, metric, reason, message, way, payload, is_cut,
       is_quarantined, sent_at, letter_due_at
FROM json_to_recordset(CAST(:rejects AS json)) AS reject (
    reject_id text, organization_id text, device_id text, metric text, reason text, message text,
    way text, payload text, is_cut boolean, is_quarantined boolean, sent_at timestamptz,
    letter_due_at timestamptz
)
ON CONFLICT (reject_id) DO NOTHING

-- name: claim_letters
-- Whoever claims them has a minute to send them; then somebody else may.
WITH due AS MATERIALIZED (
    SELECT reject_id
    FROM iot_data.telemetry_rejects
    WHERE letter_due_at <= now()
    ORDER BY letter_due_at
    LIMIT :limit
    FOR UPDATE SKIP LOCKED
)
UPDATE iot_data.telemetry_rejects AS known
SET letter_due_at = now() + INTERVAL '1 minute'
FROM due
WHERE known.reject_id = due.reject_id
RETURNING known.reject_id, known.organization_id, known.device_id, known.metric, known.reason,
          known.message, known.payload, known.is_cut, known.way, known.sent_at, known.rejected_at

-- name: forget_letters
UPDATE iot_data.telemetry_rejects
SET letter_due_at = NULL
WHERE reject_id = ANY (CAST(:reject_ids AS text[]))

-- name: prune_rejects
WITH old AS MATERIALIZED (
    SELECT reject_id
    FROM iot_data.telemetry_rejects
    WHERE rejected_at < now() - make_interval(days => :retention_days)
    ORDER BY rejected_at
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
)
DELETE FROM iot_data.telemetry_rejects AS known
USING old
WHERE known.reject_id = old.reject_id

-- name: prune_crowded
-- Of an organization that has more than are kept the oldest go, and of what is nobody's as well: what
-- one of them sends never pushes out what another one has to see.
WITH crowded AS (
    SELECT organization.organization_id, newest.rejected_at
    FROM iot_data.v_organizations AS organization
    CROSS JOIN LATERAL (
        SELECT rejected_at
        FROM iot_data.telemetry_rejects
        WHERE organization_id = organization.organization_id
        ORDER BY rejected_at DESC
        OFFSET :most
        LIMIT 1
    ) AS newest
),
nobodys AS (
    SELECT rejected_at
    FROM iot_data.telemetry_rejects
    WHERE organization_id IS NULL
    ORDER BY rejected_at DESC
    OFFSET :most
    LIMIT 1
),
old AS MATERIALIZED (
    SELECT reject_id
    FROM (
        SELECT reject.reject_id
        FROM crowded
        JOIN iot_data.telemetry_rejects AS reject USING (organization_id)
        WHERE reject.rejected_at <= crowded.rejected_at
        UNION ALL
        SELECT reject_id
        FROM iot_data.telemetry_rejects
        WHERE organization_id IS NULL
          AND rejected_at <= (SELECT rejected_at FROM nobodys)
    ) AS surplus
    LIMIT :batch
)
DELETE FROM iot_data.telemetry_rejects AS known
USING old
WHERE known.reject_id = old.reject_id

-- name: forget_rejects
DELETE FROM iot_data.telemetry_rejects WHERE reject_id = ANY (CAST(:reject_ids AS text[]))

-- name: list_latest
SELECT known.device_id, known.organization_id, device.name, known.last_reading_at,
       known.reading_count, known.corrected_count, latest.readings
FROM iot_data.device_readings AS known
JOIN iot_data.v_devices AS device USING (device_id)
CROSS JOIN LATERAL (
    SELECT coalesce(
        json_agg(
            json_build_array(
                metric.name, metric.parameter_id, metric.unit, metric.data_type,
                to_timestamp(CAST(reading.value ->> 0 AS bigint) / 1000000.0),
                reading.value -> 1, reading.value -> 2
            )
            ORDER BY metric.position
        ),
        '[]'
    ) AS readings
    FROM json_each(known.latest) AS reading
    JOIN iot_data.v_device_type_metrics AS metric
      ON metric.parameter_id = reading.key AND metric.device_type_id = device.device_type_id
) AS latest
WHERE device.lifecycle <> 'deleted'
  AND (CAST(:organization AS text) IS NULL OR known.organization_id = :organization)
  AND (CAST(:device_id AS text) IS NULL OR known.device_id = :device_id)
  AND (CAST(:after AS text) IS NULL OR known.device_id > :after)
ORDER BY known.device_id
LIMIT :limit

-- name: count_reasons
SELECT reason, count(*) AS rejects, max(rejected_at) AS newest_at
FROM iot_data.telemetry_rejects
WHERE CAST(:organization AS text) IS NULL OR organization_id = :organization
GROUP BY reason
ORDER BY count(*) DESC, reason
