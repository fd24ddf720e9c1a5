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
