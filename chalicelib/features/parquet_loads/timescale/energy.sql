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
