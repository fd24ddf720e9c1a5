"""What had other names in a release before this one: revisions, and the table that keeps them."""

from sqlalchemy import Connection, text

from chalicelib.database.schema import VERSION_TABLE, VERSIONS
from chalicelib.database.tables import SCHEMA

FORMER_NAMES = {
    "20261121_01": "0001_device_parameters_table",
    "20261121_02": "0002_device_parameters_hourly",
    "20261121_03": "0003_device_parameters_runs",
    "20261121_04": "0004_device_parameters_last_seen",
    "20261121_05": "0005_outbox_events",
    "20261121_06": "0006_heartbeats_state",
    "20261121_07": "0007_parquet_loads_tables",
}
# Alembic's own default, which a platform that migrates with Alembic has as well.
FORMER_TABLE = "alembic_version"
_VERSIONS = f"{SCHEMA}.{VERSION_TABLE}"
_FORMER_VERSIONS = f"{SCHEMA}.{FORMER_TABLE}"
_HAS_TABLE = text("SELECT to_regclass(:name) IS NOT NULL")
# Whoever migrates owns ours, and need not be allowed to read what is the platform's.
_MAY_READ = text("SELECT coalesce(has_table_privilege(to_regclass(:name), 'SELECT'), false)")
_HAS_KEY = text(
    "SELECT EXISTS ("
    "SELECT FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :key)"
)


def rename_what_had_another_name(connection: Connection) -> None:
    """Give our table of versions, and the revision in it, the names that they have by now."""
    with connection.begin():
        if version_table(connection) == FORMER_TABLE:
            _rename_table(connection)
        if _has_table(connection, _VERSIONS):
            _rename_revision(connection)


def version_table(connection: Connection) -> str:
    """The table in which this database keeps our revision: under its former name, if it is ours."""
    if not _has_table(connection, _VERSIONS) and _is_former_table_ours(connection):
        return FORMER_TABLE
    return VERSION_TABLE


def _is_former_table_ours(connection: Connection) -> bool:
    """Whether one revision stands in it, and it is one of ours: no other project names them so."""
    if not connection.execute(_MAY_READ, {"name": _FORMER_VERSIONS}).scalar_one():
        return False
    # By way of JSON, because a table of that name need not be one of Alembic's.
    query = text(
        f"SELECT to_jsonb(found) ->> 'version_num' FROM {_FORMER_VERSIONS} AS found LIMIT 2"  # noqa: S608 constants
    )
    versions = connection.execute(query).scalars().all()
    ours = {*FORMER_NAMES, *(file.stem for file in VERSIONS.glob("[0-9]*.py"))}
    return len(versions) == 1 and versions[0] in ours


def _rename_table(connection: Connection) -> None:
    # The name of the key belongs to the schema, and the platform may want it for its own.
    key = f"{FORMER_TABLE}_pkc"
    if connection.execute(_HAS_KEY, {"table": _FORMER_VERSIONS, "key": key}).scalar_one():
        renamed = f"RENAME CONSTRAINT {key} TO {VERSION_TABLE}_pkc"
        connection.execute(text(f"ALTER TABLE {_FORMER_VERSIONS} {renamed}"))
    connection.execute(text(f"ALTER TABLE {_FORMER_VERSIONS} RENAME TO {VERSION_TABLE}"))


def _rename_revision(connection: Connection) -> None:
    rename = text(f"UPDATE {_VERSIONS} SET version_num = :name WHERE version_num = :former")  # noqa: S608 constants
    connection.execute(rename, [{"former": old, "name": new} for old, new in FORMER_NAMES.items()])


def _has_table(connection: Connection, name: str) -> bool:
    return bool(connection.execute(_HAS_TABLE, {"name": name}).scalar_one())
