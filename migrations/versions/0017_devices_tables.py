"""Keep the devices of organizations, whether each is there, and what has changed of it."""

from alembic import op

from migrations.isolation import isolated

revision = "0017_devices_tables"
down_revision = "0016_device_types_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # `status` is what people are shown; what it is made of is kept apart.
    op.execute(
        """
        CREATE TABLE iot_data.devices (
            device_id text PRIMARY KEY,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            device_type_id text NOT NULL REFERENCES iot_data.device_types,
            name text NOT NULL,
            serial_number text,
            latitude double precision,
            longitude double precision,
            address text,
            connection jsonb NOT NULL DEFAULT '{}',
            metadata jsonb NOT NULL DEFAULT '{}',
            tags text[] NOT NULL DEFAULT '{}',
            firmware_version text,
            lifecycle text NOT NULL DEFAULT 'registered'
                CONSTRAINT devices_lifecycle_check
                CHECK (lifecycle IN ('registered', 'active', 'deleted')),
            connectivity text NOT NULL DEFAULT 'never'
                CONSTRAINT devices_connectivity_check
                CHECK (connectivity IN ('never', 'online', 'offline')),
            connectivity_since timestamptz,
            maintenance_until timestamptz,
            status text NOT NULL GENERATED ALWAYS AS (
                CASE
                    WHEN lifecycle = 'deleted' THEN 'deleted'
                    WHEN maintenance_until IS NOT NULL THEN 'maintenance'
                    WHEN connectivity = 'never' THEN 'registered'
                    ELSE connectivity
                END
            ) STORED,
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            deleted_at timestamptz,
            version bigint NOT NULL DEFAULT 1
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_devices_serial_number
        ON iot_data.devices (organization_id, serial_number)
        WHERE lifecycle <> 'deleted'
        """
    )
    # Changes with every reading, and so is kept out of the row that has all the indexes.
    op.execute(
        """
        CREATE TABLE iot_data.device_presence (
            device_id text PRIMARY KEY REFERENCES iot_data.devices ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            last_seen_at timestamptz
        ) WITH (fillfactor = 70)
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.device_changes (
            change_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            device_id text NOT NULL REFERENCES iot_data.devices ON DELETE CASCADE,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            changed_at timestamptz NOT NULL DEFAULT now(),
            action text NOT NULL,
            actor text NOT NULL,
            before jsonb NOT NULL,
            after jsonb NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_changes_device
        ON iot_data.device_changes (device_id, change_id)
        """
    )
    for table in ("devices", "device_presence", "device_changes"):
        for statement in isolated(table):
            op.execute(statement)
    op.execute(
        """
        CREATE VIEW iot_data.v_devices WITH (security_invoker = true) AS
        SELECT device_id, organization_id, device_type_id, name, tags, lifecycle, connectivity,
               status
        FROM iot_data.devices
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW iot_data.v_devices")
    op.execute("DROP TABLE iot_data.device_changes")
    op.execute("DROP TABLE iot_data.device_presence")
    op.execute("DROP TABLE iot_data.devices")
