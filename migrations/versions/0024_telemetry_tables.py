"""Keep the newest readings of devices, and what of what they send is not stored."""

from alembic import op

from migrations.isolation import isolated

revision = "0024_telemetry_tables"
down_revision = "0023_device_types_payloads"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A row for each device, and not for each metric of it: a batch changes one row where it would
    # change ten. The device is locked by its row, so that readings of it come one after another.
    op.execute(
        """
        CREATE TABLE iot_data.device_readings (
            device_id text PRIMARY KEY
                REFERENCES iot_data.devices (device_id) ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations (organization_id),
            latest json NOT NULL,
            last_reading_at timestamptz,
            reading_count bigint NOT NULL DEFAULT 0,
            corrected_count bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 70)
        """
    )
    op.execute(
        "CREATE INDEX idx_device_readings_by_organization "
        "ON iot_data.device_readings (organization_id, device_id)"
    )
    op.execute(
        """
        CREATE TABLE iot_data.telemetry_rejects (
            reject_id text PRIMARY KEY,
            organization_id text REFERENCES iot_data.organizations (organization_id),
            device_id text,
            metric text,
            reason text NOT NULL,
            message text NOT NULL,
            way text NOT NULL,
            payload text NOT NULL,
            is_cut boolean NOT NULL,
            is_quarantined boolean NOT NULL,
            sent_at timestamptz,
            rejected_at timestamptz NOT NULL DEFAULT now(),
            letter_due_at timestamptz
        )
        """
    )
    op.execute(
        "CREATE INDEX idx_telemetry_rejects_rejected_at "
        "ON iot_data.telemetry_rejects (rejected_at, reject_id)"
    )
    op.execute(
        "CREATE INDEX idx_telemetry_rejects_by_organization "
        "ON iot_data.telemetry_rejects (organization_id, rejected_at, reject_id)"
    )
    op.execute(
        "CREATE INDEX idx_telemetry_rejects_by_reason "
        "ON iot_data.telemetry_rejects (organization_id, reason, rejected_at, reject_id)"
    )
    op.execute(
        "CREATE INDEX idx_telemetry_rejects_by_device "
        "ON iot_data.telemetry_rejects (device_id, rejected_at, reject_id)"
    )
    op.execute(
        "CREATE INDEX idx_telemetry_rejects_letters ON iot_data.telemetry_rejects (letter_due_at) "
        "WHERE letter_due_at IS NOT NULL"
    )
    for table in ("device_readings", "telemetry_rejects"):
        for statement in isolated(table):
            op.execute(statement)
    # An array for each parameter: when, in microseconds since 1970, how much, and how unusual.
    op.execute(
        """
        CREATE VIEW iot_data.latest_readings WITH (security_invoker = true) AS
        SELECT device.device_id,
               device.organization_id,
               latest.key AS parameter_id,
               to_timestamp(CAST(latest.value ->> 0 AS bigint) / 1000000.0) AS time,
               CAST(latest.value ->> 1 AS double precision) AS value,
               CAST(latest.value ->> 2 AS smallint) AS quality
        FROM iot_data.device_readings AS device
        CROSS JOIN LATERAL json_each(device.latest) AS latest
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW iot_data.latest_readings")
    op.execute("DROP TABLE iot_data.telemetry_rejects")
    op.execute("DROP TABLE iot_data.device_readings")
