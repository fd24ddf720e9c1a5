-- name: judge_removals
-- The columns are read by way of JSON because a master table need not have them: once for each
-- device, and only for devices that are about to lose something.
WITH place AS MATERIALIZED (
    SELECT device_id, facts ->> 'location_id' AS site_id, facts ->> 'device_type_id' AS device_type_id
    FROM (
        SELECT device_id, to_jsonb(device) AS facts
        FROM iot_data.redshift_devices AS device
        WHERE device_id IN (SELECT device_id FROM pg_temp.planned_change WHERE change = 'removed')
        OFFSET 0
    ) AS described
)
UPDATE pg_temp.planned_change AS planned
SET site_id = place.site_id,
    device_type_id = place.device_type_id
FROM place
WHERE planned.change = 'removed'
  AND place.device_id = planned.device_id;
-- What is held stays held, whatever the budgets say by now. What was held because a window was
-- narrower than configured says nothing about the devices: it is judged anew.
UPDATE pg_temp.planned_change AS planned
SET is_released = held.released_at IS NOT NULL,
    held_for = CASE WHEN held.released_at IS NULL THEN held.scope END
FROM iot_data.held_removals AS held
WHERE :is_recalled
  AND planned.change = 'removed'
  AND held.device_id = planned.device_id
  AND held.parameter_id = planned.parameter_id
  AND (held.scope <> 'window' OR held.released_at IS NOT NULL);
-- In a narrow window a device may be silent that reports: what was released waits for a whole one.
UPDATE pg_temp.planned_change AS planned
SET is_released = false,
    held_for = held.scope
FROM iot_data.held_removals AS held
WHERE :is_strict
  AND planned.is_released
  AND held.device_id = planned.device_id
  AND held.parameter_id = planned.parameter_id;
-- What is held for its window is judged anew by the next run. What has been held, or released, for
-- something else keeps that, so that nobody has to review it again.
UPDATE pg_temp.planned_change AS planned
SET is_released = false,
    held_for = coalesce(planned.held_for, (
        SELECT held.scope
        FROM iot_data.held_removals AS held
        WHERE held.device_id = planned.device_id
          AND held.parameter_id = planned.parameter_id
    ), 'window')
WHERE NOT :is_trusted
  AND planned.change = 'removed'
  AND planned.reason = 'window_expired';
-- Of what was removed within the day, nobody has looked yet whether it has come back.
SELECT undecided, held, silent, placed, gone AS gone_at_most
FROM (
    SELECT count(*) FILTER (WHERE held_for IS NULL AND NOT is_released) AS undecided,
           count(*) FILTER (WHERE held_for IS NOT NULL) AS held,
           count(*) FILTER (WHERE NOT is_released) AS silent,
           count(*) FILTER (WHERE site_id IS NOT NULL OR device_type_id IS NOT NULL) AS placed
    FROM pg_temp.planned_change
    WHERE change = 'removed'
) AS planned
CROSS JOIN (
    SELECT CAST(coalesce(sum(removed_count), 0) AS bigint) AS gone
    FROM iot_data.sync_runs
    WHERE started_at > now() - INTERVAL '1 day'
) AS removed

-- name: count_gone
-- What was removed within the day and has not come back is as silent as what would be removed now.
-- Whoever released a pair later has looked at it.
SELECT count(*)
FROM (
    SELECT DISTINCT ON (change.device_id, change.parameter_id) change.is_released
    FROM iot_data.sync_runs AS run
    JOIN iot_data.device_parameter_changes AS change USING (run_id)
    WHERE run.started_at > now() - INTERVAL '1 day'
      AND change.change = 'removed'
      AND NOT EXISTS (
          SELECT FROM iot_data.device_parameters AS known
          WHERE known.device_id = change.device_id
            AND known.parameter_id = change.parameter_id
      )
    ORDER BY change.device_id, change.parameter_id, change.run_id DESC
) AS gone
WHERE NOT is_released

-- name: weigh_groups
-- Only groups of which enough is silent to matter are counted in the table. Pairs that were added since
-- the last run that held nothing must not make what is lost look small.
WITH silent_pair AS (
    SELECT site_id, device_type_id, false AS is_gone
    FROM pg_temp.planned_change
    WHERE change = 'removed'
      AND NOT is_released
    UNION ALL
    SELECT to_jsonb(device) ->> 'location_id', to_jsonb(device) ->> 'device_type_id', true
    FROM (
        -- Whoever released a pair later has looked at it.
        SELECT DISTINCT ON (change.device_id, change.parameter_id) change.device_id, change.is_released
        FROM iot_data.sync_runs AS run
        JOIN iot_data.device_parameter_changes AS change USING (run_id)
        WHERE run.started_at > now() - INTERVAL '1 day'
          AND change.change = 'removed'
          AND NOT EXISTS (
              SELECT FROM iot_data.device_parameters AS known
              WHERE known.device_id = change.device_id
                AND known.parameter_id = change.parameter_id
          )
        ORDER BY change.device_id, change.parameter_id, change.run_id DESC
    ) AS gone
    LEFT JOIN iot_data.redshift_devices AS device USING (device_id)
    WHERE NOT gone.is_released
),
suspect AS MATERIALIZED (
    SELECT scope, group_id, count(*) AS silent, count(*) FILTER (WHERE is_gone) AS gone
    FROM silent_pair
    CROSS JOIN LATERAL (VALUES ('site', site_id), ('device_type', device_type_id)) AS member (scope, group_id)
    WHERE group_id IS NOT NULL
    GROUP BY scope, group_id
    HAVING count(*) * 100 > :percent * :min_pairs
),
known AS (
    SELECT scope,
           group_id,
           count(*) AS pairs,
           count(*) FILTER (WHERE pair.created_at <= coalesce(:trusted_at, TIMESTAMPTZ 'infinity')) AS trusted
    FROM suspect
    JOIN (
        SELECT device_id, member.scope, member.group_id
        FROM (SELECT device_id, to_jsonb(device) AS facts FROM iot_data.redshift_devices AS device OFFSET 0) AS described
        CROSS JOIN LATERAL (
            VALUES ('site', facts ->> 'location_id'), ('device_type', facts ->> 'device_type_id')
        ) AS member (scope, group_id)
    ) AS placed USING (scope, group_id)
    JOIN iot_data.device_parameters AS pair USING (device_id)
    GROUP BY scope, group_id
)
SELECT scope, group_id, sum(silent) AS silent, sum(gone + trusted) AS base, sum(gone + pairs) AS size
FROM (
    -- Not a join: the planner expects one suspect, and would compare each with each.
    SELECT scope, group_id, silent, gone, 0 AS trusted, 0 AS pairs FROM suspect
    UNION ALL
    SELECT scope, group_id, 0, 0, trusted, pairs FROM known
) AS counted
GROUP BY scope, group_id

-- name: hold_all
UPDATE pg_temp.planned_change
SET held_for = :scope
WHERE change = 'removed'
  AND held_for IS NULL
  AND NOT is_released

-- name: hold_groups
UPDATE pg_temp.planned_change
SET held_for = CASE WHEN site_id = ANY (:sites) THEN 'site' ELSE 'device_type' END
WHERE change = 'removed'
  AND held_for IS NULL
  AND NOT is_released
  AND (site_id = ANY (:sites) OR device_type_id = ANY (:device_types))

-- name: release_planned
UPDATE pg_temp.planned_change SET is_released = true WHERE change = 'removed'

-- name: count_held
SELECT count(*) FROM pg_temp.planned_change WHERE held_for IS NOT NULL

-- name: lock_outdated_held
-- Those that are observed again, leave the table with this run, or are held for another reason by
-- now. They are locked in one go and in key order, as a release locks them: the two can wait for
-- each other but never deadlock. In a window wider than configured, being observed says nothing.
SELECT count(*)
FROM (
    SELECT
    FROM iot_data.held_removals AS held
    LEFT JOIN pg_temp.planned_change AS planned
      ON planned.device_id = held.device_id
     AND planned.parameter_id = held.parameter_id
     AND planned.change = 'removed'
    WHERE (held.reason, held.scope, held.site_id, held.device_type_id)
          IS DISTINCT FROM (planned.reason, planned.held_for, planned.site_id, planned.device_type_id)
      AND (planned.device_id IS NOT NULL OR NOT :is_wide)
    ORDER BY held.device_id, held.parameter_id
    FOR UPDATE OF held
) AS locked

-- name: forget_held
-- These are observed again, or leave the table with this run.
DELETE FROM iot_data.held_removals AS held
WHERE NOT EXISTS (
    SELECT FROM pg_temp.planned_change AS planned
    WHERE planned.held_for IS NOT NULL
      AND planned.device_id = held.device_id
      AND planned.parameter_id = held.parameter_id
)
  AND (NOT :is_wide OR EXISTS (
    SELECT FROM pg_temp.planned_change AS planned
    WHERE planned.change = 'removed'
      AND planned.device_id = held.device_id
      AND planned.parameter_id = held.parameter_id
))

-- name: count_kept
-- Held by earlier runs, and observed in a window that is wider than configured.
SELECT count(*)
FROM iot_data.held_removals AS held
WHERE released_at IS NULL
  AND NOT EXISTS (
      SELECT FROM pg_temp.planned_change AS planned
      WHERE planned.change = 'removed'
        AND planned.device_id = held.device_id
        AND planned.parameter_id = held.parameter_id
  )

-- name: renew_held
-- Whoever reviewed the former reason or group has not reviewed this one: the row gets a new number.
UPDATE iot_data.held_removals AS held
SET held_id = DEFAULT,
    reason = planned.reason,
    scope = planned.held_for,
    site_id = planned.site_id,
    device_type_id = planned.device_type_id
FROM pg_temp.planned_change AS planned
WHERE planned.held_for IS NOT NULL
  AND held.device_id = planned.device_id
  AND held.parameter_id = planned.parameter_id
  AND (held.reason, held.scope, held.site_id, held.device_type_id)
      IS DISTINCT FROM (planned.reason, planned.held_for, planned.site_id, planned.device_type_id)

-- name: remember_held
INSERT INTO iot_data.held_removals
    (device_id, device_name, parameter_id, parameter_name, reason, scope, site_id, device_type_id, last_seen_at, run_id)
SELECT planned.device_id,
       planned.device_name,
       planned.parameter_id,
       planned.parameter_name,
       planned.reason,
       planned.held_for,
       planned.site_id,
       planned.device_type_id,
       newest.last_seen_at,
       :run_id
FROM pg_temp.planned_change AS planned
LEFT JOIN LATERAL (
    SELECT seen.last_seen_at
    FROM iot_data.device_parameter_sets_hourly AS hourly
    CROSS JOIN LATERAL unnest(
        CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
    ) AS seen (parameter_id, last_seen_at)
    WHERE left(hourly.device_id, 500) = left(planned.device_id, 500)
      AND hourly.device_id = planned.device_id
      AND seen.parameter_id = planned.parameter_id
    ORDER BY hourly.bucket DESC
    LIMIT 1
) AS newest ON true
WHERE planned.held_for IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM iot_data.held_removals AS held
      WHERE held.device_id = planned.device_id
        AND held.parameter_id = planned.parameter_id
  )
ORDER BY planned.device_id, planned.parameter_id

-- name: remember_held_unseen
-- The same, where the aggregate does not say when the pairs were last seen.
INSERT INTO iot_data.held_removals
    (device_id, device_name, parameter_id, parameter_name, reason, scope, site_id, device_type_id, run_id)
SELECT device_id, device_name, parameter_id, parameter_name, reason, held_for, site_id, device_type_id, :run_id
FROM pg_temp.planned_change AS planned
WHERE planned.held_for IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM iot_data.held_removals AS held
      WHERE held.device_id = planned.device_id
        AND held.parameter_id = planned.parameter_id
  )
ORDER BY device_id, parameter_id

-- name: count_waiting
SELECT count(*) FROM iot_data.held_removals WHERE released_at IS NULL

-- name: list_first_held
SELECT device_id, device_name, parameter_id, parameter_name, reason
FROM iot_data.held_removals
WHERE released_at IS NULL
ORDER BY device_id, parameter_id
LIMIT :limit

-- name: newest_held_id
SELECT coalesce(max(held_id), 0) FROM iot_data.held_removals

-- name: newest_measurement
SELECT max(time) FROM iot_data.timescale_measurements WHERE time <= now()
