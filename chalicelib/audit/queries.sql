-- name: record
INSERT INTO iot_data.audit_log
    (actor, action, subject, before, after, comment, request_id, organization_id)
VALUES (
    :actor, :action, :subject, CAST(:before AS jsonb), CAST(:after AS jsonb), :comment, :request_id,
    :organization_id
)
