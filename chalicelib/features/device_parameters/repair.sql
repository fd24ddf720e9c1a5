-- name: is_to_be_refilled
SELECT EXISTS (
    SELECT
    FROM unnest(CAST(:aggregates AS text[])) AS aggregate
    WHERE obj_description(to_regclass('iot_data.' || aggregate), 'pg_class') = :comment
)

-- name: note_pairs_refilled
COMMENT ON VIEW iot_data.device_parameters_hourly IS NULL

-- name: note_sets_refilled
COMMENT ON VIEW iot_data.device_parameter_sets_hourly IS NULL
