-- name: database_clock
SELECT now()

-- name: admit_devices
-- Which devices are unknown? One with a state is known, and so is one of the master table: most
-- have fields, and are found by these alone. A state that another writer left counts as if one
-- heartbeat had set all that is not null in it. Who is admitted is unknown no longer.
WITH newcomer AS MATERIALIZED (
    SELECT id
    FROM unnest(CAST(:device_ids AS text[])) AS reporting (id)
    -- A join in its place would read the table from end to end.
    WHERE (
        SELECT device_id
        FROM iot_data.device_state_fields AS known
        WHERE known.device_id = reporting.id
    ) IS NULL
),
unknown AS MATERIALIZED (
    SELECT id
    FROM newcomer
    WHERE NOT :is_everybody_known
      AND (SELECT device_id FROM iot_data.device_state WHERE device_id = newcomer.id) IS NULL
      AND NOT EXISTS (
          SELECT FROM iot_data.redshift_devices AS device WHERE device.device_id = newcomer.id
      )
),
released AS (
    DELETE FROM iot_data.unknown_devices
    WHERE device_id IN (
        SELECT device_id
        FROM iot_data.unknown_devices
        WHERE device_id IN (SELECT id FROM newcomer EXCEPT SELECT id FROM unknown)
        ORDER BY device_id COLLATE "C"
        FOR UPDATE
    )
),
adopted AS (
    INSERT INTO iot_data.device_state_fields (
        device_id, last_seen_ts, site_id,
        last_upload_ts, last_upload_ts_set_at,
        queue_depth, queue_depth_set_at,
        agent_version, agent_version_set_at,
        poll_interval_s, poll_interval_s_set_at,
        cpu_pct, cpu_pct_set_at,
        disk_free_gb, disk_free_gb_set_at,
        status, status_set_at
    )
    SELECT device_id, last_seen_ts, site_id,
           last_upload_ts, CASE WHEN last_upload_ts IS NULL THEN '-infinity' ELSE last_seen_ts END,
           queue_depth, CASE WHEN queue_depth IS NULL THEN '-infinity' ELSE last_seen_ts END,
           agent_version, CASE WHEN agent_version IS NULL THEN '-infinity' ELSE last_seen_ts END,
           poll_interval_s, CASE WHEN poll_interval_s IS NULL THEN '-infinity' ELSE last_seen_ts END,
           cpu_pct, CASE WHEN cpu_pct IS NULL THEN '-infinity' ELSE last_seen_ts END,
           disk_free_gb, CASE WHEN disk_free_gb IS NULL THEN '-infinity' ELSE last_seen_ts END,
           status, CASE WHEN status IS NULL THEN '-infinity' ELSE last_seen_ts END
    FROM newcomer
    CROSS JOIN LATERAL (
        -- Locked, lest it be forgotten in the meantime.
        SELECT * FROM iot_data.device_state WHERE device_id = newcomer.id LIMIT 1 FOR KEY SHARE
    ) AS stored
    ORDER BY device_id COLLATE "C"
    ON CONFLICT (device_id) DO NOTHING
)
SELECT id FROM unknown

-- name: merge_heartbeats
-- A field belongs to the latest heartbeat that named it. Of two heartbeats at the same instant,
-- GREATEST takes the greater value, and any value rather than none. Rows are locked in one order,
-- so that writers can wait but never deadlock. device_state is written under the same locks and
-- needs no rule of its own, except that last_seen_ts never moves back, whoever else writes it.
-- A sender that is for one site only changes no device of another. Which were stored is asked in
-- that case only: it costs.
WITH reported AS (
    SELECT *
    FROM json_to_recordset(CAST(:devices AS json)) AS device (
        device_id text, last_seen_ts timestamptz, site_id text,
        last_upload_ts timestamptz, last_upload_ts_set_at timestamptz,
        queue_depth integer, queue_depth_set_at timestamptz,
        agent_version text, agent_version_set_at timestamptz,
        poll_interval_s integer, poll_interval_s_set_at timestamptz,
        cpu_pct double precision, cpu_pct_set_at timestamptz,
        disk_free_gb double precision, disk_free_gb_set_at timestamptz,
        status text, status_set_at timestamptz
    )
),
merged AS (
    INSERT INTO iot_data.device_state_fields AS known (
        device_id, last_seen_ts, site_id,
        last_upload_ts, last_upload_ts_set_at,
        queue_depth, queue_depth_set_at,
        agent_version, agent_version_set_at,
        poll_interval_s, poll_interval_s_set_at,
        cpu_pct, cpu_pct_set_at,
        disk_free_gb, disk_free_gb_set_at,
        status, status_set_at
    )
    SELECT device_id, last_seen_ts, site_id,
           last_upload_ts, coalesce(last_upload_ts_set_at, '-infinity'),
           queue_depth, coalesce(queue_depth_set_at, '-infinity'),
           agent_version, coalesce(agent_version_set_at, '-infinity'),
           poll_interval_s, coalesce(poll_interval_s_set_at, '-infinity'),
           cpu_pct, coalesce(cpu_pct_set_at, '-infinity'),
           disk_free_gb, coalesce(disk_free_gb_set_at, '-infinity'),
           status, coalesce(status_set_at, '-infinity')
    FROM reported
    ORDER BY device_id COLLATE "C"
    ON CONFLICT (device_id) DO UPDATE
    SET last_seen_ts = greatest(excluded.last_seen_ts, known.last_seen_ts),
        site_id = CASE
            WHEN excluded.last_seen_ts > known.last_seen_ts THEN excluded.site_id
            WHEN excluded.last_seen_ts < known.last_seen_ts THEN known.site_id
            ELSE greatest(excluded.site_id, known.site_id)
        END,
        last_upload_ts_set_at
            = greatest(excluded.last_upload_ts_set_at, known.last_upload_ts_set_at),
        last_upload_ts = CASE
            WHEN excluded.last_upload_ts_set_at > known.last_upload_ts_set_at
                THEN excluded.last_upload_ts
            WHEN excluded.last_upload_ts_set_at < known.last_upload_ts_set_at
                THEN known.last_upload_ts
            ELSE greatest(excluded.last_upload_ts, known.last_upload_ts)
        END,
        queue_depth_set_at = greatest(excluded.queue_depth_set_at, known.queue_depth_set_at),
        queue_depth = CASE
            WHEN excluded.queue_depth_set_at > known.queue_depth_set_at THEN excluded.queue_depth
            WHEN excluded.queue_depth_set_at < known.queue_depth_set_at THEN known.queue_depth
            ELSE greatest(excluded.queue_depth, known.queue_depth)
        END,
        agent_version_set_at = greatest(excluded.agent_version_set_at, known.agent_version_set_at),
        agent_version = CASE
            WHEN excluded.agent_version_set_at > known.agent_version_set_at
                THEN excluded.agent_version
            WHEN excluded.agent_version_set_at < known.agent_version_set_at
                THEN known.agent_version
            ELSE greatest(excluded.agent_version, known.agent_version)
        END,
        poll_interval_s_set_at
            = greatest(excluded.poll_interval_s_set_at, known.poll_interval_s_set_at),
        poll_interval_s = CASE
            WHEN excluded.poll_interval_s_set_at > known.poll_interval_s_set_at
                THEN excluded.poll_interval_s
            WHEN excluded.poll_interval_s_set_at < known.poll_interval_s_set_at
                THEN known.poll_interval_s
            ELSE greatest(excluded.poll_interval_s, known.poll_interval_s)
        END,
        cpu_pct_set_at = greatest(excluded.cpu_pct_set_at, known.cpu_pct_set_at),
        cpu_pct = CASE
            WHEN excluded.cpu_pct_set_at > known.cpu_pct_set_at THEN excluded.cpu_pct
            WHEN excluded.cpu_pct_set_at < known.cpu_pct_set_at THEN known.cpu_pct
            ELSE greatest(excluded.cpu_pct, known.cpu_pct)
        END,
        disk_free_gb_set_at = greatest(excluded.disk_free_gb_set_at, known.disk_free_gb_set_at),
        disk_free_gb = CASE
            WHEN excluded.disk_free_gb_set_at > known.disk_free_gb_set_at
                THEN excluded.disk_free_gb
            WHEN excluded.disk_free_gb_set_at < known.disk_free_gb_set_at
                THEN known.disk_free_gb
            ELSE greatest(excluded.disk_free_gb, known.disk_free_gb)
        END,
        status_set_at = greatest(excluded.status_set_at, known.status_set_at),
        status = CASE
            WHEN excluded.status_set_at > known.status_set_at THEN excluded.status
            WHEN excluded.status_set_at < known.status_set_at THEN known.status
            ELSE greatest(excluded.status, known.status)
        END
    WHERE CAST(:only_site AS text) IS NULL OR known.site_id = :only_site
    RETURNING device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
              poll_interval_s, cpu_pct, disk_free_gb, status
),
written AS (
    INSERT INTO iot_data.device_state AS stored (
        device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
        poll_interval_s, cpu_pct, disk_free_gb, status, updated_at
    )
    SELECT device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
           poll_interval_s, cpu_pct, disk_free_gb, status, now()
    FROM merged
    ON CONFLICT (device_id) DO UPDATE
    SET site_id = excluded.site_id,
        last_seen_ts = greatest(excluded.last_seen_ts, stored.last_seen_ts),
        last_upload_ts = excluded.last_upload_ts,
        queue_depth = excluded.queue_depth,
        agent_version = excluded.agent_version,
        poll_interval_s = excluded.poll_interval_s,
        cpu_pct = excluded.cpu_pct,
        disk_free_gb = excluded.disk_free_gb,
        status = excluded.status,
        updated_at = excluded.updated_at
    RETURNING device_id
)
SELECT device_id FROM written WHERE CAST(:only_site AS text) IS NOT NULL

-- name: find_state
-- Never a negative age: the clock of a device may be a little ahead. Rows that were adopted may hold
-- an infinite instant, from which nothing can be subtracted.
SELECT device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
       poll_interval_s, cpu_pct, disk_free_gb, status, updated_at,
       CAST(extract(epoch FROM now() - greatest(
           least(last_seen_ts, now()), TIMESTAMPTZ '0001-01-01 00:00:00Z'
       )) AS double precision) AS age_seconds,
       last_seen_ts < now() - CAST(:stale_after AS interval) AS is_stale
FROM iot_data.device_state
WHERE device_id = :device_id
  AND (
      CAST(:organization AS text) IS NULL
      OR EXISTS (
          SELECT
          FROM iot_data.v_devices AS known
          WHERE known.device_id = :device_id
            AND known.organization_id = :organization
            AND known.lifecycle <> 'deleted'
      )
  )

-- name: try_lock_check
SELECT pg_try_advisory_xact_lock(:key)

-- name: compare_silence
-- Compares the devices that are silent with those whose silence has been noticed. Mostly the two
-- are the same.
SELECT now() AS checked_at,
       count(known.device_id) AS stale,
       count(*) FILTER (WHERE silent.device_id IS NULL OR known.device_id IS NULL) AS changed
FROM (
    SELECT device_id
    FROM iot_data.device_state
    WHERE last_seen_ts < now() - CAST(:stale_after AS interval)
) AS silent
FULL JOIN iot_data.stale_devices AS known USING (device_id)

-- name: note_transitions
-- What is noticed becomes an item of news at once. There is one event for each site and kind, so
-- that a rule can route by site, and the outage of a site is one event.
WITH became_stale AS (
    INSERT INTO iot_data.stale_devices (device_id, silent_since, noticed_at)
    SELECT device_id, last_seen_ts, now()
    FROM iot_data.device_state AS state
    WHERE last_seen_ts < now() - CAST(:stale_after AS interval)
      AND NOT EXISTS (
          SELECT FROM iot_data.stale_devices AS known WHERE known.device_id = state.device_id
      )
    RETURNING device_id, silent_since
),
recovered AS (
    DELETE FROM iot_data.stale_devices AS known
    USING iot_data.device_state AS state
    WHERE state.device_id = known.device_id
      AND state.last_seen_ts >= now() - CAST(:stale_after AS interval)
    RETURNING known.device_id, known.silent_since
),
transition AS (
    SELECT :stale_detail_type AS detail_type, device_id, silent_since FROM became_stale
    UNION ALL
    SELECT :recovered_detail_type, device_id, silent_since FROM recovered
),
reported AS (
    INSERT INTO pg_temp.news_item (detail_type, subject, item)
    SELECT detail_type,
           jsonb_build_object('site_id', site_id),
           jsonb_build_object(
               'device_id', device_id,
               'last_seen_ts',
               to_char(last_seen_ts AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
               'silent_since',
               to_char(silent_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           )
    FROM transition
    JOIN iot_data.device_state USING (device_id)
    ORDER BY detail_type DESC, site_id, device_id
)
SELECT now() AS checked_at,
       became.count AS became_stale,
       came_back.count AS recovered,
       known.count + became.count - came_back.count AS stale
FROM (SELECT count(*) FROM became_stale) AS became,
     (SELECT count(*) FROM recovered) AS came_back,
     (SELECT count(*) FROM iot_data.stale_devices) AS known

-- name: lock_quarantine
SELECT pg_advisory_xact_lock(:key)

-- name: quarantine_devices
INSERT INTO iot_data.unknown_devices AS known (
    device_id, site_id, first_seen_at, last_seen_at, heartbeat_count, last_heartbeat
)
SELECT device_id, site_id, now(), now(), heartbeat_count, last_heartbeat
FROM json_to_recordset(CAST(:devices AS json)) AS device (
    device_id text, site_id text, heartbeat_count bigint, last_heartbeat jsonb
)
ORDER BY device_id COLLATE "C"
ON CONFLICT (device_id) DO UPDATE
SET site_id = excluded.site_id,
    last_seen_at = greatest(excluded.last_seen_at, known.last_seen_at),
    heartbeat_count = known.heartbeat_count + excluded.heartbeat_count,
    last_heartbeat = excluded.last_heartbeat

-- name: prune_quarantine
DELETE FROM iot_data.unknown_devices
WHERE device_id IN (
    SELECT device_id FROM iot_data.unknown_devices WHERE last_seen_at < now() - CAST(:kept AS interval)
    UNION ALL (
        SELECT device_id
        FROM iot_data.unknown_devices
        ORDER BY last_seen_at DESC, device_id DESC
        OFFSET :most
    )
)

-- name: lock_check
SELECT pg_advisory_xact_lock(:key)

-- name: lock_fields
-- Heartbeats lock the fields before the state. Whoever forgets devices does the same.
SELECT device_id
FROM iot_data.device_state_fields
WHERE device_id = ANY (CAST(:device_ids AS text[]))
ORDER BY device_id COLLATE "C"
FOR UPDATE

-- name: lock_states_without_fields
-- Those that another writer left, and for which no heartbeat has come yet.
SELECT device_id
FROM iot_data.device_state AS state
WHERE device_id = ANY (CAST(:device_ids AS text[]))
  AND NOT EXISTS (
      SELECT FROM iot_data.device_state_fields AS fields WHERE fields.device_id = state.device_id
  )
ORDER BY device_id COLLATE "C"
FOR UPDATE

-- name: forget_devices
-- The fields, and what has been noticed about silence, go with the state. A state that has come
-- since the locks were taken stays. Its fields are not locked here, so that a heartbeat may have
-- locked some of such states already, and wait for others that would be deleted.
WITH forgotten AS (
    DELETE FROM iot_data.device_state
    WHERE device_id = ANY (CAST(:locked_ids AS text[]))
    RETURNING device_id
),
released AS (
    DELETE FROM iot_data.unknown_devices
    WHERE device_id IN (
        SELECT device_id
        FROM iot_data.unknown_devices
        WHERE device_id = ANY (CAST(:device_ids AS text[]))
        ORDER BY device_id COLLATE "C"
        FOR UPDATE
    )
    RETURNING device_id
)
SELECT device_id FROM forgotten
UNION
SELECT device_id FROM released

-- name: unknown_device_ids
SELECT device_id
FROM iot_data.device_state AS state
WHERE NOT EXISTS (
    SELECT FROM iot_data.redshift_devices AS device WHERE device.device_id = state.device_id
)
UNION
SELECT device_id FROM iot_data.unknown_devices
