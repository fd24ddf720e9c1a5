-- name: list_types_called
-- An own type, and one of the platform's, may be called the same.
SELECT device_type_id
FROM iot_data.v_device_types
WHERE name = :name
ORDER BY device_type_id
