-- name: has_organization
SELECT EXISTS (SELECT FROM iot_data.v_organizations WHERE organization_id = :organization_id)

-- name: first_organizations
-- Two are enough to know whether there is only one.
SELECT organization_id
FROM iot_data.v_organizations
ORDER BY organization_id
LIMIT 2
