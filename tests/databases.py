"""Where the tests' database comes from.

In this order: the server that $TEST_DATABASE_URL names, a container if a Docker engine answers,
the embedded TimescaleDB. A server is never touched beyond one scratch database,
`device_parameters_test_<pid>`, which is created for the session and dropped at its end; the URL
must name a user who may create databases, and extensions in them. The embedded one has a single
database of its own, thrown away with it.
"""

import gc
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import psycopg2
from sqlalchemy import URL, make_url

from devdb.embedded import EmbeddedTimescale

IMAGE = "timescale/timescaledb:2.28.3-pg17"
URL_VARIABLE = "TEST_DATABASE_URL"
REMEDY = f"set {URL_VARIABLE} to a TimescaleDB server, or start Docker"
# SQLAlchemy would take psycopg 3 where a URL names no driver.
DRIVER = "postgresql+psycopg2"
SET_UP = "CREATE EXTENSION IF NOT EXISTS timescaledb"


@dataclass(frozen=True)
class DatabaseChoice:
    """A database that is available; nothing is started before *open* is entered."""

    label: str
    is_multi_backend: bool
    open: Callable[[], AbstractContextManager[URL]]


def choose() -> DatabaseChoice:
    """The first that is available."""
    if url := os.environ.get(URL_VARIABLE):
        server = server_url(url)
        label = f"{server.host}:{server.port or 5432} ({URL_VARIABLE})"
        return DatabaseChoice(label, True, lambda: scratch_database(server, SET_UP))
    if container := _container():
        return DatabaseChoice(f"container {IMAGE}", True, container)
    return DatabaseChoice("embedded (devdb)", False, _embedded)


def server_url(url: str) -> URL:
    """*url*, which may leave the driver to SQLAlchemy, with the one that this project uses."""
    return make_url(url).set(drivername=DRIVER)


@contextmanager
def scratch_database(server: URL, set_up: str, suffix: str = "") -> Iterator[URL]:
    """A database on *server* in which *set_up* has run, for as long as the context lasts."""
    name = f"device_parameters_test_{os.getpid()}{suffix}"
    # template1 may hold TimescaleDB, whose background worker would keep it from being copied.
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template0")
    try:
        url = server.set(database=name)
        _execute(url, set_up)
        yield url
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def connect(url: URL) -> "psycopg2.extensions.connection":
    """A plain connection in autocommit: on the embedded database, an open transaction blocks."""
    dsn = url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    return connection


def _execute(url: URL, statement: str) -> None:
    connection = connect(url)
    try:
        connection.cursor().execute(statement)
    finally:
        connection.close()


def _container() -> Callable[[], AbstractContextManager[URL]] | None:
    from docker.errors import DockerException
    from testcontainers.community.postgres import PostgresContainer

    # Where no engine answers, the client leaves its socket to the garbage collector.
    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        try:
            container = PostgresContainer(IMAGE)
        except DockerException:
            container = None
        gc.collect()
    if container is None:
        return None

    @contextmanager
    def run() -> Iterator[URL]:
        with container, scratch_database(server_url(container.get_connection_url()), SET_UP) as url:
            yield url

    return run


@contextmanager
def _embedded() -> Iterator[URL]:
    with EmbeddedTimescale() as database:
        yield make_url(database.url).set(query={"sslmode": "disable"})
