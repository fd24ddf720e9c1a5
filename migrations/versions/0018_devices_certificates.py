"""Keep what devices are at AWS IoT Core: their things, and their certificates."""

from alembic import op

from migrations.isolation import isolated

revision = "0018_devices_certificates"
down_revision = "0017_devices_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # What stands here leads to what is at AWS: it goes with no device.
    op.execute(
        """
        CREATE TABLE iot_data.device_things (
            device_id text PRIMARY KEY REFERENCES iot_data.devices,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            mark text NOT NULL,
            wanted text NOT NULL DEFAULT 'there'
                CONSTRAINT device_things_wanted_check CHECK (wanted IN ('there', 'absent')),
            state text NOT NULL DEFAULT 'absent'
                CONSTRAINT device_things_state_check
                CHECK (state IN ('there', 'making', 'absent')),
            created_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.device_certificates (
            certificate_id text PRIMARY KEY,
            device_id text NOT NULL REFERENCES iot_data.devices,
            organization_id text NOT NULL REFERENCES iot_data.organizations,
            public_key_sha256 text NOT NULL,
            csr text,
            wanted text NOT NULL DEFAULT 'active'
                CONSTRAINT device_certificates_wanted_check
                CHECK (wanted IN ('active', 'inactive', 'revoked', 'undone')),
            state text NOT NULL DEFAULT 'pending'
                CONSTRAINT device_certificates_state_check
                CHECK (state IN ('pending', 'active', 'inactive', 'revoked', 'undone')),
            revokes_others boolean NOT NULL DEFAULT false,
            refusal text,
            aws_certificate_id text,
            arn text,
            pem text,
            expires_at timestamptz,
            created_at timestamptz NOT NULL DEFAULT now(),
            attempted_at timestamptz,
            activated_at timestamptz,
            switched_off_at timestamptz
        )
        """
    )
    op.execute(
        """
        CREATE UNIQUE INDEX idx_device_certificates_aws_id
        ON iot_data.device_certificates (aws_certificate_id)
        """
    )
    # A key has one certificate. One that was revoked, because others may know it, gets no further.
    op.execute(
        """
        CREATE UNIQUE INDEX idx_device_certificates_key
        ON iot_data.device_certificates (public_key_sha256)
        WHERE state <> wanted OR state IN ('active', 'revoked')
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_certificates_device
        ON iot_data.device_certificates (device_id, created_at)
        """
    )
    # Devices of which IoT Core has still to be told.
    op.execute(
        """
        CREATE TABLE iot_data.device_identity_work (
            device_id text PRIMARY KEY REFERENCES iot_data.devices,
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
        CREATE INDEX idx_device_identity_work_due
        ON iot_data.device_identity_work (due_at, device_id)
        """
    )
    for table in ("device_things", "device_certificates", "device_identity_work"):
        for statement in isolated(table):
            op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.device_identity_work")
    op.execute("DROP TABLE iot_data.device_certificates")
    op.execute("DROP TABLE iot_data.device_things")
