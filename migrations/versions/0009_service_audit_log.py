"""Write down who started, forced, released or paused something."""

from alembic import op

revision = "0009_service_audit_log"
down_revision = "0008_heartbeats_unknown_devices"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE iot_data.audit_log (
            audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            occurred_at timestamptz NOT NULL DEFAULT now(),
            actor text NOT NULL,
            action text NOT NULL,
            subject text NOT NULL,
            before jsonb,
            after jsonb,
            comment text,
            request_id text
        )
        """
    )
    op.execute("CREATE INDEX idx_audit_log_actor ON iot_data.audit_log (actor, audit_id DESC)")
    op.execute("CREATE INDEX idx_audit_log_action ON iot_data.audit_log (action, audit_id DESC)")
    op.execute("CREATE INDEX idx_audit_log_subject ON iot_data.audit_log (subject, audit_id DESC)")


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.audit_log")
