"""Keep the answers of requests, so that a request that is sent again is carried out once."""

from alembic import op

from migrations.isolation import isolated

revision = "0013_service_idempotency_keys"
down_revision = "0012_device_parameters_sets"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE iot_data.idempotency_keys (
            subject text NOT NULL,
            key text NOT NULL,
            organization_id text,
            fingerprint text NOT NULL,
            status smallint,
            headers jsonb,
            body text,
            created_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (subject, key)
        )
        """
    )
    op.execute(
        "CREATE INDEX idx_idempotency_keys_created_at ON iot_data.idempotency_keys (created_at)"
    )
    for statement in isolated("idempotency_keys"):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.idempotency_keys")
