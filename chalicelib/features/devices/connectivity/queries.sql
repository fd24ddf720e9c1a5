-- name: try_lock_check
SELECT pg_try_advisory_xact_lock(:key)

-- name: clock
-- Read when the lock is held: a check that waited would otherwise begin before the last one ended.
SELECT clock_timestamp()

-- name: read_checkpoint
SELECT read_until, decided_at, newest_reading_at, newest_heartbeat_at, heard_count
FROM iot_data.connectivity_checkpoint

-- name: keep_checkpoint
INSERT INTO iot_data.connectivity_checkpoint (
    read_until, decided_at, newest_reading_at, newest_heartbeat_at, heard_count, limits
)
SELECT :read_until, :decided_at, :newest_reading_at, :newest_heartbeat_at, :heard_count,
       coalesce(jsonb_object_agg(device_type_id, extract(epoch FROM allowed)), '{}')
FROM pg_temp.device_limit
ON CONFLICT (is_only) DO UPDATE
SET read_until = excluded.read_until,
    decided_at = excluded.decided_at,
    newest_reading_at = excluded.newest_reading_at,
    newest_heartbeat_at = excluded.newest_heartbeat_at,
    heard_count = excluded.heard_count,
    limits = excluded.limits

-- name: create_notes
-- For how long devices of each type may be silent, the devices that may have changed, and what is to
-- be done about them. Without keys, as an index takes longer to make than the check takes.
CREATE TEMPORARY TABLE device_limit (
    device_type_id text NOT NULL,
    organization_id text,
    allowed interval NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE looked_at (device_id text NOT NULL) ON COMMIT DROP;
CREATE TEMPORARY TABLE planned_transition (
    device_id text NOT NULL,
    organization_id text NOT NULL,
    was text NOT NULL,
    is_online boolean NOT NULL,
    happened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    allowed interval NOT NULL,
    in_maintenance boolean NOT NULL
) ON COMMIT DROP

-- name: fill_device_limit
-- No longer than instants reach back.
INSERT INTO pg_temp.device_limit (device_type_id, organization_id, allowed)
SELECT device_type_id,
       organization_id,
       make_interval(secs => least(
           greatest(CAST(reporting_interval_seconds AS double precision) * :intervals, :at_least),
           :at_most
       ))
FROM iot_data.v_device_types

-- name: count_changed_limits
-- Of a type that is new, there was no device of which anything was decided.
SELECT count(*)
FROM iot_data.connectivity_checkpoint
CROSS JOIN LATERAL jsonb_each_text(limits) AS known (device_type_id, seconds)
JOIN pg_temp.device_limit USING (device_type_id)
WHERE CAST(known.seconds AS numeric) <> extract(epoch FROM allowed)

-- name: bring_forward_by_readings
-- Who was heard of in a span of time, and when last. Of devices that are not online, somebody has to
-- decide: most are, and an index has the others alone. A device whose clock is ahead is heard of when
-- the times of its readings come, whenever they arrived: that says nothing about whether any arrive.
WITH heard AS MATERIALIZED (
    SELECT device_id, max(time) AS heard_at
    FROM iot_data.timescale_measurements
    WHERE time > :since AND time <= :until
    GROUP BY device_id
),
ahead AS MATERIALIZED (
    SELECT DISTINCT device_id
    FROM iot_data.timescale_measurements
    WHERE time > :ahead_of
),
brought AS (
    UPDATE iot_data.device_presence AS presence
    SET last_seen_at = heard.heard_at
    FROM heard
    WHERE presence.device_id = heard.device_id
      AND (presence.last_seen_at IS NULL OR presence.last_seen_at < heard.heard_at)
    RETURNING presence.device_id
),
noted AS (
    INSERT INTO pg_temp.looked_at (device_id)
    SELECT device_id
    FROM brought
    JOIN iot_data.devices AS device USING (device_id)
    WHERE device.connectivity <> 'online' AND device.lifecycle <> 'deleted'
)
SELECT count(*) AS heard_count, max(heard_at) FILTER (WHERE ahead.device_id IS NULL) AS newest_at
FROM heard
LEFT JOIN ahead USING (device_id)

-- name: bring_forward_by_heartbeats
-- The same. By itself, because the planner knows how many devices each of the two will find, and
-- does not know it of both together.
WITH heard AS MATERIALIZED (
    SELECT device_id, last_seen_ts AS heard_at
    FROM iot_data.v_device_states
    WHERE last_seen_ts > :since AND last_seen_ts <= :until
),
brought AS (
    UPDATE iot_data.device_presence AS presence
    SET last_seen_at = heard.heard_at
    FROM heard
    WHERE presence.device_id = heard.device_id
      AND (presence.last_seen_at IS NULL OR presence.last_seen_at < heard.heard_at)
    RETURNING presence.device_id
),
noted AS (
    INSERT INTO pg_temp.looked_at (device_id)
    SELECT device_id
    FROM brought
    JOIN iot_data.devices AS device USING (device_id)
    WHERE device.connectivity <> 'online' AND device.lifecycle <> 'deleted'
)
SELECT count(*) AS heard_count, max(heard_at) AS newest_at FROM heard

-- name: look_at_silent
-- A device reaches its limit once. Whoever reached it before the last check has been decided of, so
-- that of each organization and limit a short piece of an index is read. Where transitions were
-- held and are not any more, all that was skipped is read.
INSERT INTO pg_temp.looked_at (device_id)
SELECT silent.device_id
FROM iot_data.v_organizations AS organization
LEFT JOIN iot_data.connectivity_holds AS hold
  ON hold.organization_id = organization.organization_id
CROSS JOIN LATERAL (
    SELECT DISTINCT allowed
    FROM pg_temp.device_limit AS type
    WHERE type.organization_id IS NULL OR type.organization_id = organization.organization_id
) AS kind
CROSS JOIN LATERAL (
    SELECT device_id
    FROM iot_data.device_presence AS presence
    WHERE presence.organization_id = organization.organization_id
      AND presence.last_seen_at <= :now - kind.allowed
      AND presence.last_seen_at > CASE
          WHEN hold.resumed_at IS NOT NULL
            OR (hold.released_at IS NOT NULL AND hold.let_go_at IS NULL) THEN '-infinity'
          ELSE :decided_at - kind.allowed
      END
    OFFSET 0
) AS silent
WHERE hold.organization_id IS NULL
   OR hold.resumed_at IS NOT NULL
   OR hold.released_at IS NOT NULL

-- name: look_at_all
INSERT INTO pg_temp.looked_at (device_id)
SELECT device.device_id
FROM iot_data.devices AS device
JOIN iot_data.device_presence AS presence USING (device_id)
JOIN pg_temp.device_limit USING (device_type_id)
WHERE device.lifecycle <> 'deleted'
  AND presence.last_seen_at IS NOT NULL
  AND device.connectivity <> CASE
      WHEN presence.last_seen_at + allowed > :now THEN 'online'
      ELSE 'offline'
  END

-- name: look_again
-- Of these, somebody has said that they have to be decided of anew.
WITH asked AS (
    DELETE FROM iot_data.connectivity_rechecks
    WHERE recheck_id IN (
        SELECT recheck_id FROM iot_data.connectivity_rechecks ORDER BY recheck_id LIMIT :batch
    )
    RETURNING device_id
)
INSERT INTO pg_temp.looked_at (device_id)
SELECT device_id FROM asked

-- name: ask_again
-- Without a key that could be in the way of whoever asks: they hold the lock of the device.
INSERT INTO iot_data.connectivity_rechecks (device_id, organization_id)
SELECT device_id, organization_id FROM iot_data.devices WHERE device_id = :device_id

-- name: is_more_to_look_at
SELECT EXISTS (SELECT FROM iot_data.connectivity_rechecks)

-- name: plan_transitions
-- What a device is follows from when it was last seen, and from nothing else. No transition is older
-- than the one before it: a reading that comes late may be.
INSERT INTO pg_temp.planned_transition (
    device_id, organization_id, was, is_online, happened_at, last_seen_at, allowed, in_maintenance
)
SELECT device.device_id,
       device.organization_id,
       device.connectivity,
       state.is_online,
       greatest(
           CASE
               WHEN state.is_online THEN least(presence.last_seen_at, :now)
               ELSE presence.last_seen_at + kind.allowed
           END,
           device.connectivity_since
       ),
       presence.last_seen_at,
       kind.allowed,
       device.maintenance_until IS NOT NULL
FROM (SELECT DISTINCT device_id FROM pg_temp.looked_at) AS looked_at
JOIN iot_data.devices AS device USING (device_id)
JOIN iot_data.device_presence AS presence USING (device_id)
JOIN pg_temp.device_limit AS kind USING (device_type_id)
CROSS JOIN LATERAL (
    SELECT presence.last_seen_at + kind.allowed > CAST(:now AS timestamptz) AS is_online
) AS state
WHERE device.lifecycle <> 'deleted'
  AND presence.last_seen_at IS NOT NULL
  AND device.connectivity <> CASE WHEN state.is_online THEN 'online' ELSE 'offline' END

-- name: put_off
-- More than fits into one transaction is left for the next one.
WITH rest AS (
    DELETE FROM pg_temp.planned_transition
    WHERE device_id IN (
        SELECT device_id FROM pg_temp.planned_transition ORDER BY device_id OFFSET :batch
    )
    RETURNING device_id, organization_id
)
INSERT INTO iot_data.connectivity_rechecks (device_id, organization_id)
SELECT device_id, organization_id FROM rest ORDER BY device_id

-- name: lock_planned
-- In one order, so that nobody waits in a circle. What others have done to a device meanwhile counts.
WITH locked AS MATERIALIZED (
    SELECT device.device_id
    FROM pg_temp.planned_transition AS planned
    JOIN iot_data.devices AS device USING (device_id)
    WHERE device.lifecycle <> 'deleted' AND device.connectivity = planned.was
    ORDER BY device.device_id
    FOR NO KEY UPDATE OF device
)
DELETE FROM pg_temp.planned_transition AS planned
WHERE NOT EXISTS (SELECT FROM locked WHERE locked.device_id = planned.device_id)

-- name: carry_out
UPDATE iot_data.devices AS device
SET connectivity = CASE WHEN planned.is_online THEN 'online' ELSE 'offline' END,
    connectivity_since = planned.happened_at,
    -- It has been heard of.
    lifecycle = 'active'
FROM pg_temp.planned_transition AS planned
WHERE device.device_id = planned.device_id

-- name: keep_transitions
WITH kept AS (
    INSERT INTO iot_data.device_transitions (
        device_id, organization_id, was, is_online, happened_at, noticed_at, in_maintenance
    )
    SELECT device_id, organization_id, was, is_online, happened_at, :now, in_maintenance
    FROM pg_temp.planned_transition
    ORDER BY device_id
    RETURNING is_online
)
SELECT count(*) FILTER (WHERE is_online) AS became_online,
       count(*) FILTER (WHERE NOT is_online) AS became_offline
FROM kept

-- name: report_transitions
INSERT INTO pg_temp.news_item (detail_type, subject, item)
SELECT CASE WHEN is_online THEN :online_detail_type ELSE :offline_detail_type END AS detail_type,
       jsonb_build_object('organization_id', organization_id, 'in_maintenance', in_maintenance),
       jsonb_build_object(
           'device_id', device_id,
           'was', was,
           'happened_at',
           to_char(happened_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           'last_seen_at',
           to_char(last_seen_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
       )
FROM pg_temp.planned_transition
ORDER BY detail_type, organization_id, in_maintenance, device_id

-- name: end_maintenance
-- A change like any other, so that whoever changes the device at the same time is told.
WITH ended AS (
    SELECT device_id, organization_id, maintenance_until
    FROM iot_data.devices
    WHERE maintenance_until <= :now AND lifecycle <> 'deleted'
    ORDER BY device_id
    FOR NO KEY UPDATE
),
changed AS (
    UPDATE iot_data.devices AS device
    SET maintenance_until = NULL,
        updated_at = :now,
        version = device.version + 1
    FROM ended
    WHERE device.device_id = ended.device_id
),
noted AS (
    INSERT INTO iot_data.device_changes (
        device_id, organization_id, changed_at, action, actor, before, after
    )
    SELECT device_id, organization_id, :now, :action, :actor,
           jsonb_build_object(
               'status', 'maintenance',
               'maintenanceUntil',
               to_char(maintenance_until AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           ),
           jsonb_build_object('status', 'active', 'maintenanceUntil', NULL)
    FROM ended
    ORDER BY device_id
)
SELECT count(*) FROM ended

-- name: list_silences
-- Devices in maintenance may be silent, and are no sign of anything.
SELECT organization_id, count(*) AS device_count, min(allowed) AS shortest
FROM pg_temp.planned_transition
WHERE NOT is_online AND NOT in_maintenance
GROUP BY organization_id
ORDER BY organization_id

-- name: weigh_fleets
-- Of a device that need not have been heard of since then nothing can be said. Those that were
-- declared offline in the same silence count, or one that spreads slowly would not be noticed.
SELECT device.organization_id,
       count(*) FILTER (
           WHERE device.connectivity = 'offline'
              OR presence.last_seen_at <= :now - kind.allowed / 2
       ) AS silent_count,
       count(*) AS device_count
FROM iot_data.devices AS device
JOIN iot_data.device_presence AS presence USING (device_id)
JOIN pg_temp.device_limit AS kind USING (device_type_id)
WHERE device.organization_id = ANY (CAST(:organization_ids AS text[]))
  AND device.lifecycle <> 'deleted'
  AND device.maintenance_until IS NULL
  AND (
      device.connectivity = 'online'
      OR (device.connectivity = 'offline' AND device.connectivity_since > :newest_at)
  )
  AND kind.allowed / 2 < :now - CAST(:newest_at AS timestamptz)
GROUP BY device.organization_id
ORDER BY device.organization_id

-- name: list_open_holds
-- Locked: a person may be letting one go.
SELECT organization_id, since, quiet_since, patience, resumed_at, released_at, let_go_at
FROM iot_data.connectivity_holds
ORDER BY organization_id
FOR UPDATE

-- name: add_hold
INSERT INTO iot_data.connectivity_holds (
    organization_id, since, quiet_since, patience, silent_count, device_count, reason
)
VALUES (
    :organization_id, :now, :quiet_since, :patience, :silent_count, :device_count,
    'ingestion_stopped'
)

-- name: resume_hold
UPDATE iot_data.connectivity_holds
SET resumed_at = :resumed_at,
    quiet_since = :quiet_since
WHERE organization_id = :organization_id

-- name: note_let_go
UPDATE iot_data.connectivity_holds
SET let_go_at = :now
WHERE released_at IS NOT NULL AND let_go_at IS NULL

-- name: end_hold
DELETE FROM iot_data.connectivity_holds WHERE organization_id = :organization_id

-- name: drop_held
-- When readings come again, each device is given the time in which its next one is due, as long as
-- they keep coming: a single one may have been under way.
WITH dropped AS (
    DELETE FROM pg_temp.planned_transition AS planned
    USING iot_data.connectivity_holds AS hold
    WHERE hold.organization_id = planned.organization_id
      AND NOT planned.is_online
      AND hold.released_at IS NULL
      AND (
          hold.resumed_at IS NULL
          OR hold.resumed_at + greatest(
              planned.allowed / :intervals, make_interval(secs => :at_least)
          ) > :now
          OR hold.resumed_at + greatest(
              planned.allowed / :intervals, make_interval(secs => :at_least)
          ) / 2 >= CAST(:newest_at AS timestamptz)
      )
    RETURNING planned.organization_id
)
SELECT organization_id, count(*) AS waiting
FROM dropped
GROUP BY organization_id

-- name: count_holds
SELECT count(*) FROM iot_data.connectivity_holds WHERE released_at IS NULL

-- name: prune_transitions
-- They are numbered in the order in which they were noticed, so that no other index is needed.
DELETE FROM iot_data.device_transitions
WHERE transition_id IN (
    SELECT transition_id
    FROM (
        SELECT transition_id, noticed_at
        FROM iot_data.device_transitions
        ORDER BY transition_id
        LIMIT :batch
    ) AS oldest
    WHERE noticed_at < :now - make_interval(days => :retention_days)
)

-- name: count_devices
-- What is counted besides is by tag.
SELECT CAST(coalesce(sum(devices) FILTER (WHERE connectivity = 'online'), 0) AS bigint) AS online,
       CAST(coalesce(sum(devices) FILTER (WHERE connectivity = 'offline'), 0) AS bigint) AS offline
FROM iot_data.device_counts
WHERE tag = '' AND lifecycle <> 'deleted'

-- name: release_hold
UPDATE iot_data.connectivity_holds
SET released_at = now(),
    released_by = :actor,
    comment = :comment
WHERE organization_id = :organization_id AND released_at IS NULL
RETURNING organization_id

-- name: find_hold
SELECT organization_id, since, quiet_since, reason, silent_count, device_count, resumed_at,
       released_at, released_by, comment
FROM iot_data.connectivity_holds
WHERE organization_id = :organization_id

-- name: find_uptime
-- What a device was before its oldest transition of these days, the transition says. Where there is
-- none, it has been all the time what it is now.
WITH device AS (
    SELECT device_id,
           connectivity,
           greatest(created_at, :now - make_interval(days => :days)) AS since
    FROM iot_data.devices
    WHERE device_id = :device_id
),
recent AS (
    SELECT transition.transition_id, transition.was, transition.is_online, transition.happened_at
    FROM device
    JOIN iot_data.device_transitions AS transition USING (device_id)
    WHERE transition.happened_at > device.since
),
stretch AS (
    SELECT device.since AS since,
           coalesce((SELECT min(happened_at) FROM recent), :now) AS until,
           coalesce(
               (SELECT was FROM recent ORDER BY transition_id LIMIT 1), device.connectivity
           ) = 'online' AS is_online
    FROM device
    UNION ALL
    SELECT happened_at,
           lead(happened_at, 1, :now) OVER (ORDER BY transition_id),
           is_online
    FROM recent
)
SELECT extract(epoch FROM coalesce(sum(until - since) FILTER (WHERE is_online), interval '0'))
           AS online_seconds,
       extract(epoch FROM sum(until - since)) AS seconds
FROM stretch
