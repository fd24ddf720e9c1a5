"""Keep the last state of every device, and when each field of it was set."""

from alembic import op
from alembic.util import CommandError
from sqlalchemy import text

revision = "0006_heartbeats_state"
down_revision = "0005_outbox_events"
branch_labels = None
depends_on = None

COLUMNS = (
    "device_id text not null, site_id text not null, "
    "last_seen_ts timestamp with time zone not null, last_upload_ts timestamp with time zone, "
    "queue_depth integer, agent_version text, poll_interval_s integer, "
    "cpu_pct double precision, disk_free_gb double precision, status text, "
    "updated_at timestamp with time zone"
)
KEY = "PRIMARY KEY (device_id)"
VIEW_COLUMNS = "device_id text, site_id text, last_seen_ts timestamp with time zone, age interval"
# Remembered in the database: a table that was here before outlives the downgrade.
ADOPTED = "device_state was here before"


def upgrade() -> None:
    is_adopted = _shape_of("device_state") is not None
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS iot_data.device_state (
            device_id TEXT PRIMARY KEY,
            site_id TEXT NOT NULL,
            last_seen_ts TIMESTAMP WITH TIME ZONE NOT NULL,
            last_upload_ts TIMESTAMP WITH TIME ZONE,
            queue_depth INTEGER,
            agent_version TEXT,
            poll_interval_s INTEGER,
            cpu_pct FLOAT,
            disk_free_gb FLOAT,
            status TEXT CHECK (status IN ('ready','degraded','error')),
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW()
        )
        """
    )
    _require_expected_table()
    _require_replaceable_view()
    op.execute(
        """
        CREATE OR REPLACE VIEW iot_data.v_devices_stale AS
        SELECT device_id, site_id, last_seen_ts, now() - last_seen_ts AS age
        FROM iot_data.device_state
        WHERE now() - last_seen_ts > interval '120 seconds'
        """
    )
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_state_last_seen
        ON iot_data.device_state (last_seen_ts, device_id)
        """
    )
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_state_site
        ON iot_data.device_state (site_id, last_seen_ts, device_id)
        """
    )
    _create_companions()
    if is_adopted:
        op.execute(f"COMMENT ON TABLE iot_data.device_state_fields IS '{ADOPTED}'")


def downgrade() -> None:
    query = text("SELECT obj_description('iot_data.device_state_fields'::regclass, 'pg_class')")
    is_adopted = op.get_bind().execute(query).scalar_one() == ADOPTED
    op.execute("DROP TABLE iot_data.stale_devices")
    op.execute("DROP TABLE iot_data.device_state_fields")
    if is_adopted:
        op.execute("DROP INDEX iot_data.idx_device_state_site")
        op.execute("DROP INDEX iot_data.idx_device_state_last_seen")
        return
    op.execute("DROP VIEW iot_data.v_devices_stale")
    op.execute("DROP TABLE iot_data.device_state")


def require_adoptable() -> None:
    """Raise `CommandError` where a table or a view of these names would not be adopted."""
    if _shape_of("device_state") is not None:
        _require_expected_table()
    _require_replaceable_view()


def _create_companions() -> None:
    # Half of each page stays free: no index holds what an upsert changes, so that a new version
    # of a row finds room beside the old one. Bytewise order is also how Python sorts.
    op.execute(
        """
        CREATE TABLE iot_data.device_state_fields (
            device_id text COLLATE "C" PRIMARY KEY
                REFERENCES iot_data.device_state ON DELETE CASCADE,
            last_seen_ts timestamptz NOT NULL,
            site_id text COLLATE "C" NOT NULL,
            last_upload_ts timestamptz,
            last_upload_ts_set_at timestamptz NOT NULL,
            queue_depth integer,
            queue_depth_set_at timestamptz NOT NULL,
            agent_version text COLLATE "C",
            agent_version_set_at timestamptz NOT NULL,
            poll_interval_s integer,
            poll_interval_s_set_at timestamptz NOT NULL,
            cpu_pct double precision,
            cpu_pct_set_at timestamptz NOT NULL,
            disk_free_gb double precision,
            disk_free_gb_set_at timestamptz NOT NULL,
            status text COLLATE "C",
            status_set_at timestamptz NOT NULL
        )
        WITH (fillfactor = 50)
        """
    )
    op.execute(
        """
        CREATE TABLE iot_data.stale_devices (
            device_id text PRIMARY KEY REFERENCES iot_data.device_state ON DELETE CASCADE,
            silent_since timestamptz NOT NULL,
            noticed_at timestamptz NOT NULL
        )
        """
    )


def _require_expected_table() -> None:
    """An existing table is adopted with its rows, unless it is some other table of that name."""
    key = text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'iot_data.device_state'::regclass AND contype = 'p'"
    )
    found_columns = _shape_of("device_state")
    found_key = op.get_bind().execute(key).scalar_one_or_none()
    if (found_columns, found_key) != (COLUMNS, KEY):
        raise CommandError(
            f"iot_data.device_state exists with the columns ({found_columns}) and "
            f"{found_key or 'no primary key'} instead of ({COLUMNS}) and {KEY}: "
            "rename or drop it"
        )


def _require_replaceable_view() -> None:
    """An existing view is replaced by the documented one, unless it is something else."""
    query = text("SELECT relkind FROM pg_class WHERE oid = to_regclass('iot_data.v_devices_stale')")
    kind = op.get_bind().execute(query).scalar_one_or_none()
    found_columns = _shape_of("v_devices_stale")
    if kind is not None and (kind, found_columns) != ("v", VIEW_COLUMNS):
        raise CommandError(
            f"iot_data.v_devices_stale exists with the columns ({found_columns}), and is not the "
            f"view of ({VIEW_COLUMNS}) that this release keeps: rename or drop it"
        )


def _shape_of(relation: str) -> str | None:
    """Its columns as one line; None where there is nothing of that name."""
    query = text(
        "SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), "
        "CASE WHEN attnotnull THEN 'not null' END), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = to_regclass(:relation) AND attnum > 0 AND NOT attisdropped"
    )
    found = op.get_bind().execute(query, {"relation": f"iot_data.{relation}"})
    columns: str | None = found.scalar_one()
    return columns
