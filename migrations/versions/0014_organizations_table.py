"""Keep the organizations to which users and devices belong."""

from alembic import op

from migrations.isolation import isolated

revision = "0014_organizations_table"
down_revision = "0013_service_idempotency_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # An id begins with a letter or a digit: a star would stand for all organizations.
    op.execute(
        """
        CREATE TABLE iot_data.organizations (
            organization_id text PRIMARY KEY
                CONSTRAINT organizations_organization_id_check
                CHECK (organization_id ~ '^[A-Za-z0-9]'),
            name text NOT NULL,
            status text NOT NULL DEFAULT 'active'
                CONSTRAINT organizations_status_check CHECK (status IN ('active', 'suspended')),
            created_at timestamptz NOT NULL DEFAULT now(),
            updated_at timestamptz NOT NULL DEFAULT now(),
            version bigint NOT NULL DEFAULT 1
        )
        """
    )
    op.execute(
        "CREATE INDEX idx_organizations_name ON iot_data.organizations (name, organization_id)"
    )
    op.execute(
        """
        CREATE INDEX idx_organizations_created_at
        ON iot_data.organizations (created_at, organization_id)
        """
    )
    for statement in isolated("organizations"):
        op.execute(statement)
    # With the rights of whoever asks, and so within the policy of the table.
    op.execute(
        """
        CREATE VIEW iot_data.v_organizations WITH (security_invoker = true) AS
        SELECT organization_id, name, status
        FROM iot_data.organizations
        """
    )


def downgrade() -> None:
    op.execute("DROP VIEW iot_data.v_organizations")
    op.execute("DROP TABLE iot_data.organizations")
