-- name: database_clock
SELECT now()

-- name: merge_heartbeats
-- A field belongs to the latest heartbeat that named it. Of two heartbeats at the same instant,
-- GREATEST takes the greater value, and any value rather than none.
--
-- Nearly always all fields of a device are of one heartbeat, so that device_state says with
-- last_seen_ts when each was set, except those that are null, which nobody ever named. A device of
-- which that is not true has a row in device_state_fields besides. There, what was set at
-- latest_set_at is as old as the state is, so that the row stays as it is while the same fields are
-- named again and again.
--
-- What was reported is merged with the states as the statement sees them, and written where they
-- are still the same. A state that another has changed meanwhile is locked and left as it is, for
-- the next round, which then sees it. Only who has locked a state writes its row in
-- device_state_fields. States are locked in one order, so that writers can wait but never deadlock.
--
-- Only what is not as usual is returned. OFFSET 0 has what is above it computed once.
WITH reported AS (
    SELECT unnest(CAST(:device_id AS text[])) AS device_id,
           unnest(CAST(:site_id AS text[])) AS site_id,
           unnest(CAST(:last_seen_ts AS timestamptz[])) AS last_seen_ts,
           unnest(CAST(:last_upload_ts AS timestamptz[])) AS last_upload_ts,
           unnest(CAST(:queue_depth AS integer[])) AS queue_depth,
           unnest(CAST(:agent_version AS text[])) AS agent_version,
           unnest(CAST(:poll_interval_s AS integer[])) AS poll_interval_s,
           unnest(CAST(:cpu_pct AS double precision[])) AS cpu_pct,
           unnest(CAST(:disk_free_gb AS double precision[])) AS disk_free_gb,
           unnest(CAST(:status AS text[])) AS status,
           -- Null where all that is not null was said at last_seen_ts; else when each was.
           CAST(unnest(CAST(:set_at AS text[])) AS jsonb) AS set_at
),
dated AS (
    SELECT reported.device_id,
           state.version,
           state.version IS NOT NULL
               OR :is_everybody_known
               -- A join in its place, here and below, would read the table from end to end.
               OR (
                   SELECT master.device_id
                   FROM iot_data.redshift_devices AS master
                   WHERE master.device_id = reported.device_id
                   LIMIT 1
               ) IS NOT NULL AS is_known,
           state.site_id <> CAST(:only_site AS text) AS is_elsewhere,
           known.latest_set_at AS noted_latest_at,
           greatest(reported.last_seen_ts, state.last_seen_ts) AS last_seen_ts,
           CASE
               WHEN reported.last_seen_ts < state.last_seen_ts THEN state.site_id
               WHEN reported.last_seen_ts = state.last_seen_ts
                   THEN greatest(reported.site_id, state.site_id COLLATE "C")
               ELSE reported.site_id
           END AS site_id,
           reported.last_upload_ts AS said_last_upload_ts,
           coalesce(
               CAST(reported.set_at ->> 'last_upload_ts' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.last_upload_ts IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_last_upload_ts_at,
           state.last_upload_ts AS kept_last_upload_ts,
           known.last_upload_ts_set_at AS noted_last_upload_ts_at,
           coalesce(
               nullif(known.last_upload_ts_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.last_upload_ts IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_last_upload_ts_at,
           reported.queue_depth AS said_queue_depth,
           coalesce(
               CAST(reported.set_at ->> 'queue_depth' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.queue_depth IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_queue_depth_at,
           state.queue_depth AS kept_queue_depth,
           known.queue_depth_set_at AS noted_queue_depth_at,
           coalesce(
               nullif(known.queue_depth_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.queue_depth IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_queue_depth_at,
           reported.agent_version AS said_agent_version,
           coalesce(
               CAST(reported.set_at ->> 'agent_version' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.agent_version IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_agent_version_at,
           state.agent_version AS kept_agent_version,
           known.agent_version_set_at AS noted_agent_version_at,
           coalesce(
               nullif(known.agent_version_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.agent_version IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_agent_version_at,
           reported.poll_interval_s AS said_poll_interval_s,
           coalesce(
               CAST(reported.set_at ->> 'poll_interval_s' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.poll_interval_s IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_poll_interval_s_at,
           state.poll_interval_s AS kept_poll_interval_s,
           known.poll_interval_s_set_at AS noted_poll_interval_s_at,
           coalesce(
               nullif(known.poll_interval_s_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.poll_interval_s IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_poll_interval_s_at,
           reported.cpu_pct AS said_cpu_pct,
           coalesce(
               CAST(reported.set_at ->> 'cpu_pct' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.cpu_pct IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_cpu_pct_at,
           state.cpu_pct AS kept_cpu_pct,
           known.cpu_pct_set_at AS noted_cpu_pct_at,
           coalesce(
               nullif(known.cpu_pct_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.cpu_pct IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_cpu_pct_at,
           reported.disk_free_gb AS said_disk_free_gb,
           coalesce(
               CAST(reported.set_at ->> 'disk_free_gb' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.disk_free_gb IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_disk_free_gb_at,
           state.disk_free_gb AS kept_disk_free_gb,
           known.disk_free_gb_set_at AS noted_disk_free_gb_at,
           coalesce(
               nullif(known.disk_free_gb_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.disk_free_gb IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_disk_free_gb_at,
           reported.status AS said_status,
           coalesce(
               CAST(reported.set_at ->> 'status' AS timestamptz),
               CASE
                   WHEN reported.set_at IS NULL AND reported.status IS NOT NULL
                       THEN reported.last_seen_ts
                   ELSE '-infinity'
               END
           ) AS said_status_at,
           state.status AS kept_status,
           known.status_set_at AS noted_status_at,
           coalesce(
               nullif(known.status_set_at, known.latest_set_at),
               CASE
                   WHEN known.latest_set_at IS NULL AND state.status IS NULL
                       THEN '-infinity'
                   ELSE state.last_seen_ts
               END
           ) AS kept_status_at
    FROM reported
    LEFT JOIN LATERAL (
        SELECT *, ctid AS version
        FROM iot_data.device_state AS stored
        WHERE stored.device_id = reported.device_id
        LIMIT 1
    ) AS state ON true
    LEFT JOIN LATERAL (
        SELECT *
        FROM iot_data.device_state_fields AS stored
        WHERE stored.device_id = reported.device_id
        LIMIT 1
    ) AS known ON true
    OFFSET 0
),
merged AS MATERIALIZED (
    SELECT device_id, version, is_known, is_elsewhere, noted_latest_at, site_id, last_seen_ts,
           CASE
               WHEN said_last_upload_ts_at > kept_last_upload_ts_at THEN said_last_upload_ts
               WHEN said_last_upload_ts_at < kept_last_upload_ts_at THEN kept_last_upload_ts
               ELSE greatest(said_last_upload_ts, kept_last_upload_ts)
           END AS last_upload_ts,
           greatest(said_last_upload_ts_at, kept_last_upload_ts_at) AS last_upload_ts_set_at,
           noted_last_upload_ts_at,
           CASE
               WHEN said_queue_depth_at > kept_queue_depth_at THEN said_queue_depth
               WHEN said_queue_depth_at < kept_queue_depth_at THEN kept_queue_depth
               ELSE greatest(said_queue_depth, kept_queue_depth)
           END AS queue_depth,
           greatest(said_queue_depth_at, kept_queue_depth_at) AS queue_depth_set_at,
           noted_queue_depth_at,
           CASE
               WHEN said_agent_version_at > kept_agent_version_at THEN said_agent_version
               WHEN said_agent_version_at < kept_agent_version_at THEN kept_agent_version
               ELSE greatest(said_agent_version, kept_agent_version COLLATE "C")
           END AS agent_version,
           greatest(said_agent_version_at, kept_agent_version_at) AS agent_version_set_at,
           noted_agent_version_at,
           CASE
               WHEN said_poll_interval_s_at > kept_poll_interval_s_at THEN said_poll_interval_s
               WHEN said_poll_interval_s_at < kept_poll_interval_s_at THEN kept_poll_interval_s
               ELSE greatest(said_poll_interval_s, kept_poll_interval_s)
           END AS poll_interval_s,
           greatest(said_poll_interval_s_at, kept_poll_interval_s_at) AS poll_interval_s_set_at,
           noted_poll_interval_s_at,
           CASE
               WHEN said_cpu_pct_at > kept_cpu_pct_at THEN said_cpu_pct
               WHEN said_cpu_pct_at < kept_cpu_pct_at THEN kept_cpu_pct
               ELSE greatest(said_cpu_pct, kept_cpu_pct)
           END AS cpu_pct,
           greatest(said_cpu_pct_at, kept_cpu_pct_at) AS cpu_pct_set_at,
           noted_cpu_pct_at,
           CASE
               WHEN said_disk_free_gb_at > kept_disk_free_gb_at THEN said_disk_free_gb
               WHEN said_disk_free_gb_at < kept_disk_free_gb_at THEN kept_disk_free_gb
               ELSE greatest(said_disk_free_gb, kept_disk_free_gb)
           END AS disk_free_gb,
           greatest(said_disk_free_gb_at, kept_disk_free_gb_at) AS disk_free_gb_set_at,
           noted_disk_free_gb_at,
           CASE
               WHEN said_status_at > kept_status_at THEN said_status
               WHEN said_status_at < kept_status_at THEN kept_status
               ELSE greatest(said_status, kept_status COLLATE "C")
           END AS status,
           greatest(said_status_at, kept_status_at) AS status_set_at,
           noted_status_at
    FROM dated
),
written AS (
    INSERT INTO iot_data.device_state AS known (
        device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
        poll_interval_s, cpu_pct, disk_free_gb, status, updated_at
    )
    SELECT device_id, site_id, last_seen_ts, last_upload_ts, queue_depth, agent_version,
           poll_interval_s, cpu_pct, disk_free_gb, status,
           -- A row that says null was inserted, for want of the state that had been seen.
           CASE WHEN version IS NULL THEN now() END
    FROM merged
    WHERE is_known
      AND is_elsewhere IS NOT TRUE
    ORDER BY device_id COLLATE "C"
    ON CONFLICT (device_id) DO UPDATE
    SET site_id = excluded.site_id,
        last_seen_ts = excluded.last_seen_ts,
        last_upload_ts = excluded.last_upload_ts,
        queue_depth = excluded.queue_depth,
        agent_version = excluded.agent_version,
        poll_interval_s = excluded.poll_interval_s,
        cpu_pct = excluded.cpu_pct,
        disk_free_gb = excluded.disk_free_gb,
        status = excluded.status,
        updated_at = now()
    WHERE known.ctid IN (SELECT version FROM merged WHERE version IS NOT NULL)
    RETURNING device_id, updated_at IS NULL AS is_forgotten
),
noted AS (
    INSERT INTO iot_data.device_state_fields (
        device_id, latest_set_at, last_upload_ts_set_at, queue_depth_set_at, agent_version_set_at,
        poll_interval_s_set_at, cpu_pct_set_at, disk_free_gb_set_at, status_set_at
    )
    SELECT device_id, last_seen_ts, last_upload_ts_set_at, queue_depth_set_at, agent_version_set_at,
           poll_interval_s_set_at, cpu_pct_set_at, disk_free_gb_set_at, status_set_at
    FROM merged
    WHERE (
        last_upload_ts_set_at,
        queue_depth_set_at,
        agent_version_set_at,
        poll_interval_s_set_at,
        cpu_pct_set_at,
        disk_free_gb_set_at,
        status_set_at
    ) <> (
        coalesce(
            nullif(noted_last_upload_ts_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND last_upload_ts IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_queue_depth_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND queue_depth IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_agent_version_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND agent_version IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_poll_interval_s_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND poll_interval_s IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_cpu_pct_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND cpu_pct IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_disk_free_gb_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND disk_free_gb IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        ),
        coalesce(
            nullif(noted_status_at, noted_latest_at),
            CASE
                WHEN noted_latest_at IS NULL AND status IS NULL THEN '-infinity'
                ELSE last_seen_ts
            END
        )
    )
      -- To look who is among many is planned in less time than a join of the two.
      AND (device_id IN (SELECT device_id FROM written WHERE NOT is_forgotten)) IS TRUE
    ON CONFLICT (device_id) DO UPDATE
    SET latest_set_at = excluded.latest_set_at,
        last_upload_ts_set_at = excluded.last_upload_ts_set_at,
        queue_depth_set_at = excluded.queue_depth_set_at,
        agent_version_set_at = excluded.agent_version_set_at,
        poll_interval_s_set_at = excluded.poll_interval_s_set_at,
        cpu_pct_set_at = excluded.cpu_pct_set_at,
        disk_free_gb_set_at = excluded.disk_free_gb_set_at,
        status_set_at = excluded.status_set_at
)
SELECT device_id,
       CASE
           WHEN NOT is_known THEN 'unknown'
           WHEN is_elsewhere THEN 'elsewhere'
           WHEN device_id IN (SELECT device_id FROM written WHERE is_forgotten) THEN 'forgotten'
           WHEN device_id NOT IN (SELECT device_id FROM written) THEN 'changed'
           ELSE 'new'
       END AS outcome
FROM merged
WHERE version IS NULL
   OR device_id NOT IN (SELECT device_id FROM written WHERE NOT is_forgotten)

-- name: drop_states
-- Those that the statement before has made itself.
DELETE FROM iot_data.device_state WHERE device_id = ANY (CAST(:device_ids AS text[]))

-- name: release_devices
-- Who is stored is unknown no longer.
DELETE FROM iot_data.unknown_devices
WHERE device_id IN (
    SELECT device_id
    FROM iot_data.unknown_devices
    WHERE device_id = ANY (CAST(:device_ids AS text[]))
    ORDER BY device_id COLLATE "C"
    FOR UPDATE
)

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

-- name: lock_states
-- In the order in which heartbeats lock them.
SELECT device_id
FROM iot_data.device_state
WHERE device_id = ANY (CAST(:device_ids AS text[]))
ORDER BY device_id COLLATE "C"
FOR UPDATE

-- name: forget_devices
-- The fields, and what has been noticed about silence, go with the state. A state that has come
-- since the locks were taken stays: a heartbeat may have locked some of such states already, and
-- wait for others that would be deleted.
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
