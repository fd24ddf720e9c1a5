"""Revisions that had other names in a release before this one."""

from sqlalchemy import Connection, text

from chalicelib.database.schema import VERSION_TABLE
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
_VERSIONS = f"{SCHEMA}.{VERSION_TABLE}"


def rename_revision(connection: Connection) -> None:
    """Give a database's revision its new name, where an earlier release had another."""
    is_there = text(f"SELECT to_regclass('{_VERSIONS}') IS NOT NULL")
    rename = text(f"UPDATE {_VERSIONS} SET version_num = :name WHERE version_num = :former")  # noqa: S608 constants
    with connection.begin():
        if connection.execute(is_there).scalar_one():
            names = [{"former": old, "name": new} for old, new in FORMER_NAMES.items()]
            connection.execute(rename, names)
