"""What must be true of a database before the first revision may touch it."""

from alembic.util import CommandError
from sqlalchemy import Connection, text

MINIMUM_TIMESCALEDB = (2, 21)
MIGRATION_LOCK = 0x6D696772617465  # "migrate"
SOURCE_TABLES = ("redshift_devices", "timescale_measurements", "timescale_parameters")


def require_sources(connection: Connection) -> None:
    """Raise `CommandError`, with a sentence that says what to do, where something is missing."""
    _require_timescaledb(connection)
    _require_community_features(connection)
    _require_source_tables(connection)
    _require_hypertable(connection)
    _require_free_legacy_name(connection)


def _require_timescaledb(connection: Connection) -> None:
    query = text("SELECT extversion FROM pg_extension WHERE extname = 'timescaledb'")
    version = connection.execute(query).scalar_one_or_none()
    if version is None:
        raise CommandError(
            "this database has no TimescaleDB: run `CREATE EXTENSION timescaledb` as a superuser"
        )
    if is_too_old(version):
        raise CommandError(
            f"TimescaleDB {version} is too old: refreshing without batching needs 2.21 or newer; "
            "run `ALTER EXTENSION timescaledb UPDATE`"
        )


def is_too_old(version: str) -> bool:
    """Whether TimescaleDB *version*, such as `2.23.0-dev`, lacks something we call."""
    major, minor, *_ = version.split("-")[0].split(".")
    return (int(major), int(minor)) < MINIMUM_TIMESCALEDB


def _require_community_features(connection: Connection) -> None:
    if licence_of(connection) != "timescale":
        raise CommandError(
            "this TimescaleDB is the Apache edition, which has no continuous aggregates: install "
            "the Community edition and set timescaledb.license = 'timescale'"
        )


def licence_of(connection: Connection) -> str | None:
    """`timescale` for the Community edition, `apache` for the other; None if it does not say."""
    licence: str | None = connection.execute(
        text("SELECT current_setting('timescaledb.license', true)")
    ).scalar_one()
    return licence


def _require_source_tables(connection: Connection) -> None:
    query = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name "
        "WHERE to_regclass('iot_data.' || name) IS NULL ORDER BY name"
    )
    missing = connection.execute(query, {"names": list(SOURCE_TABLES)}).scalars().all()
    if missing:
        raise CommandError(
            f"source tables are missing: {', '.join(f'iot_data.{name}' for name in missing)}; "
            "check that TIMESCALE_DB_NAME names the platform's database and that "
            "TIMESCALE_DB_USER may use the schema iot_data"
        )


def _require_hypertable(connection: Connection) -> None:
    query = text(
        "SELECT FROM timescaledb_information.hypertables "
        "WHERE hypertable_schema = 'iot_data' AND hypertable_name = 'timescale_measurements'"
    )
    if connection.execute(query).one_or_none() is None:
        raise CommandError(
            "iot_data.timescale_measurements is not a hypertable: convert it with "
            "`SELECT create_hypertable('iot_data.timescale_measurements', by_range('time'), "
            "migrate_data => true)`"
        )


def _require_free_legacy_name(connection: Connection) -> None:
    query = text(
        "SELECT FROM pg_class WHERE oid = to_regclass('iot_data.device_parameters') "
        "AND relkind IN ('v', 'm') "
        "AND to_regclass('iot_data.device_parameters_legacy_view') IS NOT NULL"
    )
    if connection.execute(query).one_or_none() is not None:
        raise CommandError(
            "iot_data.device_parameters is a view, and iot_data.device_parameters_legacy_view, the "
            "name it would be kept under, is taken: rename or drop one of them"
        )
