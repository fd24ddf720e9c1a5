"""Keep the types of devices, and what devices of a type measure."""

from alembic import op

from migrations.isolation import isolated, shared

revision = "0016_device_types_tables"
down_revision = "0015_users_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A type of no organization is the platform's, and everybody's to use.
    op.execute(
        """
        CREATE TABLE iot_data.device_types (
            device_type_id text PRIMARY KEY,
            organization_id text REFERENCES iot_data.organizations,
            name text NOT NULL,
            description text,
            reporting_interval_seconds integer NOT NULL
                CONSTRAINT device_types_reporting_interval_seconds_check
                CHECK (reporting_interval_seconds > 0),
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            removed_at timestamptz,
            version bigint NOT NULL DEFAULT 1
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_device_types_name
        ON iot_data.device_types (organization_id, name)
        WHERE organization_id IS NOT NULL AND removed_at IS NULL
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_device_types_shared_name
        ON iot_data.device_types (name)
        WHERE organization_id IS NULL AND removed_at IS NULL
        """
    )
    # What a device calls its value, and the parameter that the value is a measurement of. The row
    # of that in the dictionary may be somebody else's; where it was made here, it is kept up.
    op.execute(
        """
        CREATE TABLE iot_data.device_type_metrics (
            device_type_id text NOT NULL REFERENCES iot_data.device_types ON DELETE CASCADE,
            name text NOT NULL,
            organization_id text REFERENCES iot_data.organizations,
            position integer NOT NULL,
            parameter_id text NOT NULL,
            is_own_parameter boolean NOT NULL,
            label text,
            description text,
            data_type text NOT NULL
                CONSTRAINT device_type_metrics_data_type_check
                CHECK (data_type IN ('number', 'integer', 'boolean')),
            unit text,
            minimum double precision,
            maximum double precision,
            conversion_scale double precision,
            conversion_offset double precision,
            conversion_unit text,
            expression text,
            PRIMARY KEY (device_type_id, name),
            CONSTRAINT device_type_metrics_conversion_check
                CHECK ((conversion_scale IS NULL) = (conversion_offset IS NULL))
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_device_type_metrics_parameter
        ON iot_data.device_type_metrics (device_type_id, parameter_id)
        """
    )
    for table in ("device_types", "device_type_metrics"):
        for statement in isolated(table):
            op.execute(statement)
        op.execute(shared(table))
    # With the rights of whoever asks, and so within the policies of the tables.
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


def downgrade() -> None:
    op.execute("DROP VIEW iot_data.v_device_type_metrics")
    op.execute("DROP VIEW iot_data.v_device_types")
    op.execute("DROP TABLE iot_data.device_type_metrics")
    op.execute("DROP TABLE iot_data.device_types")
