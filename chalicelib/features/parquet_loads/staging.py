"""Good rows on their way into a temporary table, as fast as the server takes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import DBAPIError

from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads.ledger import Span

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_FORBID_NESTED_LOOPS = _statements["forbid_nested_loops"]

# So few are looked up in the tables one by one; of more, whole chunks are read.
FEW_ROWS = 10_000
_TIME = "time"
_CSV = csv.WriteOptions(include_header=False)


@dataclass(frozen=True)
class Stage:
    """The statements of a temporary table for the rows of one kind of dataset."""

    create: TextClause
    copy: TextClause
    drop_repeated: TextClause
    measure: TextClause
    analyze: TextClause
    index: TextClause


@dataclass(frozen=True)
class Staged:
    """What is in the stage; *repeated* rows, by their numbers, were dropped from it."""

    batch_count: int
    row_count: int
    span: Span | None
    repeated: list[int]


def stage(connection: Connection, tables: Stage, batches: Iterator[pa.RecordBatch]) -> Staged:
    """Copy *batches* into the stage, and leave the first row there of each key."""
    connection.execute(tables.create)
    batch_count = copy_in(connection, tables.copy, batches)
    repeated = sorted(connection.execute(tables.drop_repeated).scalars())
    row = connection.execute(tables.measure).one()
    if row.row_count > FEW_ROWS:
        connection.execute(_FORBID_NESTED_LOOPS)
    else:
        connection.execute(tables.index)
    connection.execute(tables.analyze)
    span = Span(row.first, row.last) if row.row_count else None
    return Staged(batch_count, row.row_count, span, repeated)


def copy_in(
    connection: Connection, statement: TextClause, batches: Iterator[pa.RecordBatch]
) -> int:
    """Stream *batches* to the server, one at a time in memory; returns how many there were.

    What *batches* raises comes through as it is; the driver would make it an error of its own.
    """
    stream = _CsvStream(batches)
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor:
            cursor.copy_expert(statement.text, stream)
    except psycopg2.Error as error:
        if stream.failure is not None:
            raise stream.failure from None
        raise _as_sqlalchemy(error, statement.text) from error
    return stream.batch_count


class _CsvStream:
    """What the driver reads: one batch after the other as CSV.

    Arrow writes every text in quotes and null as nothing, just as COPY reads them, and numbers
    with the fewest digits that read back as the same.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.batch_count = 0
        self.failure: Exception | None = None

    def read(self, _: int = -1) -> bytes:
        try:
            batch = next((batch for batch in self._batches if len(batch)), None)
        except Exception as failure:
            self.failure = failure
            raise
        if batch is None:
            return b""
        self.batch_count += 1
        return _as_csv(batch)


def _as_csv(batch: pa.RecordBatch) -> bytes:
    # An instant that knows its zone takes Arrow thirty times as long to write.
    index = batch.schema.get_field_index(_TIME)
    plain = batch.column(index).cast(pa.timestamp("us"))
    buffer = BytesIO()
    csv.write_csv(batch.set_column(index, _TIME, plain), buffer, _CSV)
    return buffer.getvalue()


def _as_sqlalchemy(error: psycopg2.Error, statement: str) -> Exception:
    """As if SQLAlchemy had executed the statement: it knows no COPY."""
    is_lost = isinstance(error, psycopg2.OperationalError) and error.pgcode is None
    wrapped: Exception = DBAPIError.instance(
        statement, None, error, psycopg2.Error, hide_parameters=True, connection_invalidated=is_lost
    )
    return wrapped
