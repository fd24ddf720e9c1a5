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

-- name: create_news_item
-- The items of news, in the order in which they are inserted. An event holds items of one detail
-- type and one subject; the fields of the subject become fields of the event.
CREATE TEMPORARY TABLE news_item (
    position bigint GENERATED ALWAYS AS IDENTITY (CACHE 1000),
    detail_type text NOT NULL,
    subject jsonb NOT NULL,
    item jsonb NOT NULL
) ON COMMIT DROP

-- name: queue_news_items
-- The items are cut into chunks, because EventBridge limits the size of an event, and bills each 64
-- KB. The last item of a chunk may exceed the chunk, which stays far below the limit as long as
-- features limit the size of their items.
WITH measured AS (
    SELECT position,
           detail_type,
           subject,
           item,
           sum(octet_length(CAST(item AS text)))
               OVER (PARTITION BY detail_type, subject ORDER BY position) / :chunk_bytes AS slot
    FROM pg_temp.news_item
),
chunk AS (
    SELECT min(position) AS position,
           detail_type,
           subject,
           jsonb_agg(item) AS items,
           row_number() OVER (PARTITION BY detail_type, subject ORDER BY slot) AS number,
           count(*) OVER (PARTITION BY detail_type, subject) AS total
    -- Sorted once, for the groups and for the items in them: jsonb_agg(… ORDER BY …) would sort
    -- each chunk again.
    FROM (SELECT * FROM measured ORDER BY detail_type, subject, slot, position) AS sorted
    GROUP BY detail_type, subject, slot
)
INSERT INTO iot_data.outbox_events
    (event_id, stream, batch_key, source, detail_type, detail, occurred_at)
SELECT event_id,
       :stream,
       :batch_key,
       :source,
       detail_type,
       CAST(:common AS jsonb) || subject || jsonb_build_object(
           'event_id', event_id,
           'chunk', number,
           'chunks', total,
           CAST(:items_name AS text), items
       ),
       CAST(:occurred_at AS timestamptz)
FROM chunk
CROSS JOIN LATERAL (SELECT gen_random_uuid() AS event_id WHERE number > 0) AS identity
ORDER BY position

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
