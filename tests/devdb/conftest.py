"""One embedded server for the tests of the server itself."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions

from devdb.embedded import EmbeddedTimescale

Connect = Callable[..., extensions.connection]


@pytest.fixture(scope="session")
def embedded() -> Iterator[EmbeddedTimescale]:
    with EmbeddedTimescale(lock_wait_seconds=1) as server:
        yield server


@pytest.fixture
def connect(embedded: EmbeddedTimescale) -> Iterator[Connect]:
    """Opens sessions; keyword arguments are those of psycopg2.connect, and `autocommit`."""
    opened: list[extensions.connection] = []

    def open_session(*, autocommit: bool = True, **options: Any) -> extensions.connection:
        session: extensions.connection = psycopg2.connect(embedded.dsn, **options)
        session.autocommit = autocommit
        opened.append(session)
        return session

    yield open_session
    for session in opened:
        session.close()


@pytest.fixture
def cursor(connect: Connect) -> Iterator[extensions.cursor]:
    with closing(connect().cursor()) as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS iot CASCADE; CREATE SCHEMA iot")
        yield cursor


@pytest.fixture
def measurements(cursor: extensions.cursor) -> extensions.cursor:
    """A cursor on a database with a hypertable and an hourly continuous aggregate."""
    cursor.execute(
        """
        CREATE TABLE iot.measurements (
            time timestamptz NOT NULL,
            device_id text NOT NULL,
            parameter_id text NOT NULL,
            value float8,
            PRIMARY KEY (time, device_id, parameter_id)
        )"""
    )
    cursor.execute(
        "SELECT create_hypertable('iot.measurements', by_range('time', INTERVAL '1 day'))"
    )
    cursor.execute(
        """
        CREATE MATERIALIZED VIEW iot.hourly
        WITH (timescaledb.continuous, timescaledb.materialized_only = true) AS
        SELECT time_bucket('1 hour', time) AS bucket, device_id, parameter_id,
               count(*) AS row_count, max(time) AS last_seen_at
        FROM iot.measurements
        GROUP BY 1, 2, 3
        WITH NO DATA"""
    )
    return cursor
