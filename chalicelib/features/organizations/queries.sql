-- name: add
INSERT INTO iot_data.organizations (organization_id, name)
VALUES (:organization_id, :name)
ON CONFLICT (organization_id) DO NOTHING
RETURNING organization_id, name, status, created_at, updated_at, version

-- name: find
SELECT organization_id, name, status, created_at, updated_at, version
FROM iot_data.organizations
WHERE organization_id = :organization_id

-- name: lock
SELECT organization_id, name, status, created_at, updated_at, version
FROM iot_data.organizations
WHERE organization_id = :organization_id
FOR NO KEY UPDATE

-- name: change
UPDATE iot_data.organizations
SET name = :name,
    status = :status,
    updated_at = now(),
    version = version + 1
WHERE organization_id = :organization_id
RETURNING organization_id, name, status, created_at, updated_at, version
