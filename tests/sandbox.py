"""The tests' own database: brought into a known state, asked and told things in plain SQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self

import psycopg2
from alembic import command
from alembic.config import Config
from sqlalchemy import URL

from chalicelib.features import gathered_metadata
from chalicelib.settings import DatabaseSettings
from migrations.preflight import SOURCE_TABLES
from tests import databases
from tests.databases import connect

PROJECT = Path(__file__).resolve().parent.parent
SOURCES = (PROJECT / "devdb" / "sources.sql").read_text(encoding="utf-8")
# The hypertables, whose chunks a DELETE would leave behind.
SERIES = ("iot_data.timescale_measurements", "iot_data.energy_readings")
# Those that refer to others come first.
TABLES = (
    *(table.fullname for table in reversed(gathered_metadata().sorted_tables)),
    *(f"iot_data.{table}" for table in SOURCE_TABLES),
)
_FILLED_TABLES = " UNION ALL ".join(
    f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in TABLES
)
_RESTART_SEQUENCES = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE schemaname = 'iot_data'
"""


class Sandbox:
    """One database, one plain connection in autocommit."""

    SET_UP: ClassVar[str] = databases.SET_UP

    def __init__(self, url: URL, *, is_multi_backend: bool) -> None:
        self.url = url
        self.is_multi_backend = is_multi_backend
        self._is_migrated = False
        self._connection: psycopg2.extensions.connection | None = None

    def rows(self, query: str, values: object = None) -> list[tuple[Any, ...]]:
        """What *query* returns; %s and %(name)s stand for *values*."""
        with self._open().cursor() as cursor:
            cursor.execute(query, values)  # type: ignore[arg-type]
            # An empty one is that of `SELECT FROM …`, which has rows without columns.
            return cursor.fetchall() if cursor.description is not None else []

    def value(self, query: str, values: object = None) -> Any:
        """The one value that *query* returns."""
        [[value]] = self.rows(query, values)
        return value

    def now(self) -> datetime:
        """The database's clock."""
        instant: datetime = self.value("SELECT clock_timestamp()")
        return instant

    def clear(self) -> None:
        """Remove all that is ours and all that is the platform's."""
        self._is_migrated = False
        self.rows("DROP SCHEMA IF EXISTS iot_data CASCADE")

    def create_sources(self) -> None:
        """Make the platform's tables, empty, and nothing of ours."""
        self.clear()
        self.rows(SOURCES)

    def migrate(self) -> None:
        """Bring everything to head, and empty it. It is rebuilt only where a test took it apart."""
        if self._is_migrated:
            self.empty()
            return
        self.create_sources()
        self.upgrade()
        self._is_migrated = True

    def upgrade(self, revision: str = "head") -> None:
        """Migrate up to *revision*, on the database and as the role that the environment names."""
        command.upgrade(alembic_config(), revision)

    def empty(self) -> None:
        """Delete the rows of every table of a migrated database.

        Most tests fill a few tables with a few rows, and to truncate all tables takes ten times as
        long as to delete those. Vacuuming leaves no dead rows to the tests that follow.
        """
        self._empty_series()
        if filled := [table for [table] in self.rows(_FILLED_TABLES)]:
            self.rows("; ".join(f"DELETE FROM {table}" for table in filled))
            self.rows(f"VACUUM {', '.join(filled)}")
        self.rows(_RESTART_SEQUENCES)

    def _empty_series(self) -> None:
        if self.rows("SELECT FROM _timescaledb_catalog.chunk LIMIT 1"):
            self.rows(f"TRUNCATE {', '.join(SERIES)}")
            # Empties the materializations and marks every bucket as outdated.
            self.rows("TRUNCATE iot_data.device_parameters_hourly")
            self.rows("TRUNCATE iot_data.device_parameter_sets_hourly")

    def expect_rebuild(self) -> None:
        """The test that follows alters the schema, so that the next one needs a new one."""
        self._is_migrated = False

    @contextmanager
    def neighbour(self, suffix: str) -> Iterator[Self]:
        """Another database on the same server, for as long as the context lasts."""
        with databases.scratch_database(self.url, self.SET_UP, suffix) as url:
            neighbour = type(self)(url, is_multi_backend=self.is_multi_backend)
            try:
                yield neighbour
            finally:
                neighbour.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @property
    def settings(self) -> DatabaseSettings:
        """How the application finds this database."""
        url = self.url
        return DatabaseSettings(
            host=url.host or "localhost",
            port=url.port or 5432,
            name=url.database or "",
            user=url.username or "",
            password=str(url.password or ""),
            sslmode=str(url.query.get("sslmode", "prefer")),
        )

    @property
    def environment(self) -> dict[str, str]:
        """The same as environment variables."""
        settings = self.settings
        return {
            "TIMESCALE_DB_HOST": str(settings.host),
            "TIMESCALE_DB_PORT": str(settings.port),
            "TIMESCALE_DB_NAME": str(settings.name),
            "TIMESCALE_DB_USER": str(settings.user),
            "TIMESCALE_DB_PASSWORD": str(settings.password),
            "TIMESCALE_DB_SSLMODE": settings.sslmode,
            # Tests look at any instant, and what is too old is read from the measurements.
            "AGGREGATE_RETENTION_DAYS": "36500",
        }

    def _open(self) -> psycopg2.extensions.connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.url)
        return self._connection


def alembic_config(*, drop_data: bool = False) -> Config:
    """The project's configuration of Alembic, which leaves the logging of the tests alone."""
    config = Config(PROJECT / "alembic.ini")
    config.attributes.update(logs=False, drop_data=drop_data)
    return config
