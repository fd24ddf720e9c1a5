-- name: is_to_be_refilled
SELECT coalesce(
    obj_description(to_regclass('iot_data.device_parameters_hourly'), 'pg_class') = :comment,
    false
)

-- name: note_refilled
COMMENT ON VIEW iot_data.device_parameters_hourly IS NULL
