"""Create device_parameters, keeping the view it replaces."""

from alembic import op
from alembic.util import CommandError
from sqlalchemy import text

revision = "0001_device_parameters_table"
down_revision = None
branch_labels = None
depends_on = None

COLUMNS = (
    "device_id text not null, device_name text not null, "
    "parameter_id text not null, parameter_name text not null, "
    "created_at timestamp with time zone, updated_at timestamp with time zone"
)
KEY = "PRIMARY KEY (device_id, parameter_id)"


def upgrade() -> None:
    is_replacing_view = _kind_of("device_parameters") in ("v", "m")
    if is_replacing_view:
        _rename_view("device_parameters", "device_parameters_legacy_view")
    op.execute(
        """
        CREATE TABLE IF NOT EXISTS iot_data.device_parameters (
            device_id TEXT NOT NULL,
            device_name TEXT NOT NULL,
            parameter_id TEXT NOT NULL,
            parameter_name TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
            updated_at TIMESTAMP WITH TIME ZONE DEFAULT NOW(),
            PRIMARY KEY (device_id, parameter_id)
        )
        """
    )
    _require_expected_shape()
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_parameters_device_id
        ON iot_data.device_parameters(device_id)
        """
    )
    op.execute(
        """
        CREATE INDEX IF NOT EXISTS idx_device_parameters_parameter_id
        ON iot_data.device_parameters(parameter_id)
        """
    )
    if is_replacing_view:
        _let_readers_of_the_view_read_the_table()


def downgrade() -> None:
    op.execute("DROP TABLE iot_data.device_parameters")
    if _kind_of("device_parameters_legacy_view") in ("v", "m"):
        _rename_view("device_parameters_legacy_view", "device_parameters")


def require_adoptable() -> None:
    """Raise `CommandError` where there is a table of that name that would not be adopted."""
    if _kind_of("device_parameters") not in (None, "v", "m"):
        _require_expected_shape()


def _kind_of(name: str) -> str | None:
    query = text("SELECT relkind FROM pg_class WHERE oid = to_regclass(:name)")
    kind = op.get_bind().execute(query, {"name": f"iot_data.{name}"}).scalar_one_or_none()
    return str(kind) if kind is not None else None


def _rename_view(old: str, new: str) -> None:
    kind = "MATERIALIZED VIEW" if _kind_of(old) == "m" else "VIEW"
    op.execute(f"ALTER {kind} iot_data.{old} RENAME TO {new}")


def _require_expected_shape() -> None:
    """An existing table is adopted with its rows, unless it is some other table of that name."""
    columns = text(
        "SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), "
        "CASE WHEN attnotnull THEN 'not null' END), ', ' ORDER BY attnum) FROM pg_attribute "
        "WHERE attrelid = 'iot_data.device_parameters'::regclass "
        "AND attnum > 0 AND NOT attisdropped"
    )
    key = text(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE conrelid = 'iot_data.device_parameters'::regclass AND contype = 'p'"
    )
    found_columns = op.get_bind().execute(columns).scalar_one()
    found_key = op.get_bind().execute(key).scalar_one_or_none()
    if (found_columns, found_key) != (COLUMNS, KEY):
        raise CommandError(
            f"iot_data.device_parameters exists with the columns ({found_columns}) and "
            f"{found_key or 'no primary key'} instead of ({COLUMNS}) and {KEY}: "
            "rename or drop it"
        )


def _let_readers_of_the_view_read_the_table() -> None:
    op.execute(
        """
        DO $$
        DECLARE
            reader text;
        BEGIN
            FOR reader IN
                SELECT CASE WHEN grantee = 0 THEN 'PUBLIC'
                            ELSE quote_ident(pg_get_userbyid(grantee)) END
                FROM pg_class, aclexplode(relacl)
                WHERE oid = 'iot_data.device_parameters_legacy_view'::regclass
                  AND privilege_type = 'SELECT'
                  AND grantee <> relowner
            LOOP
                EXECUTE 'GRANT SELECT ON iot_data.device_parameters TO ' || reader;
            END LOOP;
        END
        $$
        """
    )
