"""Keep imports of devices, what became of each of their rows, and which are still to be done."""

from alembic import op

from migrations.isolation import isolated

revision = "0021_devices_imports"
down_revision = "0020_service_audit_organizations"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # `read_bytes` and `read_lines` say where to go on. They move with the devices that are
    # registered, in one transaction.
    op.execute(
        """
        CREATE TABLE iot_data.device_imports (
            import_id text PRIMARY KEY,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            name text,
            format text NOT NULL
                CONSTRAINT device_imports_format_check CHECK (format IN ('csv', 'ndjson')),
            status text NOT NULL
                CONSTRAINT device_imports_status_check CHECK (
                    status IN (
                        'awaiting_upload', 'waiting', 'running', 'succeeded', 'failed', 'cancelled'
                    )
                ),
            actor text NOT NULL,
            request_id text,
            may_adopt boolean NOT NULL,
            data bytea,
            etag text,
            size_bytes bigint,
            columns text[],
            read_bytes bigint NOT NULL DEFAULT 0,
            read_lines bigint NOT NULL DEFAULT 0,
            registered_count bigint NOT NULL DEFAULT 0,
            refused_count bigint NOT NULL DEFAULT 0,
            error_code text,
            error_message text,
            created_at timestamptz NOT NULL DEFAULT now(),
            upload_until timestamptz,
            started_at timestamptz,
            progressed_at timestamptz NOT NULL DEFAULT now(),
            ended_at timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_imports_created_at
        ON iot_data.device_imports (organization_id, created_at, import_id)
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_imports_ended_at
        ON iot_data.device_imports (ended_at)
        WHERE ended_at IS NOT NULL
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_imports_progressed_at
        ON iot_data.device_imports (progressed_at)
        WHERE status IN ('waiting', 'running')
        """
    )
    # What became of a row: a device, or a refusal.
    op.execute(
        """
        CREATE TABLE iot_data.device_import_rows (
            import_id text NOT NULL REFERENCES iot_data.device_imports,
            line bigint NOT NULL,
            organization_id text NOT NULL,
            device_id text,
            code text,
            message text,
            field text,
            PRIMARY KEY (import_id, line)
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_import_rows_refused
        ON iot_data.device_import_rows (import_id, line)
        WHERE device_id IS NULL
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.device_import_work (
            import_id text PRIMARY KEY REFERENCES iot_data.device_imports,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            asked_at timestamptz NOT NULL DEFAULT now(),
            due_at timestamptz NOT NULL DEFAULT now(),
            claim_id uuid,
            attempt_count integer NOT NULL DEFAULT 0,
            last_error text
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_import_work_due
        ON iot_data.device_import_work (due_at, import_id)
        """
    )
    for table in ("device_imports", "device_import_rows", "device_import_work"):
        for statement in isolated(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.device_import_work")
    op.execute("DROP TABLE iot_data.device_import_rows")
    op.execute("DROP TABLE iot_data.device_imports")
