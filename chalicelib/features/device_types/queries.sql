-- name: find
-- A type as whoever sees the rows of that organization sees it: with the shared ones.
SELECT type.device_type_id,
       type.organization_id,
       type.name,
       type.description,
       type.reporting_interval_seconds,
       type.timestamp_path,
       type.created_at,
       type.updated_at,
       type.version,
       metric.bodies,
       metric.own_parameter_ids
FROM iot_data.device_types AS type
CROSS JOIN LATERAL (
    SELECT CAST(coalesce(json_agg(
               json_build_object(
                   'name', name,
                   'label', label,
                   'description', description,
                   'parameterId', parameter_id,
                   'unit', unit,
                   'dataType', data_type,
                   'minimum', minimum,
                   'maximum', maximum,
                   'conversion', CASE WHEN conversion_scale IS NOT NULL THEN json_build_object(
                       'scale', conversion_scale,
                       'offset', conversion_offset,
                       'fromUnit', conversion_unit
                   ) END,
                   'expression', expression,
                   'path', path,
                   'usual', CASE
                       WHEN num_nonnulls(usual_minimum, usual_maximum, usual_change_per_minute) > 0
                         OR NOT is_deviation_watched
                       THEN json_build_object(
                           'minimum', usual_minimum,
                           'maximum', usual_maximum,
                           'changePerMinute', usual_change_per_minute,
                           'deviation', is_deviation_watched
                       )
                   END
               )
               ORDER BY position
           ), '[]') AS text) AS bodies,
           coalesce(array_agg(parameter_id) FILTER (WHERE is_own_parameter), '{}') AS own_parameter_ids
    FROM iot_data.device_type_metrics
    WHERE device_type_id = type.device_type_id
) AS metric
WHERE type.device_type_id = :device_type_id
  AND type.removed_at IS NULL
  AND (type.organization_id IS NULL OR type.organization_id = :organization OR :sees_all)

-- name: add
INSERT INTO iot_data.device_types
    (device_type_id, organization_id, name, description, reporting_interval_seconds, timestamp_path)
VALUES (
    :device_type_id,
    :organization_id,
    :name,
    :description,
    :reporting_interval_seconds,
    :timestamp_path
)
ON CONFLICT DO NOTHING
RETURNING device_type_id

-- name: lock
SELECT device_type_id
FROM iot_data.device_types
WHERE device_type_id = :device_type_id
  AND removed_at IS NULL
FOR NO KEY UPDATE

-- name: lock_to_remove
-- Against devices as well that are to be of this type: their foreign key waits for this lock, and
-- this lock for theirs.
SELECT device_type_id
FROM iot_data.device_types
WHERE device_type_id = :device_type_id
  AND removed_at IS NULL
FOR UPDATE

-- name: change
UPDATE iot_data.device_types
SET name = :name,
    description = :description,
    reporting_interval_seconds = :reporting_interval_seconds,
    timestamp_path = :timestamp_path,
    updated_at = now(),
    version = version + 1
WHERE device_type_id = :device_type_id

-- name: is_in_use
SELECT EXISTS (
    SELECT
    FROM iot_data.v_devices
    WHERE device_type_id = :device_type_id
      AND lifecycle <> 'deleted'
)

-- name: remove
UPDATE iot_data.device_types
SET removed_at = now(),
    updated_at = now(),
    version = version + 1
WHERE device_type_id = :device_type_id

-- name: drop_metrics
DELETE FROM iot_data.device_type_metrics WHERE device_type_id = :device_type_id

-- name: add_metrics
INSERT INTO iot_data.device_type_metrics (
    device_type_id, name, organization_id, position, parameter_id, is_own_parameter, label,
    description, data_type, unit, minimum, maximum, conversion_scale, conversion_offset,
    conversion_unit, expression, path, usual_minimum, usual_maximum, usual_change_per_minute,
    is_deviation_watched
)
SELECT type.device_type_id,
       metric.body ->> 'name',
       type.organization_id,
       metric.position,
       metric.body ->> 'parameterId',
       metric.body ->> 'parameterId' = ANY (CAST(:own_parameter_ids AS text[])),
       metric.body ->> 'label',
       metric.body ->> 'description',
       metric.body ->> 'dataType',
       metric.body ->> 'unit',
       CAST(metric.body ->> 'minimum' AS double precision),
       CAST(metric.body ->> 'maximum' AS double precision),
       CAST(metric.body #>> '{conversion,scale}' AS double precision),
       CAST(metric.body #>> '{conversion,offset}' AS double precision),
       metric.body #>> '{conversion,fromUnit}',
       metric.body ->> 'expression',
       metric.body ->> 'path',
       CAST(metric.body #>> '{usual,minimum}' AS double precision),
       CAST(metric.body #>> '{usual,maximum}' AS double precision),
       CAST(metric.body #>> '{usual,changePerMinute}' AS double precision),
       coalesce(CAST(metric.body #>> '{usual,deviation}' AS boolean), true)
FROM iot_data.device_types AS type
CROSS JOIN json_array_elements(CAST(:bodies AS json)) WITH ORDINALITY AS metric (body, position)
WHERE type.device_type_id = :device_type_id

-- name: list_dictionary_columns
-- Only the id and the name are sure to be there. Others may be missing, be of another kind, or be
-- computed from others. Where a length is declared, four more than that stands for it.
SELECT CAST(attname AS text) AS name, nullif(greatest(atttypmod, typtypmod), -1) - 4 AS most
FROM pg_attribute
JOIN pg_type AS type ON type.oid = atttypid
WHERE attrelid = CAST('iot_data.timescale_parameters' AS regclass)
  AND attnum > 0
  AND NOT attisdropped
  AND attgenerated = ''
  AND coalesce(nullif(typbasetype, 0), type.oid)
      IN (CAST('text' AS regtype), CAST('character varying' AS regtype))
