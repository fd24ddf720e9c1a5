-- name: open_load
-- A version that is loaded stays so: no row is returned for it. Any other starts over.
INSERT INTO iot_data.parquet_loads AS known
    (bucket, object_key, version, sink, dataset, status, size_bytes, modified_at, started_at)
VALUES
    (:bucket, :object_key, :version, :sink, :dataset, 'running', :size_bytes, :modified_at,
     clock_timestamp())
ON CONFLICT (bucket, object_key, version, sink) DO UPDATE
SET status = 'running',
    dataset = excluded.dataset,
    attempt_count = known.attempt_count + 1,
    started_at = excluded.started_at,
    finished_at = NULL,
    error_code = NULL,
    error_message = NULL
WHERE known.status <> 'succeeded'
RETURNING *

-- name: find_load_of_version
SELECT *
FROM iot_data.parquet_loads
WHERE (bucket, object_key, version, sink) = (:bucket, :object_key, :version, :sink)

-- name: find_load
SELECT * FROM iot_data.parquet_loads WHERE load_id = :load_id

-- name: lock_object
-- A transaction lock on purpose: nothing stays locked when a container dies, and a connection
-- pooler may sit between. Two objects that share a hash merely wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(:bucket || '/' || :object_key, :seed))

-- name: lock_days
-- In the order of the slots, so that two loads can wait but never deadlock.
SELECT pg_advisory_xact_lock(:key, slot) FROM unnest(CAST(:slots AS integer[])) AS slot

-- name: try_lock_days
SELECT bool_and(pg_try_advisory_xact_lock(:key, slot))
FROM unnest(CAST(:slots AS integer[])) AS slot

-- name: lock_load
SELECT * FROM iot_data.parquet_loads WHERE load_id = :load_id FOR UPDATE

-- name: finish_load
UPDATE iot_data.parquet_loads
SET status = 'succeeded',
    finished_at = clock_timestamp(),
    read_count = :read,
    loaded_count = :loaded,
    rejected_count = :rejected,
    added_count = :added,
    changed_count = :changed,
    removed_count = :removed,
    shadowed_count = :shadowed,
    batch_count = :batch,
    rejects_key = :rejects_key,
    error_code = NULL,
    error_message = NULL
WHERE load_id = :load_id
RETURNING *

-- name: give_up_load
-- What another process has meanwhile brought to an end stays as it is.
UPDATE iot_data.parquet_loads
SET status = :status,
    finished_at = clock_timestamp(),
    read_count = :read,
    rejected_count = :rejected,
    rejects_key = :rejects_key,
    error_code = :error_code,
    error_message = :error_message
WHERE load_id = :load_id
  AND status = 'running'

-- name: had_rejects
SELECT EXISTS (
    SELECT FROM iot_data.parquet_loads
    WHERE (bucket, object_key) = (:bucket, :object_key)
      AND rejects_key IS NOT NULL
)

-- name: find_object
SELECT object_id, first_time, last_time
FROM iot_data.parquet_objects
WHERE (bucket, object_key) = (:bucket, :object_key)

-- name: save_object
INSERT INTO iot_data.parquet_objects AS known
    (bucket, object_key, load_id, modified_at, first_time, last_time)
VALUES (:bucket, :object_key, :load_id, :modified_at, :first_time, :last_time)
ON CONFLICT (bucket, object_key) DO UPDATE
SET load_id = excluded.load_id,
    modified_at = excluded.modified_at,
    first_time = excluded.first_time,
    last_time = excluded.last_time
RETURNING object_id

-- name: prepare_transaction
-- Instants are copied without a zone, and are those of UTC.
SELECT set_config('work_mem', :work_mem, true),
       set_config('TimeZone', 'UTC', true)

-- name: forbid_nested_loops
-- Of a chunk that has just been filled the planner knows nothing: it expects one row where there
-- are a million, and would read the whole stage for each of them.
SET LOCAL enable_nestloop = off

-- name: create_energy_tables
CREATE TEMPORARY TABLE staged_energy (
    time timestamptz NOT NULL,
    region text NOT NULL,
    value double precision NOT NULL,
    unit text NOT NULL,
    energy_source text NOT NULL,
    measurement_type text NOT NULL,
    quality_flag text NOT NULL,
    row_number bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE withdrawn_energy (
    time timestamptz,
    region text,
    energy_source text,
    measurement_type text,
    PRIMARY KEY (time, region, energy_source, measurement_type)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE standing_energy (
    row_number bigint,
    object_id bigint,
    is_ours boolean,
    is_same boolean
) ON COMMIT DROP

-- name: copy_energy
COPY staged_energy
    (time, region, value, unit, energy_source, measurement_type, quality_flag, row_number)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: drop_repeated_energy
-- The first row of the file stays, whatever the later ones say.
WITH repeated AS (
    SELECT time, region, energy_source, measurement_type, min(row_number) AS first_row
    FROM staged_energy
    GROUP BY time, region, energy_source, measurement_type
    HAVING count(*) > 1
)
DELETE FROM staged_energy AS staged
USING repeated
WHERE (staged.time, staged.region, staged.energy_source, staged.measurement_type)
    = (repeated.time, repeated.region, repeated.energy_source, repeated.measurement_type)
  AND staged.row_number > repeated.first_row
RETURNING staged.row_number

-- name: measure_staged_energy
SELECT count(*) AS row_count, min(time) AS first, max(time) AS last FROM staged_energy

-- name: analyze_staged_energy
-- Nobody analyzes temporary tables but who made them, and a guess of the planner is off by far.
ANALYZE staged_energy

-- name: index_staged_energy
CREATE INDEX ON staged_energy (time, region, energy_source, measurement_type)

-- name: note_absent_energy
-- Readings that the former version of the object brought, and this one does not.
INSERT INTO withdrawn_energy (time, region, energy_source, measurement_type)
SELECT known.time, known.region, known.energy_source, known.measurement_type
FROM iot_data.energy_readings AS known
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND known.object_id = :object_id
  AND NOT EXISTS (
      SELECT FROM staged_energy AS staged
      WHERE (staged.time, staged.region, staged.energy_source, staged.measurement_type)
          = (known.time, known.region, known.energy_source, known.measurement_type)
  )

-- name: note_contested_energy
-- Where others have a claim too, it is decided afresh: this version may be older than theirs.
INSERT INTO withdrawn_energy (time, region, energy_source, measurement_type)
SELECT known.time, known.region, known.energy_source, known.measurement_type
FROM iot_data.energy_readings_shadowed AS shadowed
JOIN iot_data.energy_readings AS known
    USING (dataset, region, energy_source, measurement_type, time)
WHERE dataset = :dataset
  AND time BETWEEN :first_time AND :last_time
  AND known.time BETWEEN :first_time AND :last_time
  AND known.object_id = :object_id
ON CONFLICT DO NOTHING

-- name: delete_withdrawn_energy
DELETE FROM iot_data.energy_readings AS known
USING withdrawn_energy AS withdrawn
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND (known.time, known.region, known.energy_source, known.measurement_type)
    = (withdrawn.time, withdrawn.region, withdrawn.energy_source, withdrawn.measurement_type)

-- name: forget_shadowed_energy
DELETE FROM iot_data.energy_readings_shadowed WHERE object_id = :object_id

-- name: promote_shadowed_energy
-- The newest of the others takes the place of what was withdrawn.
WITH heir AS (
    SELECT DISTINCT ON (region, energy_source, measurement_type, time)
           region, energy_source, measurement_type, time, object_id
    FROM withdrawn_energy
    JOIN iot_data.energy_readings_shadowed
        USING (region, energy_source, measurement_type, time)
    JOIN iot_data.parquet_objects AS other USING (object_id)
    WHERE dataset = :dataset
    ORDER BY region, energy_source, measurement_type, time,
             other.modified_at DESC, other.bucket DESC, other.object_key DESC
),
promoted AS (
    DELETE FROM iot_data.energy_readings_shadowed AS shadowed
    USING heir
    WHERE shadowed.dataset = :dataset
      AND (shadowed.region, shadowed.energy_source, shadowed.measurement_type, shadowed.time,
           shadowed.object_id)
        = (heir.region, heir.energy_source, heir.measurement_type, heir.time, heir.object_id)
    RETURNING shadowed.*
)
INSERT INTO iot_data.energy_readings
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag
FROM promoted

-- name: note_standing_energy
-- What the table holds already of what is to be loaded, and whether it has to give way.
INSERT INTO standing_energy (row_number, object_id, is_ours, is_same)
SELECT staged.row_number,
       known.object_id,
       known.object_id = :object_id
           OR (owner.modified_at, owner.bucket, owner.object_key)
            < (:modified_at, :bucket, :object_key),
       known.object_id = :object_id
           AND (known.value, known.unit, known.quality_flag)
             = (staged.value, staged.unit, staged.quality_flag)
FROM staged_energy AS staged
JOIN iot_data.energy_readings AS known
    ON (known.time, known.region, known.energy_source, known.measurement_type)
     = (staged.time, staged.region, staged.energy_source, staged.measurement_type)
JOIN iot_data.parquet_objects AS owner ON owner.object_id = known.object_id
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time

-- name: analyze_standing_energy
ANALYZE standing_energy

-- name: shadow_displaced_energy
INSERT INTO iot_data.energy_readings_shadowed
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT known.time, known.value, known.object_id, known.dataset, known.region,
       known.energy_source, known.measurement_type, known.unit, known.quality_flag
FROM standing_energy AS standing
JOIN staged_energy AS staged USING (row_number)
JOIN iot_data.energy_readings AS known
    ON (known.time, known.region, known.energy_source, known.measurement_type)
     = (staged.time, staged.region, staged.energy_source, staged.measurement_type)
WHERE standing.is_ours
  AND standing.object_id <> :object_id
  AND known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time

-- name: shadow_staged_energy
INSERT INTO iot_data.energy_readings_shadowed
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT staged.time, staged.value, :object_id, :dataset, staged.region,
       staged.energy_source, staged.measurement_type, staged.unit, staged.quality_flag
FROM standing_energy AS standing
JOIN staged_energy AS staged USING (row_number)
WHERE NOT standing.is_ours

-- name: change_energy
UPDATE iot_data.energy_readings AS known
SET value = staged.value,
    unit = staged.unit,
    quality_flag = staged.quality_flag,
    object_id = :object_id
FROM standing_energy AS standing
JOIN staged_energy AS staged USING (row_number)
WHERE standing.is_ours
  AND NOT standing.is_same
  AND known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND (known.time, known.region, known.energy_source, known.measurement_type)
    = (staged.time, staged.region, staged.energy_source, staged.measurement_type)

-- name: add_energy
-- Without ON CONFLICT, which doubles the time: nobody else writes these keys while they are locked.
INSERT INTO iot_data.energy_readings
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT staged.time, staged.value, :object_id, :dataset, staged.region,
       staged.energy_source, staged.measurement_type, staged.unit, staged.quality_flag
FROM staged_energy AS staged
WHERE NOT EXISTS (
    SELECT FROM standing_energy AS standing WHERE standing.row_number = staged.row_number
)

-- name: create_measurement_tables
CREATE TEMPORARY TABLE staged_measurement (
    time timestamptz NOT NULL,
    device_id text NOT NULL,
    parameter_id text NOT NULL,
    value double precision NOT NULL,
    quality smallint,
    metadata jsonb,
    row_number bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE withdrawn_measurement (
    time timestamptz,
    device_id text,
    parameter_id text,
    PRIMARY KEY (time, device_id, parameter_id)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE claimed_measurement (
    row_number bigint,
    object_id bigint,
    is_ours boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE standing_measurement (
    row_number bigint,
    is_same boolean
) ON COMMIT DROP

-- name: copy_measurements
COPY staged_measurement
    (time, device_id, parameter_id, value, quality, metadata, row_number)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: drop_repeated_measurements
-- The first row of the file stays, whatever the later ones say.
WITH repeated AS (
    SELECT time, device_id, parameter_id, min(row_number) AS first_row
    FROM staged_measurement
    GROUP BY time, device_id, parameter_id
    HAVING count(*) > 1
)
DELETE FROM staged_measurement AS staged
USING repeated
WHERE (staged.time, staged.device_id, staged.parameter_id)
    = (repeated.time, repeated.device_id, repeated.parameter_id)
  AND staged.row_number > repeated.first_row
RETURNING staged.row_number

-- name: measure_staged_measurements
SELECT count(*) AS row_count, min(time) AS first, max(time) AS last FROM staged_measurement

-- name: analyze_staged_measurements
-- Nobody analyzes temporary tables but who made them, and a guess of the planner is off by far.
ANALYZE staged_measurement

-- name: index_staged_measurements
CREATE INDEX ON staged_measurement (time, device_id, parameter_id)

-- name: note_absent_measurements
-- Readings that the former version of the object brought, and this one does not. Where a row of
-- the object is shadowed, the table's row is another's.
INSERT INTO withdrawn_measurement (time, device_id, parameter_id)
SELECT known.time, known.device_id, known.parameter_id
FROM iot_data.measurement_claims AS claim,
     unnest(claim.times, claim.device_ids, claim.parameter_ids)
         AS known (time, device_id, parameter_id)
WHERE claim.object_id = :object_id
  AND NOT EXISTS (
      SELECT FROM staged_measurement AS staged
      WHERE (staged.time, staged.device_id, staged.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )
  AND NOT EXISTS (
      SELECT FROM iot_data.measurements_shadowed AS shadowed
      WHERE shadowed.object_id = :object_id
        AND (shadowed.time, shadowed.device_id, shadowed.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )

-- name: note_contested_measurements
-- Where others have a claim too, it is decided afresh: this version may be older than theirs.
INSERT INTO withdrawn_measurement (time, device_id, parameter_id)
SELECT known.time, known.device_id, known.parameter_id
FROM iot_data.measurement_claims AS claim,
     unnest(claim.times, claim.device_ids, claim.parameter_ids)
         AS known (time, device_id, parameter_id)
WHERE claim.object_id = :object_id
  AND EXISTS (
      SELECT FROM iot_data.measurements_shadowed AS shadowed
      WHERE shadowed.object_id <> :object_id
        AND (shadowed.time, shadowed.device_id, shadowed.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )
  AND NOT EXISTS (
      SELECT FROM iot_data.measurements_shadowed AS shadowed
      WHERE shadowed.object_id = :object_id
        AND (shadowed.time, shadowed.device_id, shadowed.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )
ON CONFLICT DO NOTHING

-- name: delete_withdrawn_measurements
DELETE FROM iot_data.timescale_measurements AS known
USING withdrawn_measurement AS withdrawn
WHERE known.time BETWEEN :first_time AND :last_time
  AND (known.time, known.device_id, known.parameter_id)
    = (withdrawn.time, withdrawn.device_id, withdrawn.parameter_id)

-- name: forget_shadowed_measurements
DELETE FROM iot_data.measurements_shadowed WHERE object_id = :object_id

-- name: promote_shadowed_measurements
-- The newest of the others takes the place of what was withdrawn.
WITH heir AS (
    SELECT DISTINCT ON (time, device_id, parameter_id) time, device_id, parameter_id, object_id
    FROM withdrawn_measurement
    JOIN iot_data.measurements_shadowed USING (time, device_id, parameter_id)
    JOIN iot_data.parquet_objects AS other USING (object_id)
    ORDER BY time, device_id, parameter_id,
             other.modified_at DESC, other.bucket DESC, other.object_key DESC
),
promoted AS (
    DELETE FROM iot_data.measurements_shadowed AS shadowed
    USING heir
    WHERE (shadowed.time, shadowed.device_id, shadowed.parameter_id, shadowed.object_id)
        = (heir.time, heir.device_id, heir.parameter_id, heir.object_id)
    RETURNING shadowed.*
)
INSERT INTO iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
SELECT time, device_id, parameter_id, value, quality, metadata
FROM promoted

-- name: note_claimed_measurements
-- Which other object has what is to be loaded: the newest of them, and whether it gives way.
INSERT INTO claimed_measurement (row_number, object_id, is_ours)
SELECT DISTINCT ON (staged.row_number)
       staged.row_number,
       claim.object_id,
       (other.modified_at, other.bucket, other.object_key)
           < (:modified_at, :bucket, :object_key)
FROM iot_data.measurement_claims AS claim
JOIN iot_data.parquet_objects AS other USING (object_id),
     unnest(claim.times, claim.device_ids, claim.parameter_ids)
         AS known (time, device_id, parameter_id)
JOIN staged_measurement AS staged
    ON (staged.time, staged.device_id, staged.parameter_id)
     = (known.time, known.device_id, known.parameter_id)
WHERE claim.object_id <> :object_id
  AND claim.last_time >= :first_time
  AND claim.first_time <= :last_time
ORDER BY staged.row_number, other.modified_at DESC, other.bucket DESC, other.object_key DESC

-- name: analyze_claimed_measurements
ANALYZE claimed_measurement

-- name: note_standing_measurements
-- What the table holds already of what is to be loaded.
INSERT INTO standing_measurement (row_number, is_same)
SELECT staged.row_number,
       (known.value, known.quality, known.metadata)
           IS NOT DISTINCT FROM (staged.value, staged.quality, staged.metadata)
FROM staged_measurement AS staged
JOIN iot_data.timescale_measurements AS known
    ON (known.time, known.device_id, known.parameter_id)
     = (staged.time, staged.device_id, staged.parameter_id)
WHERE known.time BETWEEN :first_time AND :last_time

-- name: analyze_standing_measurements
ANALYZE standing_measurement

-- name: shadow_displaced_measurements
INSERT INTO iot_data.measurements_shadowed
    (time, device_id, parameter_id, object_id, value, quality, metadata)
SELECT known.time, known.device_id, known.parameter_id, claimed.object_id,
       known.value, known.quality, known.metadata
FROM claimed_measurement AS claimed
JOIN staged_measurement AS staged USING (row_number)
JOIN iot_data.timescale_measurements AS known
    ON (known.time, known.device_id, known.parameter_id)
     = (staged.time, staged.device_id, staged.parameter_id)
WHERE claimed.is_ours
  AND known.time BETWEEN :first_time AND :last_time

-- name: shadow_staged_measurements
INSERT INTO iot_data.measurements_shadowed
    (time, device_id, parameter_id, object_id, value, quality, metadata)
SELECT staged.time, staged.device_id, staged.parameter_id, :object_id,
       staged.value, staged.quality, staged.metadata
FROM claimed_measurement AS claimed
JOIN staged_measurement AS staged USING (row_number)
WHERE NOT claimed.is_ours

-- name: change_measurements
UPDATE iot_data.timescale_measurements AS known
SET value = staged.value,
    quality = staged.quality,
    metadata = staged.metadata
FROM standing_measurement AS standing
JOIN staged_measurement AS staged USING (row_number)
WHERE NOT standing.is_same
  AND NOT EXISTS (
      SELECT FROM claimed_measurement AS claimed
      WHERE claimed.row_number = standing.row_number
        AND NOT claimed.is_ours
  )
  AND known.time BETWEEN :first_time AND :last_time
  AND (known.time, known.device_id, known.parameter_id)
    = (staged.time, staged.device_id, staged.parameter_id)

-- name: add_measurements
-- Without ON CONFLICT, which doubles the time. Others write this table too: if one of them adds
-- such a reading right now, this fails, and the load is repeated.
INSERT INTO iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
SELECT staged.time, staged.device_id, staged.parameter_id,
       staged.value, staged.quality, staged.metadata
FROM staged_measurement AS staged
WHERE NOT EXISTS (
    SELECT FROM standing_measurement AS standing WHERE standing.row_number = staged.row_number
)
  AND NOT EXISTS (
      SELECT FROM claimed_measurement AS claimed
      WHERE claimed.row_number = staged.row_number
        AND NOT claimed.is_ours
  )

-- name: forget_claims
DELETE FROM iot_data.measurement_claims WHERE object_id = :object_id

-- name: claim_measurements
-- In blocks: arrays of them compress to a few bytes a key, where rows would take a hundred. Large
-- enough for the compression to find what repeats, small enough to be unpacked at once.
INSERT INTO iot_data.measurement_claims
    (object_id, block, first_time, last_time, times, device_ids, parameter_ids)
SELECT :object_id,
       row_number / 10000,
       min(time),
       max(time),
       array_agg(time),
       array_agg(device_id),
       array_agg(parameter_id)
FROM staged_measurement
GROUP BY row_number / 10000

-- name: are_measurements_appendable
-- Nothing between these instants, neither in the table nor claimed, and a key that lets nothing in
-- twice. The table is the platform's: that it has the key is not for us to promise.
SELECT NOT EXISTS (
    SELECT FROM iot_data.timescale_measurements WHERE time BETWEEN :first_time AND :last_time
)
AND NOT EXISTS (
    SELECT FROM iot_data.measurement_claims
    WHERE last_time >= :first_time
      AND first_time <= :last_time
)
AND EXISTS (
    SELECT FROM pg_index
    WHERE indrelid = CAST('iot_data.timescale_measurements' AS regclass)
      AND indisunique
      AND indpred IS NULL
      AND (indnkeyatts, indnatts) = (3, 3)
      AND (
          SELECT array_agg(CAST(attname AS text) ORDER BY attname)
          FROM pg_attribute
          WHERE attrelid = indrelid
            AND attnum = ANY (indkey)
      ) = ARRAY['device_id', 'parameter_id', 'time']
)

-- name: append_measurements
COPY iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: claim_appended_measurements
-- All that is between these instants now. Whoever asks compares the number with that of the rows
-- appended: a row more is one that another writer has added meanwhile.
WITH appended AS (
    SELECT time, device_id, parameter_id, (row_number() OVER () - 1) / 10000 AS block
    FROM iot_data.timescale_measurements
    WHERE time BETWEEN :first_time AND :last_time
),
claimed AS (
    INSERT INTO iot_data.measurement_claims
        (object_id, block, first_time, last_time, times, device_ids, parameter_ids)
    SELECT :object_id,
           block,
           min(time),
           max(time),
           array_agg(time),
           array_agg(device_id),
           array_agg(parameter_id)
    FROM appended
    GROUP BY block
    RETURNING cardinality(times) AS key_count
)
SELECT coalesce(sum(key_count), 0) FROM claimed
