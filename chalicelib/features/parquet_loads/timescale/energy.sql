-- Energy readings are in a hypertable of our own. Each row says which object it came from.

-- name: create_tables
CREATE TEMPORARY TABLE staged_reading (
    time timestamptz NOT NULL,
    region text NOT NULL,
    value double precision NOT NULL,
    unit text NOT NULL,
    energy_source text NOT NULL,
    measurement_type text NOT NULL,
    quality_flag text NOT NULL,
    row_number bigint NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE withdrawn_reading (
    time timestamptz,
    region text,
    energy_source text,
    measurement_type text,
    PRIMARY KEY (time, region, energy_source, measurement_type)
) ON COMMIT DROP;
CREATE TEMPORARY TABLE existing_reading (
    row_number bigint,
    object_id bigint,
    gives_way boolean,
    is_same boolean
) ON COMMIT DROP

-- name: copy_rows
COPY staged_reading
    (time, region, value, unit, energy_source, measurement_type, quality_flag, row_number)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: drop_repeated
-- Of the rows with one key, the first in the file stays, whatever the later ones say.
WITH repeated AS (
    SELECT time, region, energy_source, measurement_type, min(row_number) AS first_row
    FROM staged_reading
    GROUP BY time, region, energy_source, measurement_type
    HAVING count(*) > 1
)
DELETE FROM staged_reading AS staged
USING repeated
WHERE (staged.time, staged.region, staged.energy_source, staged.measurement_type)
    = (repeated.time, repeated.region, repeated.energy_source, repeated.measurement_type)
  AND staged.row_number > repeated.first_row
RETURNING staged.row_number

-- name: index_staged
CREATE INDEX ON staged_reading (time, region, energy_source, measurement_type)

-- name: find_missing
-- Finds the readings that the former version of the object brought and this version does not.
INSERT INTO withdrawn_reading (time, region, energy_source, measurement_type)
SELECT known.time, known.region, known.energy_source, known.measurement_type
FROM iot_data.energy_readings AS known
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND known.object_id = :object_id
  AND NOT EXISTS (
      SELECT FROM staged_reading AS staged
      WHERE (staged.time, staged.region, staged.energy_source, staged.measurement_type)
          = (known.time, known.region, known.energy_source, known.measurement_type)
  )

-- name: find_shared
-- Finds the readings that other objects bring, too. Who wins is decided afresh, because this
-- version of the object may be older than theirs.
INSERT INTO withdrawn_reading (time, region, energy_source, measurement_type)
SELECT known.time, known.region, known.energy_source, known.measurement_type
FROM iot_data.energy_readings_shadowed AS shadowed
JOIN iot_data.energy_readings AS known
    USING (dataset, region, energy_source, measurement_type, time)
WHERE dataset = :dataset
  AND time BETWEEN :first_time AND :last_time
  AND known.time BETWEEN :first_time AND :last_time
  AND known.object_id = :object_id
ON CONFLICT DO NOTHING

-- name: measure_withdrawn
SELECT min(time) AS first_time, max(time) AS last_time, array_agg(DISTINCT region) AS places
FROM withdrawn_reading

-- name: delete_withdrawn
DELETE FROM iot_data.energy_readings AS known
USING withdrawn_reading AS withdrawn
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND known.region = ANY (CAST(:places AS text[]))
  AND (known.time, known.region, known.energy_source, known.measurement_type)
    = (withdrawn.time, withdrawn.region, withdrawn.energy_source, withdrawn.measurement_type)

-- name: forget_former_version
DELETE FROM iot_data.energy_readings_shadowed WHERE object_id = :object_id

-- name: restore_shadowed
-- Where a reading was withdrawn, the newest object that also brings it takes its place.
WITH heir AS (
    SELECT DISTINCT ON (region, energy_source, measurement_type, time)
           region, energy_source, measurement_type, time, object_id
    FROM withdrawn_reading
    JOIN iot_data.energy_readings_shadowed
        USING (region, energy_source, measurement_type, time)
    JOIN iot_data.parquet_objects AS other USING (object_id)
    WHERE dataset = :dataset
    ORDER BY region, energy_source, measurement_type, time,
             other.modified_at DESC, other.bucket DESC, other.object_key DESC
),
restored AS (
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
FROM restored

-- name: compare_staged
-- Finds the staged readings that the table has already, and whether those in the table give way.
INSERT INTO existing_reading (row_number, object_id, gives_way, is_same)
SELECT staged.row_number,
       known.object_id,
       known.object_id = :object_id
           OR (owner.modified_at, owner.bucket, owner.object_key)
            < (:modified_at, :bucket, :object_key),
       known.object_id = :object_id
           AND (known.value, known.unit, known.quality_flag)
             = (staged.value, staged.unit, staged.quality_flag)
FROM staged_reading AS staged
JOIN iot_data.energy_readings AS known
    ON (known.time, known.region, known.energy_source, known.measurement_type)
     = (staged.time, staged.region, staged.energy_source, staged.measurement_type)
JOIN iot_data.parquet_objects AS owner ON owner.object_id = known.object_id
WHERE known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time

-- name: analyze_compared
ANALYZE existing_reading

-- name: shadow_displaced
-- Keeps the readings of other objects aside before they are overwritten.
INSERT INTO iot_data.energy_readings_shadowed
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT known.time, known.value, known.object_id, known.dataset, known.region,
       known.energy_source, known.measurement_type, known.unit, known.quality_flag
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
JOIN iot_data.energy_readings AS known
    ON (known.time, known.region, known.energy_source, known.measurement_type)
     = (staged.time, staged.region, staged.energy_source, staged.measurement_type)
WHERE existing.gives_way
  AND existing.object_id <> :object_id
  AND known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time

-- name: shadow_outdated
-- Keeps the staged readings aside that a newer object brings, too.
INSERT INTO iot_data.energy_readings_shadowed
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT staged.time, staged.value, :object_id, :dataset, staged.region,
       staged.energy_source, staged.measurement_type, staged.unit, staged.quality_flag
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
WHERE NOT existing.gives_way

-- name: measure_changes
SELECT min(staged.time) AS first_time,
       max(staged.time) AS last_time,
       array_agg(DISTINCT staged.region) AS places
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
WHERE existing.gives_way
  AND NOT existing.is_same

-- name: change_readings
UPDATE iot_data.energy_readings AS known
SET value = staged.value,
    unit = staged.unit,
    quality_flag = staged.quality_flag,
    object_id = :object_id
FROM existing_reading AS existing
JOIN staged_reading AS staged USING (row_number)
WHERE existing.gives_way
  AND NOT existing.is_same
  AND known.dataset = :dataset
  AND known.time BETWEEN :first_time AND :last_time
  AND known.region = ANY (CAST(:places AS text[]))
  AND (known.time, known.region, known.energy_source, known.measurement_type)
    = (staged.time, staged.region, staged.energy_source, staged.measurement_type)

-- name: add_readings
-- ON CONFLICT would take twice the time, and is not needed: while the days are locked, nobody else
-- writes these keys.
INSERT INTO iot_data.energy_readings
    (time, value, object_id, dataset, region, energy_source, measurement_type, unit, quality_flag)
SELECT staged.time, staged.value, :object_id, :dataset, staged.region,
       staged.energy_source, staged.measurement_type, staged.unit, staged.quality_flag
FROM staged_reading AS staged
WHERE NOT EXISTS (
    SELECT FROM existing_reading AS existing WHERE existing.row_number = staged.row_number
)
