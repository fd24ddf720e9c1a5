"""What must be true of a database before the first revision may touch it."""

from collections.abc import Iterable, Iterator
from types import ModuleType

from alembic.util import CommandError
from sqlalchemy import Connection, text

from chalicelib.database import schema
from migrations import shapes
from migrations.stand_in import StandIn, in_place_of_op

MINIMUM_TIMESCALEDB = (2, 21)
MIGRATION_LOCK = 0x6D696772617465  # "migrate"
SOURCE_TABLES = tuple(shapes.COLUMNS)
_STAMP = (
    f"if these are this application's own, only the table {schema.VERSION_TABLE} was dropped, and "
    "`alembic stamp head` makes it anew; otherwise rename or drop what has these names"
)


def require_sources(
    connection: Connection, tables: Iterable[str] = (), revisions: Iterable[ModuleType] = ()
) -> None:
    """Raise `CommandError` that says all that is wrong, and what to do about it.

    *tables* are those that *revisions*, which are to be applied, create.
    """
    _require_timescaledb(connection)
    _require_community_features(connection)
    problems = [
        *_missing_tables(connection),
        *_missing_hypertable(connection),
        *shapes.problems(connection),
        *_taken_names(connection, tables),
        *_other_tables(connection, revisions),
    ]
    if problems:
        raise CommandError(_said(problems))


def _said(problems: list[str]) -> str:
    if len(problems) == 1:
        return problems[0]
    listed = "".join(f"\n- {problem}" for problem in problems)
    return f"{len(problems)} things have to be put right first; nothing has been changed:{listed}"


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


def _missing_tables(connection: Connection) -> Iterator[str]:
    query = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name "
        "WHERE to_regclass('iot_data.' || name) IS NULL ORDER BY name"
    )
    missing = connection.execute(query, {"names": list(SOURCE_TABLES)}).scalars().all()
    if missing:
        yield (
            f"source tables are missing: {', '.join(f'iot_data.{name}' for name in missing)}; "
            "check that TIMESCALE_DB_NAME names the platform's database and that "
            "TIMESCALE_DB_USER may use the schema iot_data"
        )


def _missing_hypertable(connection: Connection) -> Iterator[str]:
    query = text(
        "SELECT FROM pg_class WHERE oid = to_regclass('iot_data.timescale_measurements') "
        "AND NOT EXISTS (SELECT FROM timescaledb_information.hypertables "
        "WHERE hypertable_schema = 'iot_data' AND hypertable_name = 'timescale_measurements')"
    )
    if connection.execute(query).one_or_none() is not None:
        yield (
            "iot_data.timescale_measurements is not a hypertable: convert it with "
            "`SELECT create_hypertable('iot_data.timescale_measurements', by_range('time'), "
            "migrate_data => true)`"
        )


def _taken_names(connection: Connection, tables: Iterable[str]) -> Iterator[str]:
    """What is there under the names of our own tables; some of them are adopted instead."""
    query = text(
        "SELECT name FROM unnest(CAST(:names AS text[])) AS name "
        "WHERE to_regclass('iot_data.' || name) IS NOT NULL ORDER BY name"
    )
    names = sorted({*tables} - {*shapes.ADOPTED})
    taken = connection.execute(query, {"names": names}).scalars().all()
    if taken:
        # Once some revisions are applied, several of these names are taken by our own tables.
        remedy = _STAMP if len(taken) > 1 else "rename or drop what has them"
        yield (
            f"names that this application takes are in use: "
            f"{', '.join(f'iot_data.{name}' for name in taken)}; {remedy}"
        )
    if _is_legacy_name_taken(connection):
        yield (
            "iot_data.device_parameters is a view, and iot_data.device_parameters_legacy_view, the "
            "name it would be kept under, is taken: rename or drop one of them"
        )


def _is_legacy_name_taken(connection: Connection) -> bool:
    query = text(
        "SELECT FROM pg_class WHERE oid = to_regclass('iot_data.device_parameters') "
        "AND relkind IN ('v', 'm') "
        "AND to_regclass('iot_data.device_parameters_legacy_view') IS NOT NULL"
    )
    return connection.execute(query).one_or_none() is not None


def _other_tables(connection: Connection, revisions: Iterable[ModuleType]) -> Iterator[str]:
    """What the revisions that adopt something say of what is there."""
    for revision in revisions:
        if hasattr(revision, "require_adoptable"):
            with in_place_of_op(revision, StandIn(connection)):
                try:
                    revision.require_adoptable()
                except CommandError as error:
                    yield str(error)
