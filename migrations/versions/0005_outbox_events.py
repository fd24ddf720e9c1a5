"""Queue events in the transaction that makes them true, to be sent after it."""

from alembic import op

revision = "0005_outbox_events"
down_revision = "0004_device_parameters_last_seen"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE iot_data.outbox_events (
            position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            event_id uuid NOT NULL DEFAULT gen_random_uuid(),
            stream text NOT NULL,
            batch_key text NOT NULL,
            source text NOT NULL,
            detail_type text NOT NULL,
            detail jsonb NOT NULL,
            occurred_at timestamptz,
            attempt_count integer NOT NULL DEFAULT 0,
            last_error text
        )
        """
    )
    op.execute("CREATE INDEX idx_outbox_events_stream ON iot_data.outbox_events (stream, position)")


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.outbox_events")
