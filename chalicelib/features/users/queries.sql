-- name: find_caller
-- The row of a subject, and the organization of that row, or else of the token. Somebody who was
-- removed, and is back, counts as being here. Each of the two has an index of its own.
SELECT caller.role,
       caller.organization_id,
       caller.removed_at IS NOT NULL AS is_removed,
       organization.status AS organization_status
FROM (SELECT) AS one
LEFT JOIN LATERAL (
    SELECT role, organization_id, removed_at
    FROM iot_data.users
    WHERE subject = :subject
      AND removed_at IS NULL
    UNION ALL
    SELECT role, organization_id, removed_at
    FROM iot_data.users
    WHERE subject = :subject
      AND removed_at IS NOT NULL
    ORDER BY removed_at DESC NULLS FIRST
    LIMIT 1
) AS caller ON true
LEFT JOIN iot_data.v_organizations AS organization
    ON organization.organization_id = coalesce(caller.organization_id, :organization)

-- name: add
INSERT INTO iot_data.users
    (user_id, organization_id, subject, email, name, role, phone_number, preferences)
VALUES (
    :user_id, :organization_id, :subject, :email, :name, :role, :phone_number,
    CAST(:preferences AS jsonb)
)
ON CONFLICT DO NOTHING
RETURNING user_id

-- name: has_email
SELECT EXISTS (
    SELECT
    FROM iot_data.users
    WHERE organization_id = :organization_id
      AND lower(email) = lower(:email)
      AND removed_at IS NULL
)

-- name: find_id_of_subject
SELECT user_id
FROM iot_data.users
WHERE subject = :subject
  AND removed_at IS NULL

-- name: lock_admins
-- In one order, so that two who change roles can wait for each other, and never deadlock. Who waits
-- here sees afterwards who is left.
SELECT user_id, subject IS NOT NULL AS can_sign_in
FROM iot_data.users
WHERE organization_id = :organization_id
  AND role = 'admin'
  AND removed_at IS NULL
ORDER BY user_id
FOR NO KEY UPDATE

-- name: lock
SELECT user_id
FROM iot_data.users
WHERE user_id = :user_id
  AND removed_at IS NULL
FOR NO KEY UPDATE

-- name: change_profile
UPDATE iot_data.users
SET name = :name,
    phone_number = :phone_number,
    preferences = CAST(:preferences AS jsonb),
    updated_at = now(),
    version = version + 1
WHERE user_id = :user_id

-- name: change_role
UPDATE iot_data.users
SET role = :role,
    updated_at = now(),
    version = version + 1
WHERE user_id = :user_id

-- name: change_subject
-- Nothing is changed where the subject is another user's.
UPDATE iot_data.users
SET subject = :subject,
    identity_error = NULL,
    updated_at = now(),
    version = version + 1
WHERE user_id = :user_id
  AND NOT EXISTS (
      SELECT
      FROM iot_data.users AS other
      WHERE other.subject = :subject
        AND other.removed_at IS NULL
        AND other.user_id <> :user_id
  )
RETURNING user_id

-- name: remove
UPDATE iot_data.users
SET removed_at = now(),
    updated_at = now(),
    version = version + 1
WHERE user_id = :user_id

-- name: list_tokens
SELECT token
FROM iot_data.user_device_tokens
WHERE user_id = :user_id
ORDER BY registered_at DESC, token

-- name: register_token
-- Whoever had the device before is told there no longer.
INSERT INTO iot_data.user_device_tokens AS known (token, user_id, organization_id, platform)
VALUES (:token, :user_id, :organization_id, :platform)
ON CONFLICT (token) DO UPDATE
SET user_id = excluded.user_id,
    organization_id = excluded.organization_id,
    platform = excluded.platform,
    registered_at = now()
RETURNING token, platform, registered_at

-- name: drop_surplus_tokens
DELETE FROM iot_data.user_device_tokens
WHERE user_id = :user_id
  AND token IN (
      SELECT token
      FROM iot_data.user_device_tokens
      WHERE user_id = :user_id
      ORDER BY registered_at DESC, token = :kept DESC
      OFFSET :most
  )

-- name: remove_token
DELETE FROM iot_data.user_device_tokens
WHERE token = :token
  AND user_id = :user_id
RETURNING token

-- name: remove_tokens
DELETE FROM iot_data.user_device_tokens WHERE user_id = :user_id

-- name: find_wanted_identity
SELECT email, name, role, organization_id, subject, removed_at IS NOT NULL AS is_removed
FROM iot_data.users
WHERE user_id = :user_id

-- name: has_only_removed
-- Whether the subject was a user, and is none any more.
SELECT EXISTS (
    SELECT
    FROM iot_data.users
    WHERE subject = :subject
      AND removed_at IS NOT NULL
      AND user_id <> :user_id
) AND NOT EXISTS (
    SELECT
    FROM iot_data.users
    WHERE subject = :subject
      AND removed_at IS NULL
      AND user_id <> :user_id
)

-- name: is_somebody_else
SELECT EXISTS (
    SELECT
    FROM iot_data.users
    WHERE subject = :subject
      AND removed_at IS NULL
      AND user_id <> :user_id
)

-- name: note_identity
UPDATE iot_data.users
SET subject = coalesce(:subject, subject),
    identity_error = :refusal
WHERE user_id = :user_id
