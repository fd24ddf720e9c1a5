-- name: queue_event
-- The id is part of what is sent: whoever gets an event twice can tell.
INSERT INTO iot_data.outbox_events
    (event_id, stream, batch_key, source, detail_type, detail, occurred_at)
SELECT event_id,
       :stream,
       :batch_key,
       :source,
       :detail_type,
       jsonb_build_object('event_id', event_id) || CAST(:detail AS jsonb),
       CAST(:occurred_at AS timestamptz)
FROM gen_random_uuid() AS event_id

-- name: try_lock_stream
SELECT pg_try_advisory_xact_lock(:key, hashtext(:stream))

-- name: next_batch
-- These are of one batch only: nothing of a later batch goes out when a part of the request fails.
SELECT position, batch_key, source, detail_type, CAST(detail AS text) AS detail, occurred_at
FROM iot_data.outbox_events
WHERE stream = :stream
  AND batch_key = (
      SELECT batch_key
      FROM iot_data.outbox_events
      WHERE stream = :stream
      ORDER BY position
      LIMIT 1
  )
ORDER BY position
LIMIT :limit

-- name: forget_sent
DELETE FROM iot_data.outbox_events WHERE position = ANY (:positions)

-- name: note_refusal
UPDATE iot_data.outbox_events
SET attempt_count = attempt_count + 1,
    last_error = :reason
WHERE position = :position

-- name: count_pending
SELECT count(*) FROM iot_data.outbox_events WHERE stream = :stream
