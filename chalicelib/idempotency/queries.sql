-- name: forget_old
-- A key that is old enough may be used again. Of all others some go along each time, so that the
-- table needs nobody who cleans it.
DELETE FROM iot_data.idempotency_keys
WHERE created_at < now() - :kept_for
  AND (
      (subject = :subject AND key = :key)
      OR ctid = ANY (ARRAY(
          SELECT ctid
          FROM iot_data.idempotency_keys
          WHERE created_at < now() - :kept_for
          ORDER BY created_at
          LIMIT :forgotten_besides
          FOR UPDATE SKIP LOCKED
      ))
  )

-- name: claim
-- Whoever comes second with the same key waits here until the first has committed.
INSERT INTO iot_data.idempotency_keys (subject, key, organization_id, fingerprint)
VALUES (:subject, :key, :organization, :fingerprint)
ON CONFLICT (subject, key) DO NOTHING
RETURNING key

-- name: find_answer
SELECT fingerprint, status, headers, body
FROM iot_data.idempotency_keys
WHERE subject = :subject
  AND key = :key

-- name: keep
UPDATE iot_data.idempotency_keys
SET status = :status,
    headers = CAST(:headers AS jsonb),
    body = :body
WHERE subject = :subject
  AND key = :key
