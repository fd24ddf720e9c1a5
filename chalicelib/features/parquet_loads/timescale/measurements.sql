-- Measurements are in the platform's own hypertable, which other programs write, too. It has no
-- column that could say which object a row came from. So the keys that an object brings are kept
-- beside the table, packed; they are the object's claims. A row that another program wrote gives
-- way to an object that brings its key.

-- name: create_tables
CREATE TEMPORARY TABLE staged_reading (
    time timestamptz NOT NULL,
    device_id text NOT NULL,
    parameter_id text NOT NULL,
    value double precision NOT NULL,
    quality smallint,
    metadata jsonb,
    row_number bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE withdrawn_reading (
    time timestamptz,
    device_id text,
    parameter_id text,
    PRIMARY KEY (time, device_id, parameter_id)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE claimed_reading (
    row_number bigint,
    object_id bigint,
    gives_way boolean
) ON COMMIT DROP;
CREATE TEMPORARY TABLE existing_reading (
    row_number bigint,
    is_same boolean
) ON COMMIT DROP

-- name: copy_rows
COPY staged_reading
    (time, device_id, parameter_id, value, quality, metadata, row_number)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: drop_repeated
-- Of the rows with one key, the first in the file stays, whatever the later ones say.
WITH repeated AS (
    SELECT time, device_id, parameter_id, min(row_number) AS first_row
    FROM staged_reading
    GROUP BY time, device_id, parameter_id
    HAVING count(*) > 1
)
DELETE FROM staged_reading AS staged
USING repeated
WHERE (staged.time, staged.device_id, staged.parameter_id)
    = (repeated.time, repeated.device_id, repeated.parameter_id)
  AND staged.row_number > repeated.first_row
RETURNING staged.row_number

-- name: index_staged
CREATE INDEX ON staged_reading (time, device_id, parameter_id)

-- name: find_missing
-- Finds the readings that the former version of the object brought and this version does not. Where
-- a row of the object is shadowed, the row in the table belongs to another object.
INSERT INTO withdrawn_reading (time, device_id, parameter_id)
SELECT known.time, known.device_id, known.parameter_id
FROM iot_data.measurement_claims AS claim,
     unnest(claim.times, claim.device_ids, claim.parameter_ids)
         AS known (time, device_id, parameter_id)
WHERE claim.object_id = :object_id
  AND NOT EXISTS (
      SELECT FROM staged_reading AS staged
      WHERE (staged.time, staged.device_id, staged.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )
  AND NOT EXISTS (
      SELECT FROM iot_data.measurements_shadowed AS shadowed
      WHERE shadowed.object_id = :object_id
        AND (shadowed.time, shadowed.device_id, shadowed.parameter_id)
          = (known.time, known.device_id, known.parameter_id)
  )

-- name: find_shared
-- Finds the readings that other objects bring, too. Who wins is decided afresh, because this
-- version of the object may be older than theirs.
INSERT INTO withdrawn_reading (time, device_id, parameter_id)
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

-- name: measure_withdrawn
SELECT min(time) AS first_time, max(time) AS last_time, array_agg(DISTINCT device_id) AS places
FROM withdrawn_reading

-- name: delete_withdrawn
DELETE FROM iot_data.timescale_measurements AS known
USING withdrawn_reading AS withdrawn
WHERE known.time BETWEEN :first_time AND :last_time
  AND known.device_id = ANY (CAST(:places AS text[]))
  AND (known.time, known.device_id, known.parameter_id)
    = (withdrawn.time, withdrawn.device_id, withdrawn.parameter_id)

-- name: forget_former_version
WITH forgotten_claim AS (
    DELETE FROM iot_data.measurement_claims WHERE object_id = :object_id
)
DELETE FROM iot_data.measurements_shadowed WHERE object_id = :object_id

-- name: restore_shadowed
-- Where a reading was withdrawn, the newest object that also brings it takes its place.
WITH heir AS (
    SELECT DISTINCT ON (time, device_id, parameter_id) time, device_id, parameter_id, object_id
    FROM withdrawn_reading
    JOIN iot_data.measurements_shadowed USING (time, device_id, parameter_id)
    JOIN iot_data.parquet_objects AS other USING (object_id)
    ORDER BY time, device_id, parameter_id,
             other.modified_at DESC, other.bucket DESC, other.object_key DESC
),
restored AS (
    DELETE FROM iot_data.measurements_shadowed AS shadowed
    USING heir
    WHERE (shadowed.time, shadowed.device_id, shadowed.parameter_id, shadowed.object_id)
        = (heir.time, heir.device_id, heir.parameter_id, heir.object_id)
    RETURNING shadowed.*
)
INSERT INTO iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
SELECT time, device_id, parameter_id, value, quality, metadata
FROM restored

-- name: compare_staged
-- Finds the staged readings that other objects claim, with the newest of these objects and whether
-- it gives way; and the staged readings that the table has already.
WITH claimed AS (
    INSERT INTO claimed_reading (row_number, object_id, gives_way)
    SELECT DISTINCT ON (staged.row_number)
           staged.row_number,
           claim.object_id,
           (other.modified_at, other.bucket, other.object_key)
               < (:modified_at, :bucket, :object_key)
    FROM iot_data.measurement_claims AS claim
    JOIN iot_data.parquet_objects AS other USING (object_id),
         unnest(claim.times, claim.device_ids, claim.parameter_ids)
             AS known (time, device_id, parameter_id)
    JOIN staged_reading AS staged
        ON (staged.time, staged.device_id, staged.parameter_id)
         = (known.time, known.device_id, known.parameter_id)
    WHERE claim.object_id <> :object_id
      AND claim.last_time >= :first_time
      AND claim.first_time <= :last_time
    ORDER BY staged.row_number, other.modified_at DESC, other.bucket DESC, other.object_key DESC
)
INSERT INTO existing_reading (row_number, is_same)
SELECT staged.row_number,
       (known.value, known.quality, known.metadata)
           IS NOT DISTINCT FROM (staged.value, staged.quality, staged.metadata)
FROM staged_reading AS staged
JOIN iot_data.timescale_measurements AS known
    ON (known.time, known.device_id, known.parameter_id)
     = (staged.time, staged.device_id, staged.parameter_id)
WHERE known.time BETWEEN :first_time AND :last_time

-- name: analyze_compared
ANALYZE claimed_reading, existing_reading

-- name: shadow_displaced
-- Keeps the readings of other objects aside before they are overwritten.
INSERT INTO iot_data.measurements_shadowed
    (time, device_id, parameter_id, object_id, value, quality, metadata)
SELECT known.time, known.device_id, known.parameter_id, claimed.object_id,
       known.value, known.quality, known.metadata
FROM claimed_reading AS claimed
JOIN staged_reading AS staged USING (row_number)
JOIN iot_data.timescale_measurements AS known
    ON (known.time, known.device_id, known.parameter_id)
     = (staged.time, staged.device_id, staged.parameter_id)
WHERE claimed.gives_way
  AND known.time BETWEEN :first_time AND :last_time

-- name: shadow_outdated
-- Keeps the staged readings aside that a newer object brings, too.
INSERT INTO iot_data.measurements_shadowed
    (time, device_id, parameter_id, object_id, value, quality, metadata)
SELECT staged.time, staged.device_id, staged.parameter_id, :object_id,
       staged.value, staged.quality, staged.metadata
FROM claimed_reading AS claimed
JOIN staged_reading AS staged USING (row_number)
WHERE NOT claimed.gives_way

-- name: measure_changes
SELECT min(staged.time) AS first_time,
       max(staged.time) AS last_time,
       array_agg(DISTINCT staged.device_id) AS places
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
WHERE NOT existing.is_same
  AND NOT EXISTS (
      SELECT FROM claimed_reading AS claimed
      WHERE claimed.row_number = existing.row_number
        AND NOT claimed.gives_way
  )

-- name: change_readings
UPDATE iot_data.timescale_measurements AS known
SET value = staged.value,
    quality = staged.quality,
    metadata = staged.metadata
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
WHERE NOT existing.is_same
  AND NOT EXISTS (
      SELECT FROM claimed_reading AS claimed
      WHERE claimed.row_number = existing.row_number
        AND NOT claimed.gives_way
  )
  AND known.time BETWEEN :first_time AND :last_time
  AND known.device_id = ANY (CAST(:places AS text[]))
  AND (known.time, known.device_id, known.parameter_id)
    = (staged.time, staged.device_id, staged.parameter_id)

-- name: add_readings
-- Claims are kept in blocks. In arrays they compress to a few bytes a key, where a row would take a
-- hundred. A block is large enough for the compression to find what repeats, and small enough to be
-- unpacked at once.
--
-- ON CONFLICT would take twice the time. Without it, this fails if another program adds such a
-- reading at the same moment, and the load is repeated once.
WITH claimed AS (
    INSERT INTO iot_data.measurement_claims
        (object_id, block, first_time, last_time, times, device_ids, parameter_ids)
    SELECT :object_id,
           row_number / 10000,
           min(time),
           max(time),
           array_agg(time),
           array_agg(device_id),
           array_agg(parameter_id)
    FROM staged_reading
    GROUP BY row_number / 10000
)
INSERT INTO iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
SELECT staged.time, staged.device_id, staged.parameter_id,
       staged.value, staged.quality, staged.metadata
FROM staged_reading AS staged
WHERE NOT EXISTS (
    SELECT FROM existing_reading AS existing WHERE existing.row_number = staged.row_number
)
  AND NOT EXISTS (
      SELECT FROM claimed_reading AS claimed
      WHERE claimed.row_number = staged.row_number
        AND NOT claimed.gives_way
  )
