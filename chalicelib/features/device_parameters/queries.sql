-- name: database_clock
SELECT now()

-- name: statement_clock
-- Unlike now(), it moves on inside a transaction.
SELECT clock_timestamp()

-- name: next_run_id
SELECT nextval(pg_get_serial_sequence('iot_data.sync_runs', 'run_id'))

-- name: open_run
-- The id is drawn beforehand: repeating this after a lost commit opens no second run, and returns the
-- one that is recorded. Whatever process died without saying how its run went is noticed besides: it
-- held the lock of its run for as long as it lived, so that a free lock means that it is gone. Before
-- a process has taken a run up, and on a server with one session for all, there is no lock to go by.
WITH abandoned AS (
    UPDATE iot_data.sync_runs AS run
    SET status = 'failed',
        finished_at = now(),
        error_code = 'abandoned',
        error_message = 'the process ended without saying how this run went'
    WHERE status = 'running'
      AND CASE WHEN is_locked
          THEN NOT EXISTS (
              SELECT FROM pg_locks
              WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                AND objsubid = 2
                AND CAST(classid AS bigint) = :lock_class
                AND CAST(objid AS bigint) = run.run_id % 2147483647
                AND granted
          )
          ELSE started_at < now() - CAST(:abandoned_after AS interval)
      END
),
opened AS (
    INSERT INTO iot_data.sync_runs
        (run_id, trigger, status, as_of, window_minutes, started_at, guard, requested_by, comment, is_locked)
    VALUES (
        :run_id, :trigger, 'running', coalesce(CAST(:as_of AS timestamptz), now()), :window_minutes, now(),
        :guard, :requested_by, :comment, :is_locked
    )
    ON CONFLICT (run_id) DO NOTHING
    RETURNING *
)
SELECT run.*, pause.paused_by, pause.paused_until
FROM (
    SELECT opened.*, true AS is_new FROM opened
    UNION ALL
    SELECT recorded.*, false FROM iot_data.sync_runs AS recorded WHERE run_id = :run_id
) AS run
LEFT JOIN iot_data.sync_pause AS pause ON pause.paused_until > now()

-- name: try_lock_of_run
-- This session waits for as long as the run takes, on purpose: neither being idle nor, from 17 on, the
-- length of a transaction may end it. Only the end of its client does, which the server has to notice.
-- The embedded server of development says so where all sessions share one backend: no lock is held
-- there, and nothing is set.
SELECT set_config(name, value, true)
FROM (
    VALUES ('idle_in_transaction_session_timeout', '0'),
           ('transaction_timeout', '0'),
           ('client_connection_check_interval', '2000'),
           ('tcp_keepalives_idle', '10'),
           ('tcp_keepalives_interval', '5'),
           ('tcp_keepalives_count', '3'),
           ('tcp_user_timeout', '20000')
) AS wanted (name, value)
WHERE current_setting(name, true) IS NOT NULL
  AND coalesce(current_setting('device_parameters.one_session', true), 'off') <> 'on';
SELECT run_id,
       revision,
       CASE WHEN has_sessions
           THEN pg_try_advisory_xact_lock(:lock_class, CAST(run_id % 2147483647 AS integer))
       END AS is_taken
FROM (
    SELECT coalesce(:run_id, nextval(pg_get_serial_sequence('iot_data.sync_runs', 'run_id'))) AS run_id,
           (@revision@) AS revision,
           coalesce(current_setting('device_parameters.one_session', true), 'off') <> 'on' AS has_sessions
    OFFSET 0
) AS drawn

-- name: note_locked
UPDATE iot_data.sync_runs SET is_locked = true WHERE run_id = :run_id AND status = 'running'

-- name: refresh_pairs
-- Batched refreshes can lose the last bucket of an invalidation that ends on a bucket start
-- (timescale/timescaledb#10221), so batching is off; callers keep the range small instead.
CALL @extschema@.refresh_continuous_aggregate(
    'iot_data.device_parameters_hourly',
    CAST(:start AS timestamptz),
    CAST(:end AS timestamptz),
    force => :is_forced,
    options => '{"buckets_per_batch": 0}'
)

-- name: refresh_sets
CALL @extschema@.refresh_continuous_aggregate(
    'iot_data.device_parameter_sets_hourly',
    CAST(:start AS timestamptz),
    CAST(:end AS timestamptz),
    force => :is_forced,
    options => '{"buckets_per_batch": 0}'
)

-- name: become_writer
-- A transaction lock on purpose: nothing stays locked when a container dies, and a connection pooler may
-- sit between. By default a server goes on with a statement whose client is dead, and takes two hours
-- to notice that a client which said nothing is gone; until then the lock would stay. What comes next
-- is a statement of its own, because it has to see what the last holder has committed.
SELECT set_config(name, value, true)
FROM (
    VALUES ('client_connection_check_interval', '2000'),
           ('tcp_keepalives_idle', '10'),
           ('tcp_keepalives_interval', '5'),
           ('tcp_keepalives_count', '3'),
           ('tcp_user_timeout', '20000')
) AS wanted (name, value)
WHERE current_setting(name, true) IS NOT NULL
  AND coalesce(current_setting('device_parameters.one_session', true), 'off') <> 'on';
SELECT set_config('device_parameters.is_writer', CAST(pg_try_advisory_xact_lock(:key) AS text), true);
SELECT run.*,
       EXISTS (
           SELECT FROM iot_data.sync_runs AS later
           WHERE later.run_id > run.run_id
             AND later.status IN ('succeeded', 'guarded')
       ) AS is_superseded
FROM iot_data.sync_runs AS run
WHERE run_id = :run_id
  AND CAST(current_setting('device_parameters.is_writer') AS boolean)
FOR UPDATE OF run

-- name: wait_for_openings
-- Two requests at once must not both find that nothing is under way.
SELECT pg_advisory_xact_lock(:key)

-- name: evidence_of_measurements
SELECT device_id, parameter_id
FROM iot_data.timescale_measurements
WHERE time >= :measured_start
  AND time < :window_end
GROUP BY device_id, parameter_id

-- name: evidence_of_both
-- There are three branches on purpose: one query with both conditions on the aggregate misleads the
-- planner by two orders of magnitude. A device that reports the same parameters hour by hour is one
-- row after the first grouping, and only then are its pairs told apart. The branches that can
-- repeat a pair are grouped before the UNION, which then sees pairs and not measurements.
SELECT device_id, unnest(CAST(parameter_ids AS text[])) AS parameter_id
FROM (
    SELECT device_id, parameter_ids
    FROM iot_data.device_parameter_sets_hourly
    WHERE bucket > :first_bucket
      AND bucket < :measured_from
    GROUP BY device_id, parameter_ids
) AS seen_in_whole_buckets
UNION
SELECT hourly.device_id, seen.parameter_id
FROM iot_data.device_parameter_sets_hourly AS hourly
CROSS JOIN LATERAL unnest(
    CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
) AS seen (parameter_id, last_seen_at)
WHERE hourly.bucket = :first_bucket
  AND hourly.bucket < :measured_from
  AND seen.last_seen_at >= :window_start
UNION
SELECT device_id, parameter_id
FROM iot_data.timescale_measurements
WHERE time >= :measured_start
  AND time < :window_end
GROUP BY device_id, parameter_id

-- name: plan_delta
-- A table made of a query, because PostgreSQL uses one processor only for an INSERT. A pair that
-- stays as it is makes no row. One that cannot be resolved does, so that it can be counted. After a
-- bulk load, or where nobody has ever analyzed a table, the planner expects a few rows where there are
-- millions, and would sort them: what comes later does not read millions.
SELECT set_config('enable_sort', 'off', true),
       set_config('enable_mergejoin', 'off', true),
       set_config('work_mem', :work_mem, true);
CREATE TEMPORARY TABLE planned_change ON COMMIT DROP AS
WITH evidence AS (
    @evidence@
)
SELECT CASE
           WHEN known.device_id IS NOT NULL AND observed.is_resolved THEN 'renamed'
           WHEN known.device_id IS NOT NULL THEN 'removed'
           WHEN observed.is_resolved THEN 'added'
           ELSE 'unresolved'
       END AS change,
       device_id,
       CASE WHEN observed.is_resolved THEN observed.device_name ELSE known.device_name END AS device_name,
       parameter_id,
       CASE WHEN observed.is_resolved THEN observed.parameter_name ELSE known.parameter_name END AS parameter_name,
       CASE WHEN known.device_id IS NOT NULL AND observed.is_resolved IS NOT TRUE THEN
           CASE
               WHEN NOT EXISTS (
                   SELECT FROM iot_data.redshift_devices AS device
                   WHERE device.device_id = known.device_id
               ) THEN 'device_unknown'
               WHEN NOT EXISTS (
                   SELECT FROM iot_data.redshift_devices AS device
                   WHERE device.device_id = known.device_id AND device.status
               ) THEN 'device_inactive'
               WHEN NOT EXISTS (
                   SELECT FROM iot_data.timescale_parameters AS parameter
                   WHERE parameter.parameter_id = known.parameter_id
               ) THEN 'parameter_unknown'
               ELSE 'window_expired'
           END
       END AS reason,
       NOT observed.is_resolved AS is_unresolved,
       observed.is_too_long AS is_too_long,
       CAST(NULL AS text) AS site_id,
       CAST(NULL AS text) AS device_type_id,
       false AS is_released,
       CAST(NULL AS text) AS held_for
FROM (
    SELECT evidence.device_id,
           coalesce(device.device_name, evidence.device_id) AS device_name,
           evidence.parameter_id,
           coalesce(parameter.parameter_name, evidence.parameter_id) AS parameter_name,
           parameter.parameter_id IS NOT NULL AND NOT key.is_too_long AS is_resolved,
           key.is_too_long
    FROM evidence
    JOIN iot_data.redshift_devices AS device
      ON device.device_id = evidence.device_id AND device.status
    LEFT JOIN iot_data.timescale_parameters AS parameter
      ON parameter.parameter_id = evidence.parameter_id
    CROSS JOIN LATERAL (
        SELECT octet_length(evidence.device_id) + octet_length(evidence.parameter_id) > :max_key_bytes AS is_too_long
    ) AS key
) AS observed
FULL JOIN iot_data.device_parameters AS known USING (device_id, parameter_id)
WHERE known.device_id IS NULL
   OR observed.is_resolved IS NOT TRUE
   OR known.device_name <> observed.device_name
   OR known.parameter_name <> observed.parameter_name;
SET LOCAL enable_sort TO DEFAULT;
SET LOCAL enable_mergejoin TO DEFAULT;
-- What is observed is what the table holds, and what the plan adds to that and takes from it. The guard
-- does not count pairs that were added since the last run that held nothing.
WITH trusted AS (
    SELECT finished_at
    FROM iot_data.sync_runs
    WHERE status = 'succeeded'
      AND window_minutes <= :configured_minutes
    ORDER BY run_id DESC
    LIMIT 1
)
SELECT known.total + planned.to_add - planned.to_remove AS observed,
       planned.*,
       known.total AS known,
       known.trusted,
       (SELECT finished_at FROM trusted) AS trusted_at,
       EXISTS (SELECT FROM iot_data.held_removals) AS is_any_held,
       (
           SELECT name
           FROM unnest(CAST(:hiding AS text[])) AS name
           WHERE CAST(nullif(current_setting(name, true), '') AS boolean)
           LIMIT 1
       ) AS hidden_by
FROM (
    SELECT count(*) AS total,
           count(*) FILTER (
               WHERE created_at <= coalesce((SELECT finished_at FROM trusted), TIMESTAMPTZ 'infinity')
           ) AS trusted
    FROM iot_data.device_parameters
) AS known
CROSS JOIN (
    SELECT count(*) FILTER (WHERE change = 'added') AS to_add,
           count(*) FILTER (WHERE change = 'removed') AS to_remove,
           count(*) FILTER (WHERE change = 'renamed') AS to_rename,
           count(*) FILTER (WHERE is_unresolved) AS unresolved,
           count(*) FILTER (WHERE is_too_long) AS set_aside,
           coalesce(
               (array_agg(
                   left(device_id, :example_length) || ' / ' || left(parameter_id, :example_length)
                   ORDER BY device_id, parameter_id
               ) FILTER (WHERE is_too_long))[1 : :examples],
               '{}'
           ) AS set_aside_examples
    FROM pg_temp.planned_change
) AS planned

-- name: last_set_aside
SELECT set_aside_count
FROM iot_data.sync_runs
WHERE status IN ('succeeded', 'guarded')
ORDER BY run_id DESC
LIMIT 1

-- name: list_planned_changes
SELECT change, device_id, device_name, parameter_id, parameter_name, reason
FROM pg_temp.planned_change
WHERE change = :change
  AND (held_for IS NOT NULL) = :is_held
ORDER BY device_id, parameter_id
LIMIT :limit

-- name: apply_plan
-- The delta, its log and the outcome of the run. Rows that are there are locked in key order first, so
-- that two writers can wait but never deadlock.
SELECT count(*)
FROM (
    SELECT FROM iot_data.device_parameters AS known
    JOIN pg_temp.planned_change AS planned USING (device_id, parameter_id)
    WHERE planned.change IN ('removed', 'renamed')
      AND planned.held_for IS NULL
    ORDER BY device_id, parameter_id
    FOR UPDATE OF known
) AS locked;
WITH removed AS (
    DELETE FROM iot_data.device_parameters AS known
    USING pg_temp.planned_change AS planned
    WHERE planned.change = 'removed'
      AND planned.held_for IS NULL
      AND known.device_id = planned.device_id
      AND known.parameter_id = planned.parameter_id
    RETURNING planned.*
),
renamed AS (
    UPDATE iot_data.device_parameters AS known
    SET device_name = planned.device_name,
        parameter_name = planned.parameter_name,
        updated_at = now()
    FROM pg_temp.planned_change AS planned
    WHERE planned.change = 'renamed'
      AND known.device_id = planned.device_id
      AND known.parameter_id = planned.parameter_id
    RETURNING planned.*
),
added AS (
    INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name)
    SELECT device_id, device_name, parameter_id, parameter_name
    FROM pg_temp.planned_change
    WHERE change = 'added'
    ORDER BY device_id, parameter_id
    ON CONFLICT (device_id, parameter_id) DO NOTHING
    RETURNING device_id, device_name, parameter_id, parameter_name
),
logged AS (
    INSERT INTO iot_data.device_parameter_changes
        (run_id, change, device_id, device_name, parameter_id, parameter_name, reason, is_released)
    SELECT :run_id, change, device_id, device_name, parameter_id, parameter_name, reason, is_released FROM removed
    UNION ALL
    SELECT :run_id, change, device_id, device_name, parameter_id, parameter_name, NULL, false FROM renamed
    UNION ALL
    SELECT :run_id, 'added', device_id, device_name, parameter_id, parameter_name, NULL, false FROM added
    RETURNING change
)
UPDATE iot_data.sync_runs
SET status = :status,
    finished_at = clock_timestamp(),
    added_count = logged.added,
    removed_count = logged.removed,
    renamed_count = logged.renamed,
    held_count = :held,
    observed_count = :observed,
    unresolved_count = :unresolved,
    set_aside_count = :set_aside,
    measured_from = :measured_from,
    source_reason = :source_reason,
    error_code = :error_code,
    error_message = :error_message
FROM (
    SELECT count(*) FILTER (WHERE change = 'added') AS added,
           count(*) FILTER (WHERE change = 'removed') AS removed,
           count(*) FILTER (WHERE change = 'renamed') AS renamed
    FROM logged
) AS logged
WHERE run_id = :run_id
RETURNING sync_runs.*

-- name: count_table
SELECT (SELECT count(*) FROM iot_data.device_parameters) AS pairs,
       (SELECT count(*) FROM (SELECT FROM iot_data.device_parameters GROUP BY device_id) AS device) AS devices,
       (SELECT count(*) FROM (SELECT FROM iot_data.device_parameters GROUP BY parameter_id) AS parameter) AS parameters

-- name: note_totals
UPDATE iot_data.sync_runs
SET pair_count = :pairs,
    device_count = :devices,
    parameter_count = :parameters
WHERE run_id = :run_id

-- name: note_found
-- A run that has been applied stays so, whatever it finds afterwards.
UPDATE iot_data.sync_runs
SET error_code = :error_code,
    error_message = :error_message
WHERE run_id = :run_id
RETURNING *

-- name: give_up_run
-- A run that committed its outcome keeps it, whatever happened to the process afterwards.
UPDATE iot_data.sync_runs
SET status = :status,
    finished_at = clock_timestamp(),
    error_code = :error_code,
    error_message = :error_message
WHERE run_id = :run_id
  AND status = 'running'

-- name: last_run
SELECT * FROM iot_data.sync_runs ORDER BY run_id DESC LIMIT 1

-- name: last_settled_run
SELECT * FROM iot_data.sync_runs
WHERE status IN ('succeeded', 'guarded', 'failed')
ORDER BY run_id DESC
LIMIT 1

-- name: last_success
SELECT * FROM iot_data.sync_runs WHERE status = 'succeeded' ORDER BY run_id DESC LIMIT 1

-- name: last_applied_run
SELECT * FROM iot_data.sync_runs
WHERE status IN ('succeeded', 'guarded')
ORDER BY run_id DESC
LIMIT 1

-- name: covering_run
-- The newest applied run alone: an older one may have been undone since by a replay of the past.
SELECT *
FROM (
    SELECT * FROM iot_data.sync_runs
    WHERE status IN ('succeeded', 'guarded')
    ORDER BY run_id DESC
    LIMIT 1
) AS applied
WHERE as_of >= :since
  AND window_minutes >= :window_minutes

-- name: last_totals
-- They are counted after the commit of a run, which may have died by then.
SELECT device_count AS devices, parameter_count AS parameters, pair_count AS pairs
FROM iot_data.sync_runs
WHERE status IN ('succeeded', 'guarded')
  AND pair_count IS NOT NULL
ORDER BY run_id DESC
LIMIT 1

-- name: list_run_changes
SELECT change, device_id, device_name, parameter_id, parameter_name, reason
FROM iot_data.device_parameter_changes
WHERE run_id = :run_id
  AND change = :change
ORDER BY device_id, parameter_id
LIMIT :limit

-- name: other_active_run_id
SELECT run_id
FROM iot_data.sync_runs
WHERE status = 'running'
  AND run_id <> :run_id
ORDER BY run_id DESC
LIMIT 1

-- name: find_run
SELECT * FROM iot_data.sync_runs WHERE run_id = :run_id

-- name: find_evidence
-- The newest measurement before the window's end: the hot hour's own, else the aggregate's. The
-- aggregate may lag behind by the hour that has just closed, so that is read directly too. Its index
-- has the start of a device's id, which is therefore asked for besides.
SELECT known.device_id IS NOT NULL AS is_present,
       octet_length(CAST(:device_id AS text)) + octet_length(CAST(:parameter_id AS text)) > :max_key_bytes AS is_too_long,
       held.device_id IS NOT NULL AND held.released_at IS NULL AS is_held,
       device.device_id IS NOT NULL AS is_device_known,
       device.status AS device_status,
       device.device_name,
       parameter.parameter_id IS NOT NULL AS is_parameter_known,
       parameter.parameter_name,
       greatest(
           (
               SELECT max(time)
               FROM iot_data.timescale_measurements
               WHERE time >= :unmaterialized_since
                 AND time < :window_end
                 AND device_id = :device_id
                 AND parameter_id = :parameter_id
           ),
           (
               SELECT seen.last_seen_at
               FROM iot_data.device_parameter_sets_hourly AS hourly
               CROSS JOIN LATERAL unnest(
                   CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
               ) AS seen (parameter_id, last_seen_at)
               WHERE hourly.bucket < :unmaterialized_since
                 AND left(hourly.device_id, 500) = left(:device_id, 500)
                 AND hourly.device_id = :device_id
                 AND seen.parameter_id = :parameter_id
               ORDER BY hourly.bucket DESC
               LIMIT 1
           )
       ) AS last_seen_at
FROM (VALUES (1)) AS always
LEFT JOIN iot_data.device_parameters AS known
  ON known.device_id = :device_id AND known.parameter_id = :parameter_id
LEFT JOIN iot_data.held_removals AS held
  ON held.device_id = :device_id AND held.parameter_id = :parameter_id
LEFT JOIN iot_data.redshift_devices AS device ON device.device_id = :device_id
LEFT JOIN iot_data.timescale_parameters AS parameter ON parameter.parameter_id = :parameter_id

-- name: list_devices_named
-- The name is not indexed: this is asked only where no device has that id.
SELECT device_id AS id, coalesce(device_name, device_id) AS name
FROM iot_data.redshift_devices
WHERE lower(coalesce(device_name, device_id)) = lower(:name)
ORDER BY coalesce(device_name, device_id) <> :name, device_id
LIMIT :limit

-- name: list_parameters_named
SELECT parameter_id AS id, coalesce(parameter_name, parameter_id) AS name
FROM iot_data.timescale_parameters
WHERE lower(coalesce(parameter_name, parameter_id)) = lower(:name)
ORDER BY coalesce(parameter_name, parameter_id) <> :name, parameter_id
LIMIT :limit

-- name: list_changes_of_pair
SELECT change.run_id, change.change, change.reason, run.as_of, run.finished_at
FROM iot_data.device_parameter_changes AS change
JOIN iot_data.sync_runs AS run USING (run_id)
WHERE change.device_id = :device_id
  AND change.parameter_id = :parameter_id
ORDER BY change.run_id DESC
LIMIT :limit

-- name: prune_changes
DELETE FROM iot_data.device_parameter_changes
WHERE ctid = ANY (ARRAY(
    SELECT change.ctid
    FROM iot_data.sync_runs AS run
    JOIN iot_data.device_parameter_changes AS change USING (run_id)
    WHERE run.started_at < :started_before
      AND run.run_id <> ALL (CAST(:kept AS bigint[]))
    LIMIT :batch
))

-- name: prune_runs
DELETE FROM iot_data.sync_runs
WHERE run_id = ANY (ARRAY(
    SELECT run_id
    FROM iot_data.sync_runs
    WHERE started_at < :started_before
      AND run_id <> ALL (CAST(:kept AS bigint[]))
    ORDER BY started_at
    LIMIT :batch
))

-- name: short_retention
-- Of chunks that are dropped while the window needs them, only the aggregate knows. The jobs of
-- other tables have other shapes, such as a number for an integer column. CASE keeps them from
-- being cast: conditions are evaluated in whatever order the planner likes.
SELECT config ->> 'drop_after'
FROM timescaledb_information.jobs
WHERE CASE
    WHEN proc_name = 'policy_retention'
     AND hypertable_schema = 'iot_data'
     AND hypertable_name = 'timescale_measurements'
     AND jsonb_typeof(config -> 'drop_after') = 'string'
    THEN CAST(config ->> 'drop_after' AS interval) < make_interval(mins => :window_minutes)
END

-- name: expect_from_measurements
-- The definition itself, read from the measurements alone: what every run must agree with. Ids that
-- no key holds are left out, as the runs do.
CREATE TEMPORARY TABLE expected_pair ON COMMIT DROP AS
SELECT seen.device_id,
       coalesce(device.device_name, seen.device_id) AS device_name,
       seen.parameter_id,
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
WHERE octet_length(seen.device_id) + octet_length(seen.parameter_id) <= :max_key_bytes

-- name: has_legacy_view
SELECT to_regclass('iot_data.device_parameters_legacy_view') IS NOT NULL

-- name: expect_from_legacy_view
CREATE TEMPORARY TABLE expected_pair ON COMMIT DROP AS
SELECT device_id, device_name, parameter_id, parameter_name
FROM iot_data.device_parameters_legacy_view

-- name: compare_pairs
WITH difference AS (
    SELECT CASE
               WHEN known.device_id IS NULL THEN 'missing'
               WHEN expected.device_id IS NULL THEN 'extra'
               ELSE 'misnamed'
           END AS kind,
           device_id || ' / ' || parameter_id AS subject
    FROM pg_temp.expected_pair AS expected
    FULL JOIN iot_data.device_parameters AS known USING (device_id, parameter_id)
    WHERE known.device_id IS NULL
       OR expected.device_id IS NULL
       OR known.device_name IS DISTINCT FROM expected.device_name
       OR known.parameter_name IS DISTINCT FROM expected.parameter_name
)
SELECT kind, count(*) AS total, (array_agg(subject ORDER BY subject))[1 : :limit] AS examples
FROM difference
GROUP BY kind
ORDER BY kind

-- name: compare_buckets
-- Readings without an id are in both, and never equal: the platform's columns need not be NOT NULL.
WITH expected AS (
    SELECT date_trunc('hour', time, 'UTC') AS bucket, device_id, parameter_id, max(time) AS last_seen_at
    FROM iot_data.timescale_measurements
    WHERE time >= :first_bucket
      AND time < :hot_bucket
      AND device_id IS NOT NULL
      AND parameter_id IS NOT NULL
    GROUP BY 1, 2, 3
),
materialized AS (
    SELECT hourly.bucket, hourly.device_id, seen.parameter_id, seen.last_seen_at
    FROM iot_data.device_parameter_sets_hourly AS hourly
    CROSS JOIN LATERAL unnest(
        CAST(hourly.parameter_ids AS text[]), hourly.last_seen_ats
    ) AS seen (parameter_id, last_seen_at)
    WHERE hourly.bucket >= :first_bucket
      AND hourly.bucket < :hot_bucket
      AND hourly.device_id IS NOT NULL
      AND seen.parameter_id IS NOT NULL
),
difference AS (
    SELECT CASE
               WHEN materialized.bucket IS NULL THEN 'missing'
               WHEN expected.bucket IS NULL THEN 'extra'
               ELSE 'outdated'
           END AS kind,
           to_char(bucket AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
               || ' / ' || device_id || ' / ' || parameter_id AS subject
    FROM expected
    FULL JOIN materialized USING (bucket, device_id, parameter_id)
    WHERE materialized.last_seen_at IS DISTINCT FROM expected.last_seen_at
)
SELECT kind, count(*) AS total, (array_agg(subject ORDER BY subject))[1 : :limit] AS examples
FROM difference
GROUP BY kind
ORDER BY kind

-- name: list_aggregates
SELECT view_name
FROM timescaledb_information.continuous_aggregates
WHERE view_schema = 'iot_data'
  AND view_name IN ('device_parameters_hourly', 'device_parameter_sets_hourly')

-- name: measured_spans
-- Where no chunk is, what the aggregate knows is all that is known, and stays.
SELECT greatest(date_trunc('hour', range_start, 'UTC'), CAST(:start AS timestamptz)) AS start,
       least(
           date_trunc('hour', range_end + INTERVAL '1 hour' - INTERVAL '1 microsecond', 'UTC'),
           CAST(:end AS timestamptz)
       ) AS end
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'iot_data'
  AND hypertable_name = 'timescale_measurements'
  AND range_end > :start
  AND range_start < :end
ORDER BY range_start

-- name: materialized_until
-- The watermark of an aggregate that holds nothing is in 4714 BC. One reading of the far future, and
-- a policy that refreshes to the end, put it there: nothing of the past is behind then. The id comes
-- first, because the aggregates of others may be of integers, which are no instants.
WITH ours AS MATERIALIZED (
    SELECT materialization.id
    FROM timescaledb_information.continuous_aggregates AS aggregate
    JOIN _timescaledb_catalog.hypertable AS materialization
      ON materialization.schema_name = aggregate.materialization_hypertable_schema
     AND materialization.table_name = aggregate.materialization_hypertable_name
    WHERE aggregate.view_schema = 'iot_data'
      AND aggregate.view_name = 'device_parameter_sets_hourly'
)
SELECT nullif(least(greatest(watermark, 'epoch'), now()), 'epoch')
FROM ours
CROSS JOIN LATERAL _timescaledb_functions.to_timestamp(
    _timescaledb_functions.cagg_watermark(ours.id)
) AS watermark

-- name: report_changes
-- Names are cut, and a key holds at most 2.7 KB. This limits the size of an item, and so of an
-- event.
INSERT INTO pg_temp.news_item (detail_type, subject, item)
SELECT :detail_type,
       '{}',
       jsonb_strip_nulls(jsonb_build_object(
           'change', change,
           'device_id', device_id,
           'device_name', left(device_name, :name_length),
           'parameter_id', parameter_id,
           'parameter_name', left(parameter_name, :name_length),
           'reason', reason
       ))
FROM iot_data.device_parameter_changes
WHERE run_id = :run_id
ORDER BY change, device_id, parameter_id

-- name: earliest_measurement
-- Devices whose clocks are wrong have measured in year 1, and in the far future.
SELECT min(time)
FROM iot_data.timescale_measurements
WHERE time >= :since
  AND time <= now()

-- name: earliest_known
SELECT least(
    (
        SELECT min(time)
        FROM iot_data.timescale_measurements
        WHERE time >= :since
          AND time <= now()
    ),
    (
        SELECT min(bucket)
        FROM iot_data.device_parameters_hourly
        WHERE bucket >= :since
          AND bucket <= now()
    )
)

-- name: find_pause
SELECT paused_at, paused_until, paused_by, comment
FROM iot_data.sync_pause
WHERE paused_until > now()

-- name: pause
INSERT INTO iot_data.sync_pause AS current (paused_until, paused_by, comment)
VALUES (now() + :length, :paused_by, :comment)
ON CONFLICT (is_paused) DO UPDATE
SET paused_at = CASE WHEN current.paused_until > now() THEN current.paused_at ELSE now() END,
    paused_until = excluded.paused_until,
    paused_by = excluded.paused_by,
    comment = excluded.comment
RETURNING paused_at, paused_until, paused_by, comment

-- name: resume
DELETE FROM iot_data.sync_pause
