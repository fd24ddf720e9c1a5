-- name: find_device
SELECT device_id, organization_id
FROM iot_data.devices
WHERE device_id = :device_id
  AND (:organization = '*' OR organization_id = :organization)
  AND lifecycle <> 'deleted'

-- name: lock_device
-- Whoever changes what a device is at AWS takes this lock first, then those of its certificates,
-- and that of the work last.
SELECT device_id, organization_id
FROM iot_data.devices
WHERE device_id = :device_id
  AND (:organization = '*' OR organization_id = :organization)
  AND lifecycle <> 'deleted'
FOR NO KEY UPDATE

-- name: count_live
SELECT count(*)
FROM iot_data.device_certificates
WHERE device_id = :device_id
  AND wanted = 'active'

-- name: want_thing
-- The mark of the first time stays: the thing may be there already.
INSERT INTO iot_data.device_things AS known (device_id, organization_id, mark)
VALUES (:device_id, :organization_id, :mark)
ON CONFLICT (device_id) DO UPDATE
SET wanted = 'there'

-- name: add_certificate
INSERT INTO iot_data.device_certificates
    (certificate_id, device_id, organization_id, public_key_sha256, csr, revokes_others)
VALUES
    (:certificate_id, :device_id, :organization_id, :public_key_sha256, :csr, :revokes_others)
ON CONFLICT DO NOTHING
RETURNING certificate_id

-- name: want_work
-- Whoever wants the work may have it at once, unless somebody is at it. They are left alone until
-- they have finished, so that no two are ever at the same device, and see then what is new.
INSERT INTO iot_data.device_identity_work AS known
    (device_id, organization_id, due_at, claim_id, attempt_count)
VALUES (
    :device_id, :organization_id, now() + :lease, CAST(:claim_id AS uuid),
    CASE WHEN CAST(:claim_id AS uuid) IS NULL THEN 0 ELSE 1 END
)
ON CONFLICT (device_id) DO UPDATE
SET claim_id = CASE
        WHEN known.claim_id IS NULL OR known.due_at <= now() THEN excluded.claim_id
        ELSE known.claim_id
    END,
    due_at = CASE
        WHEN known.claim_id IS NULL OR known.due_at <= now() THEN excluded.due_at
        ELSE known.due_at
    END,
    attempt_count = excluded.attempt_count,
    last_error = NULL
RETURNING coalesce(claim_id = CAST(:claim_id AS uuid), false) AS is_ours

-- name: find_certificate
SELECT certificate_id, device_id, public_key_sha256, csr, wanted, state, refusal,
       aws_certificate_id, arn, pem, expires_at, created_at, attempted_at, switched_off_at
FROM iot_data.device_certificates
WHERE certificate_id = :certificate_id

-- name: has_certificate
SELECT EXISTS (
    SELECT
    FROM iot_data.device_certificates
    WHERE certificate_id = :certificate_id
      AND device_id = :device_id
)

-- name: list_certificates
SELECT certificate_id, device_id, public_key_sha256, csr, wanted, state, refusal,
       aws_certificate_id, arn, pem, expires_at, created_at, attempted_at, switched_off_at
FROM iot_data.device_certificates
WHERE device_id = :device_id
ORDER BY created_at DESC, certificate_id
LIMIT :limit

-- name: list_unfinished
-- What is to be switched off comes first.
SELECT certificate_id, device_id, public_key_sha256, csr, wanted, state, refusal,
       aws_certificate_id, arn, pem, expires_at, created_at, attempted_at, switched_off_at
FROM iot_data.device_certificates
WHERE device_id = :device_id
  AND state <> wanted
ORDER BY wanted = 'active', created_at, certificate_id

-- name: find_thing
SELECT mark, wanted, state
FROM iot_data.device_things
WHERE device_id = :device_id

-- name: note_thing
UPDATE iot_data.device_things SET state = :state WHERE device_id = :device_id

-- name: note_attempt
-- From now on AWS may have a certificate of which nothing stands here.
UPDATE iot_data.device_certificates
SET attempted_at = coalesce(attempted_at, now())
WHERE certificate_id = :certificate_id
  AND wanted = 'active'
RETURNING certificate_id

-- name: note_made
UPDATE iot_data.device_certificates
SET aws_certificate_id = :aws_id,
    arn = :arn,
    pem = :pem,
    expires_at = :expires_at
WHERE certificate_id = :certificate_id

-- name: note_active
-- Not where it has been unwanted meanwhile: then it is not to stay so.
UPDATE iot_data.device_certificates
SET state = 'active',
    activated_at = coalesce(activated_at, now())
WHERE certificate_id = :certificate_id
  AND wanted = 'active'
RETURNING device_id, revokes_others

-- name: revoke_others
UPDATE iot_data.device_certificates
SET wanted = CASE WHEN state = 'pending' THEN 'undone' ELSE 'revoked' END
WHERE device_id = :device_id
  AND certificate_id <> :certificate_id
  AND wanted = 'active'

-- name: revoke
UPDATE iot_data.device_certificates
SET wanted = CASE WHEN state = 'pending' THEN 'undone' ELSE 'revoked' END
WHERE certificate_id = :certificate_id
  AND device_id = :device_id
  AND wanted = 'active'

-- name: give_up
UPDATE iot_data.device_certificates
SET wanted = 'undone',
    refusal = :refusal
WHERE certificate_id = :certificate_id
  AND wanted = 'active'

-- name: note_switched_off
UPDATE iot_data.device_certificates
SET switched_off_at = coalesce(switched_off_at, now())
WHERE certificate_id = :certificate_id

-- name: note_finished
-- Where something else is wanted by now, that is still to be done.
UPDATE iot_data.device_certificates
SET state = :state
WHERE certificate_id = :certificate_id

-- name: switch_all_off
UPDATE iot_data.device_certificates
SET wanted = CASE WHEN state = 'pending' THEN 'undone' ELSE 'inactive' END
WHERE device_id = :device_id
  AND wanted = 'active'

-- name: unwant_thing
UPDATE iot_data.device_things
SET wanted = 'absent'
WHERE device_id = :device_id
RETURNING organization_id

-- name: unwant_refused_thing
-- Somebody may want another certificate by now, and try it again with that.
UPDATE iot_data.device_things
SET wanted = 'absent'
WHERE device_id = :device_id
  AND NOT EXISTS (
      SELECT
      FROM iot_data.device_certificates
      WHERE device_certificates.device_id = :device_id
        AND device_certificates.wanted = 'active'
  )

-- name: list_known
SELECT aws_certificate_id
FROM iot_data.device_certificates
WHERE aws_certificate_id = ANY (:aws_ids)

-- name: lock_work
SELECT device_id
FROM iot_data.device_identity_work
WHERE device_id = :device_id
  AND claim_id = :claim_id
FOR UPDATE

-- name: settle
-- A statement of its own, after the lock: it sees what whoever held the lock before has wanted.
DELETE FROM iot_data.device_identity_work
WHERE device_id = :device_id
  AND claim_id = :claim_id
  AND NOT EXISTS (
      SELECT
      FROM iot_data.device_certificates
      WHERE device_certificates.device_id = :device_id
        AND state <> wanted
  )
  AND NOT EXISTS (
      SELECT
      FROM iot_data.device_things
      WHERE device_things.device_id = :device_id
        AND state <> wanted
  )

-- name: release
UPDATE iot_data.device_identity_work
SET claim_id = NULL,
    due_at = now()
WHERE device_id = :device_id
  AND claim_id = :claim_id

-- name: is_claimed
SELECT EXISTS (
    SELECT
    FROM iot_data.device_identity_work
    WHERE device_id = :device_id
      AND claim_id = :claim_id
)
