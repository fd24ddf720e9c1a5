"""Keep where metrics stand in what devices send, and which of their values are usual."""

from alembic import op

revision = "0023_device_types_payloads"
down_revision = "0022_devices_presence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE iot_data.device_types ADD COLUMN timestamp_path text")
    op.execute(
        """
        ALTER TABLE iot_data.device_type_metrics
            ADD COLUMN path text,
            ADD COLUMN usual_minimum double precision,
            ADD COLUMN usual_maximum double precision,
            ADD COLUMN usual_change_per_minute double precision,
            ADD COLUMN is_deviation_watched boolean NOT NULL DEFAULT true
        """
    )
    op.execute(
        """
        CREATE OR REPLACE VIEW iot_data.v_device_types WITH (security_invoker = true) AS
        SELECT device_type_id, organization_id, name, reporting_interval_seconds, version,
               timestamp_path
        FROM iot_data.device_types
        WHERE removed_at IS NULL
        """
    )
    # True and false deviate from nothing, whatever the column says.
    op.execute(
        """
        CREATE OR REPLACE VIEW iot_data.v_device_type_metrics WITH (security_invoker = true) AS
        SELECT metric.device_type_id, metric.name, metric.organization_id, metric.position,
               metric.parameter_id, metric.label, metric.unit, metric.data_type, metric.minimum,
               metric.maximum, metric.conversion_scale, metric.conversion_offset,
               metric.conversion_unit, metric.expression, metric.path, metric.usual_minimum,
               metric.usual_maximum, metric.usual_change_per_minute,
               metric.is_deviation_watched AND metric.data_type <> 'boolean' AS is_deviation_watched
        FROM iot_data.device_type_metrics AS metric
        JOIN iot_data.device_types AS type USING (device_type_id)
        WHERE type.removed_at IS NULL
        """
    )


def downgrade() -> None:
    # A view loses columns only by being made again.
    op.execute("DROP VIEW iot_data.v_device_type_metrics")
    op.execute("DROP VIEW iot_data.v_device_types")
    op.execute(
        """
        ALTER TABLE iot_data.device_type_metrics
            DROP COLUMN path,
            DROP COLUMN usual_minimum,
            DROP COLUMN usual_maximum,
            DROP COLUMN usual_change_per_minute,
            DROP COLUMN is_deviation_watched
        """
    )
    op.execute("ALTER TABLE iot_data.device_types DROP COLUMN timestamp_path")
    op.execute(
        """
        CREATE VIEW iot_data.v_device_types WITH (security_invoker = true) AS
        SELECT device_type_id, organization_id, name, reporting_interval_seconds
        FROM iot_data.device_types
        WHERE removed_at IS NULL
        """
    )
    op.execute(
        """
        CREATE VIEW iot_data.v_device_type_metrics WITH (security_invoker = true) AS
        SELECT metric.device_type_id, metric.name, metric.organization_id, metric.position,
               metric.parameter_id, metric.label, metric.unit, metric.data_type, metric.minimum,
               metric.maximum, metric.conversion_scale, metric.conversion_offset,
               metric.conversion_unit, metric.expression
        FROM iot_data.device_type_metrics AS metric
        JOIN iot_data.device_types AS type USING (device_type_id)
        WHERE type.removed_at IS NULL
        """
    )
