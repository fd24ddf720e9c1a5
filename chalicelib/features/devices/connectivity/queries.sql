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
-- For how long devices of each type may be silent, who was heard of and when, of which organizations
-- and limits nobody is declared offline, the devices that are not what they count as, and what is to
-- be done about them. Without keys, as an index takes longer to make than the check takes.
CREATE TEMPORARY TABLE device_limit (
    device_type_id text NOT NULL,
    allowed interval NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE heard (
    device_id text NOT NULL,
    heard_at timestamptz NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE held_limit (
    organization_id text NOT NULL,
    silent_after interval NOT NULL,
    is_resumed boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE looked_at (
    device_id text NOT NULL,
    last_seen_at timestamptz NOT NULL,
    silent_after interval NOT NULL,
    is_online boolean NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE planned_transition (
    device_id text NOT NULL,
    organization_id text NOT NULL,
    was text NOT NULL,
    is_online boolean NOT NULL,
    happened_at timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    in_maintenance boolean NOT NULL
) ON COMMIT DROP

-- name: fill_device_limit
-- No longer than instants reach back.
INSERT INTO pg_temp.device_limit (device_type_id, allowed)
SELECT device_type_id,
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

-- name: shortest_limit
SELECT min(allowed) FROM pg_temp.device_limit

-- name: hear_readings
-- Who was heard of in a span of time, and when last. A device whose clock is ahead is heard of when
-- the times of its readings come, whenever they arrived: that says nothing about whether any arrive.
WITH noted AS (
    INSERT INTO pg_temp.heard (device_id, heard_at)
    SELECT device_id, max(time)
    FROM iot_data.timescale_measurements
    WHERE time > :since AND time <= :until
    GROUP BY device_id
    RETURNING device_id, heard_at
),
ahead AS MATERIALIZED (
    SELECT DISTINCT device_id
    FROM iot_data.timescale_measurements
    WHERE time > :ahead_of
)
SELECT count(*) AS heard_count, max(heard_at) FILTER (WHERE ahead.device_id IS NULL) AS newest_at
FROM noted
LEFT JOIN ahead USING (device_id)

-- name: hear_heartbeats
WITH noted AS (
    INSERT INTO pg_temp.heard (device_id, heard_at)
    SELECT device_id, last_seen_ts
    FROM iot_data.v_device_states
    WHERE last_seen_ts > :since AND last_seen_ts <= :until
    RETURNING heard_at
)
SELECT count(*) AS heard_count, max(heard_at) AS newest_at FROM noted

-- name: count_heard
-- Whether to look devices up one by one, or to read all of them, depends on how many these are.
ANALYZE pg_temp.heard

-- name: bring_forward
-- Whoever was heard of, by readings or by heartbeats, in one pass. What changes is in no index.
UPDATE iot_data.device_presence AS presence
SET last_seen_at = latest.heard_at
FROM (
    SELECT device_id, max(heard_at) AS heard_at FROM pg_temp.heard GROUP BY device_id
) AS latest
WHERE presence.device_id = latest.device_id
  AND (presence.last_seen_at IS NULL OR presence.last_seen_at < latest.heard_at)

-- name: forget_asked
-- Of these, somebody has said that their limit is another one, or that they are deleted.
WITH asked AS (
    DELETE FROM iot_data.connectivity_rechecks RETURNING device_id
)
UPDATE iot_data.device_presence AS presence
SET silent_after = NULL
FROM asked
WHERE presence.device_id = asked.device_id

-- name: learn_limits
-- Those of which it is not known, which an index has alone. One that is deleted may be silent for no
-- time at all, so that nobody looks at it again.
UPDATE iot_data.device_presence AS presence
SET silent_after = CASE WHEN device.lifecycle = 'deleted' THEN interval '0' ELSE kind.allowed END
FROM iot_data.devices AS device
JOIN pg_temp.device_limit AS kind USING (device_type_id)
WHERE presence.silent_after IS NULL
  AND device.device_id = presence.device_id

-- name: learn_all_limits
UPDATE iot_data.device_presence AS presence
SET silent_after = known.allowed
FROM (
    SELECT device_id,
           CASE WHEN lifecycle = 'deleted' THEN interval '0' ELSE allowed END AS allowed
    FROM iot_data.devices
    JOIN pg_temp.device_limit USING (device_type_id)
) AS known
WHERE presence.silent_after IS DISTINCT FROM known.allowed
  AND known.device_id = presence.device_id

-- name: fill_held_limit
-- When readings come again, each device is given the time in which its next one is due, as long as
-- they keep coming: a single one may have been under way.
INSERT INTO pg_temp.held_limit (organization_id, silent_after, is_resumed)
SELECT hold.organization_id, kind.allowed, hold.resumed_at IS NOT NULL
FROM iot_data.connectivity_holds AS hold
CROSS JOIN (SELECT DISTINCT allowed FROM pg_temp.device_limit) AS kind
CROSS JOIN LATERAL (
    SELECT greatest(kind.allowed / :intervals, make_interval(secs => :at_least)) AS next_due
) AS pause
WHERE hold.released_at IS NULL
  AND (
      hold.resumed_at IS NULL
      OR hold.resumed_at + next_due > :now
      OR hold.resumed_at + next_due / 2 >= CAST(:newest_at AS timestamptz)
  )

-- name: look
-- Devices that are not what they count as, a batch of them. All of a narrow table is read, in the
-- order in which it lies: by an index, each reading of each device would have to be put into it.
INSERT INTO pg_temp.looked_at (device_id, last_seen_at, silent_after, is_online)
SELECT presence.device_id,
       presence.last_seen_at,
       presence.silent_after,
       presence.last_seen_at + presence.silent_after > :now
FROM iot_data.device_presence AS presence
LEFT JOIN pg_temp.held_limit AS held USING (organization_id, silent_after)
WHERE presence.last_seen_at IS NOT NULL
  AND presence.silent_after IS NOT NULL
  AND presence.is_online IS DISTINCT FROM (presence.last_seen_at + presence.silent_after > :now)
  AND (held.organization_id IS NULL OR presence.last_seen_at + presence.silent_after > :now)
LIMIT :batch

-- name: count_waiting
-- Devices that are not declared offline yet, although readings have come again.
SELECT presence.organization_id, count(*) AS waiting
FROM iot_data.device_presence AS presence
JOIN pg_temp.held_limit AS held USING (organization_id, silent_after)
WHERE held.is_resumed
  AND presence.is_online IS DISTINCT FROM false
  AND presence.last_seen_at + presence.silent_after <= :now
GROUP BY presence.organization_id

-- name: ask_again
-- Of a device that has another type now, or is deleted. Without a key that could be in the way of
-- whoever asks: they hold the lock of the device.
INSERT INTO iot_data.connectivity_rechecks (device_id, organization_id)
SELECT device_id, organization_id FROM iot_data.devices WHERE device_id = :device_id

-- name: plan_transitions
-- What a device is follows from when it was last seen, and from nothing else. No transition is older
-- than the one before it: a reading that comes late may be.
INSERT INTO pg_temp.planned_transition (
    device_id, organization_id, was, is_online, happened_at, last_seen_at, in_maintenance
)
SELECT device.device_id,
       device.organization_id,
       device.connectivity,
       found.is_online,
       greatest(
           CASE
               WHEN found.is_online THEN least(found.last_seen_at, :now)
               ELSE found.last_seen_at + found.silent_after
           END,
           device.connectivity_since
       ),
       found.last_seen_at,
       device.maintenance_until IS NOT NULL
FROM pg_temp.looked_at AS found
JOIN iot_data.devices AS device USING (device_id)
WHERE device.lifecycle <> 'deleted'
  AND device.connectivity <> CASE WHEN found.is_online THEN 'online' ELSE 'offline' END

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

-- name: note_looked_at
-- Also of devices that are deleted, so that nobody looks at them again.
UPDATE iot_data.device_presence AS presence
SET is_online = found.is_online
FROM pg_temp.looked_at AS found
WHERE presence.device_id = found.device_id

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
-- The devices that would be declared offline, where nothing is held yet. Devices in maintenance may
-- be silent, and are no sign of anything.
SELECT presence.organization_id,
       count(*) AS device_count,
       min(presence.silent_after) AS shortest
FROM iot_data.device_presence AS presence
WHERE presence.is_online IS DISTINCT FROM false
  AND presence.silent_after > interval '0'
  AND presence.last_seen_at + presence.silent_after <= :now
  AND NOT EXISTS (
      SELECT
      FROM iot_data.devices AS device
      WHERE device.device_id = presence.device_id AND device.maintenance_until IS NOT NULL
  )
  AND presence.organization_id <> ALL (
      ARRAY(SELECT organization_id FROM iot_data.connectivity_holds)
  )
GROUP BY presence.organization_id
ORDER BY presence.organization_id

-- name: weigh_fleets
-- Of a device that need not have been heard of since then nothing can be said. Those that were
-- declared offline in the same silence count, or one that spreads slowly would not be noticed. How
-- many are online is known; few of them have been heard of meanwhile, as a rule.
WITH due AS MATERIALIZED (
    SELECT device_type_id
    FROM pg_temp.device_limit
    WHERE allowed / 2 < :now - CAST(:newest_at AS timestamptz)
),
online AS (
    SELECT organization_id, sum(devices) AS device_count
    FROM iot_data.device_counts
    JOIN due USING (device_type_id)
    WHERE organization_id = ANY (CAST(:organization_ids AS text[]))
      AND tag = ''
      AND status = 'online'
    GROUP BY organization_id
),
offline AS (
    SELECT organization_id, count(*) AS device_count
    FROM iot_data.devices
    JOIN due USING (device_type_id)
    WHERE organization_id = ANY (CAST(:organization_ids AS text[]))
      AND lifecycle <> 'deleted'
      AND status = 'offline'
      AND connectivity_since > :newest_at
    GROUP BY organization_id
),
heard AS (
    SELECT device.organization_id, count(*) AS device_count
    FROM iot_data.device_presence AS presence
    JOIN iot_data.devices AS device USING (device_id)
    JOIN due USING (device_type_id)
    WHERE presence.organization_id = ANY (CAST(:organization_ids AS text[]))
      AND presence.last_seen_at > :now - presence.silent_after / 2
      AND device.lifecycle <> 'deleted'
      AND device.status = 'online'
    GROUP BY device.organization_id
),
counted AS (
    SELECT organization_id,
           coalesce(online.device_count, 0) + coalesce(offline.device_count, 0) AS device_count,
           coalesce(heard.device_count, 0) AS heard_count
    FROM online
    FULL JOIN offline USING (organization_id)
    LEFT JOIN heard USING (organization_id)
)
SELECT organization_id,
       CAST(device_count - heard_count AS bigint) AS silent_count,
       CAST(device_count AS bigint) AS device_count
FROM counted
WHERE device_count > 0
ORDER BY organization_id

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
