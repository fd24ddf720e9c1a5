"""Where the benchmark's database comes from; nothing but a scratch database is ever touched."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import URL, NullPool, create_engine, make_url, text

from chalicelib import database
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from devdb.embedded import EmbeddedTimescale

URL_VARIABLES = ("BENCH_DATABASE_URL", "TEST_DATABASE_URL")
_ROOT = Path(__file__).resolve().parent.parent
_scratch_numbers = count(1)


def server_from_environment() -> URL | None:
    """The server to measure on; None for the embedded one."""
    for variable in URL_VARIABLES:
        if url := os.environ.get(variable):
            # The driver is named, because SQLAlchemy would take another one for `postgresql://`.
            return make_url(url).set(drivername="postgresql+psycopg2")
    return None


@contextmanager
def scratch(server: URL | None) -> Iterator[SyncSettings]:
    """A migrated database with empty source tables, for as long as the context lasts.

    It may be large, so it goes as well when this process is told to end.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _embedded() if server is None else _scratch_on(server) as variables:
        configured = sync_settings(variables)
        engine = database.engine_for(configured.database)
        try:
            with engine.begin() as connection:
                sources = (_ROOT / "devdb" / "sources.sql").read_text(encoding="utf-8")
                connection.exec_driver_sql(sources)
            _migrate(variables)
            yield configured
        finally:
            engine.dispose()


@contextmanager
def _embedded() -> Iterator[dict[str, str]]:
    with EmbeddedTimescale() as server:
        yield server.environment


@contextmanager
def _scratch_on(server: URL) -> Iterator[dict[str, str]]:
    name = f"device_parameters_bench_{os.getpid()}_{next(_scratch_numbers)}"
    # template1 may hold TimescaleDB, whose background worker would keep it from being copied.
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        _execute(server.set(database=name), "CREATE EXTENSION IF NOT EXISTS timescaledb")
        yield _variables(server.set(database=name))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _variables(url: URL) -> dict[str, str]:
    return {
        "TIMESCALE_DB_HOST": url.host or "localhost",
        "TIMESCALE_DB_PORT": str(url.port or 5432),
        "TIMESCALE_DB_NAME": url.database or "postgres",
        "TIMESCALE_DB_USER": url.username or "postgres",
        "TIMESCALE_DB_PASSWORD": url.password or "",
        "TIMESCALE_DB_SSLMODE": str(url.query.get("sslmode", "prefer")),
    }


def _execute(url: URL, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        connection.execute(text(statement))


def _migrate(variables: dict[str, str]) -> None:
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    environment = {**os.environ, **variables}
    subprocess.run(  # noqa: S603 - our own program, no shell
        command, cwd=_ROOT, env=environment, check=True, stderr=subprocess.DEVNULL
    )
