-- name: is_time_free
-- There must be nothing between these instants, neither in the table nor claimed by an object. And
-- the table must have a key that refuses a row which is already there. The table belongs to the
-- platform, so we cannot be sure that it has its key.
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

-- name: append_rows
COPY iot_data.timescale_measurements
    (time, device_id, parameter_id, value, quality, metadata)
FROM STDIN (FORMAT csv, ENCODING 'UTF8')

-- name: claim_appended
-- Claims everything that is between these instants now. The caller compares the number of claims
-- with the number of rows it appended. If there is one more, another writer has added it meanwhile.
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
