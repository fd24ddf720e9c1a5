"""Keep which devices are online, since when, and whose silence is held."""

from alembic import op

from migrations.isolation import isolated

revision = "0019_devices_connectivity"
down_revision = "0018_devices_certificates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without foreign keys: a hundred thousand are written at once, from the devices themselves.
    op.execute(
        """
        CREATE TABLE iot_data.device_transitions (
            transition_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            device_id text NOT NULL,
            organization_id text NOT NULL,
            was text NOT NULL,
            is_online boolean NOT NULL,
            happened_at timestamptz NOT NULL,
            noticed_at timestamptz NOT NULL,
            in_maintenance boolean NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE INDEX idx_device_transitions_device
        ON iot_data.device_transitions (device_id, transition_id)
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.connectivity_holds (
            organization_id text PRIMARY KEY REFERENCES iot_data.organizations,
            since timestamptz NOT NULL,
            quiet_since timestamptz NOT NULL,
            patience interval NOT NULL,
            silent_count bigint NOT NULL,
            device_count bigint NOT NULL,
            reason text NOT NULL,
            resumed_at timestamptz,
            released_at timestamptz,
            released_by text,
            comment text,
            let_go_at timestamptz
        )
        """
    )
    # Of these the next check decides, whatever it would look at otherwise.
    op.execute(
        """
        CREATE TABLE iot_data.connectivity_rechecks (
            recheck_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            device_id text NOT NULL,
            organization_id text NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.connectivity_checkpoint (
            is_only boolean PRIMARY KEY DEFAULT true
                CONSTRAINT connectivity_checkpoint_is_only_check CHECK (is_only),
            read_until timestamptz NOT NULL,
            decided_at timestamptz,
            newest_reading_at timestamptz,
            newest_heartbeat_at timestamptz,
            heard_count bigint NOT NULL,
            limits jsonb NOT NULL
        )
        """
    )
    for table in ("device_transitions", "connectivity_holds", "connectivity_rechecks"):
        for statement in isolated(table):
            op.execute(statement)
    # Who is silent for how long, by organization; and lists by when devices were last seen.
    op.execute(
        """
        CREATE INDEX idx_device_presence_last_seen
        ON iot_data.device_presence (organization_id, last_seen_at, device_id)
        """
    )
    # Few, as a rule: whoever is heard of is mostly online already.
    op.execute(
        """
        CREATE INDEX idx_devices_not_online
        ON iot_data.devices (device_id)
        WHERE connectivity <> 'online' AND lifecycle <> 'deleted'
        """
    )
    op.execute(
        """
        CREATE INDEX idx_devices_maintenance
        ON iot_data.devices (maintenance_until)
        WHERE maintenance_until IS NOT NULL
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX iot_data.idx_devices_maintenance")
    op.execute("DROP INDEX iot_data.idx_devices_not_online")
    op.execute("DROP INDEX iot_data.idx_device_presence_last_seen")
    op.execute("DROP TABLE iot_data.connectivity_checkpoint")
    op.execute("DROP TABLE iot_data.connectivity_rechecks")
    op.execute("DROP TABLE iot_data.connectivity_holds")
    op.execute("DROP TABLE iot_data.device_transitions")
