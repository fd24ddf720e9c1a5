"""The statements of the aggregate, as functions: a connection first, domain values out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline, schema
from chalicelib.database.extension import in_extension_schema, in_schema, require_hypertables
from chalicelib.database.statements import statements_beside
from chalicelib.errors import AggregateMissingError
from chalicelib.features.device_parameters.model import Span, merged
from chalicelib.instants import EARLIEST_INSTANT

sql = statements_beside(__file__)

AGGREGATES = ("device_parameters_hourly", "device_parameter_sets_hourly")


@contextmanager
def refresh_session(
    engine: Engine, deadline: Deadline, *, work_mem_mb: int
) -> Iterator[Connection]:
    """A connection on which refreshing is fast.

    The planner multiplies two overlapping range conditions, expects thousands of rows instead
    of millions, and sorts; with sorting off it hashes, three to four times faster. A bucket that
    is compressed may be replaced, whatever its size. Its commits do not wait for the disk: what a
    server forgets as it dies takes along that it was up to date, and any later commit that waits
    brings it to the disk as well.
    """
    settings = {
        "enable_sort": "off",
        "jit": "off",
        "synchronous_commit": "off",
        "work_mem": f"{work_mem_mb}MB",
        "timescaledb.max_tuples_decompressed_per_dml_transaction": "0",
    }
    with database.session(engine, deadline, settings) as connection:
        yield connection


def materialize(connection: Connection, span: Span, *, is_forced: bool = False) -> None:
    """Materialize the buckets of *span*, pairs first and then their sets.

    What is up to date costs next to nothing. With *is_forced*, what TimescaleDB takes to be up to
    date is materialized anew. The connection must be in autocommit: the procedure commits on its
    own.
    """
    place = require_hypertables(connection)
    for statement in (sql.refresh_pairs, sql.refresh_sets):
        refresh = in_schema(statement, place)
        connection.execute(refresh, {**vars(span), "is_forced": is_forced})


def gather_sets(connection: Connection, span: Span) -> None:
    """Materialize the sets of *span* from the pairs that are known, whatever has been measured."""
    refresh = in_extension_schema(connection, sql.refresh_sets)
    connection.execute(refresh, {**vars(span), "is_forced": False})


def measured_spans(connection: Connection, span: Span) -> list[Span]:
    """The parts of *span* for which there are chunks of measurements, in order.

    Of the rest, whose measurements were dropped or detached, the aggregate keeps what it knows.
    """
    rows = connection.execute(sql.measured_spans, vars(span))
    return merged(Span(row.start, row.end) for row in rows)


def materialized_until(connection: Connection) -> datetime | None:
    """Until when the aggregate is materialized, now at most; None before anything is."""
    until: datetime | None = connection.execute(sql.materialized_until).scalar_one()
    return until


def require_aggregates(connection: Connection) -> None:
    """Raise `AggregateMissingError` unless both continuous aggregates are there."""
    missing = set(AGGREGATES) - set(connection.execute(sql.list_aggregates).scalars())
    if missing:
        raise AggregateMissingError(
            f"the continuous aggregate iot_data.{min(missing)} does not exist; {schema.REPAIR}"
        )


def earliest_measurement(connection: Connection) -> datetime | None:
    """The time of the oldest measurement still there, of those that a clock which is set made."""
    values = {"since": EARLIEST_INSTANT}
    earliest: datetime | None = connection.execute(sql.earliest_measurement, values).scalar_one()
    return earliest


def earliest_known(connection: Connection) -> datetime | None:
    """The same, or the start of the oldest bucket that is materialized, whichever is earlier."""
    values = {"since": EARLIEST_INSTANT}
    earliest: datetime | None = connection.execute(sql.earliest_known, values).scalar_one()
    return earliest
