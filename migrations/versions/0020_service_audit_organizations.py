"""Say of each entry of the audit log which organization it is about."""

from alembic import op

from migrations.isolation import isolated, open_to_nobodys

revision = "0020_service_audit_organizations"
down_revision = "0019_devices_connectivity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE iot_data.audit_log ADD COLUMN organization_id text")
    op.execute(
        """
        UPDATE iot_data.audit_log AS entry
        SET organization_id = known.organization_id
        FROM iot_data.users AS known
        WHERE entry.subject = 'user ' || known.user_id
        """
    )
    op.execute(
        """
        UPDATE iot_data.audit_log AS entry
        SET organization_id = known.organization_id
        FROM iot_data.organizations AS known
        WHERE entry.subject = 'organization ' || known.organization_id
        """
    )
    op.execute(
        """
        CREATE INDEX idx_audit_log_organization
        ON iot_data.audit_log (organization_id, audit_id DESC)
        """
    )
    for statement in isolated("audit_log"):
        op.execute(statement)
    # What the schedules and the commands do is no organization's.
    op.execute(open_to_nobodys("audit_log"))


def downgrade() -> None:
    op.execute("DROP POLICY nobodys ON iot_data.audit_log")
    op.execute("DROP POLICY own_organization ON iot_data.audit_log")
    op.execute("ALTER TABLE iot_data.audit_log NO FORCE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE iot_data.audit_log DISABLE ROW LEVEL SECURITY")
    op.execute("ALTER TABLE iot_data.audit_log DROP COLUMN organization_id")
