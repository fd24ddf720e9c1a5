"""Keep a time of each field only of devices whose fields are of several heartbeats."""

from alembic import op

revision = "0025_heartbeats_times"
down_revision = "0024_telemetry_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Heartbeats name this table, whatever their release: they wait until all is done.
    op.execute("LOCK TABLE iot_data.device_state_fields IN ACCESS EXCLUSIVE MODE")
    # A field that was set at `last_seen_ts` of its row is as old as the state is. Where somebody
    # else has moved that of the state, each field keeps the time that is written here.
    op.execute(
        """
        UPDATE iot_data.device_state_fields AS fields
        SET last_seen_ts = state.last_seen_ts
        FROM iot_data.device_state AS state
        WHERE state.device_id = fields.device_id
          AND state.last_seen_ts <> fields.last_seen_ts
        """
    )
    # What a state without a row here says anyway.
    op.execute(
        """
        DELETE FROM iot_data.device_state_fields AS fields
        USING iot_data.device_state AS state
        WHERE state.device_id = fields.device_id
          AND (
              fields.last_upload_ts_set_at, fields.queue_depth_set_at,
              fields.agent_version_set_at, fields.poll_interval_s_set_at, fields.cpu_pct_set_at,
              fields.disk_free_gb_set_at, fields.status_set_at
          ) = (
              CASE WHEN state.last_upload_ts IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.queue_depth IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.agent_version IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.poll_interval_s IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.cpu_pct IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.disk_free_gb IS NULL THEN '-infinity' ELSE state.last_seen_ts END,
              CASE WHEN state.status IS NULL THEN '-infinity' ELSE state.last_seen_ts END
          )
        """
    )
    # Under this name a release knows whether the table is the one that it needs.
    op.execute(
        "ALTER TABLE iot_data.device_state_fields RENAME COLUMN last_seen_ts TO latest_set_at"
    )
    op.execute(
        """
        ALTER TABLE iot_data.device_state_fields
            DROP COLUMN site_id,
            DROP COLUMN last_upload_ts,
            DROP COLUMN queue_depth,
            DROP COLUMN agent_version,
            DROP COLUMN poll_interval_s,
            DROP COLUMN cpu_pct,
            DROP COLUMN disk_free_gb,
            DROP COLUMN status
        """
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE iot_data.device_state_fields RENAME COLUMN latest_set_at TO last_seen_ts"
    )
    op.execute(
        """
        ALTER TABLE iot_data.device_state_fields
            ADD COLUMN site_id text COLLATE "C",
            ADD COLUMN last_upload_ts timestamptz,
            ADD COLUMN queue_depth integer,
            ADD COLUMN agent_version text COLLATE "C",
            ADD COLUMN poll_interval_s integer,
            ADD COLUMN cpu_pct double precision,
            ADD COLUMN disk_free_gb double precision,
            ADD COLUMN status text COLLATE "C"
        """
    )
    # A state without a row is taken over with the next heartbeat, and means the same then.
    op.execute(
        """
        UPDATE iot_data.device_state_fields AS fields
        SET last_seen_ts = state.last_seen_ts,
            site_id = state.site_id,
            last_upload_ts = state.last_upload_ts,
            last_upload_ts_set_at = coalesce(
                nullif(last_upload_ts_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            queue_depth = state.queue_depth,
            queue_depth_set_at = coalesce(
                nullif(queue_depth_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            agent_version = state.agent_version,
            agent_version_set_at = coalesce(
                nullif(agent_version_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            poll_interval_s = state.poll_interval_s,
            poll_interval_s_set_at = coalesce(
                nullif(poll_interval_s_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            cpu_pct = state.cpu_pct,
            cpu_pct_set_at = coalesce(
                nullif(cpu_pct_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            disk_free_gb = state.disk_free_gb,
            disk_free_gb_set_at = coalesce(
                nullif(disk_free_gb_set_at, fields.last_seen_ts), state.last_seen_ts
            ),
            status = state.status,
            status_set_at = coalesce(
                nullif(status_set_at, fields.last_seen_ts), state.last_seen_ts
            )
        FROM iot_data.device_state AS state
        WHERE state.device_id = fields.device_id
        """
    )
    op.execute("ALTER TABLE iot_data.device_state_fields ALTER COLUMN site_id SET NOT NULL")
