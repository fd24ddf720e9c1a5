"""COPY: batches of rows to the server, as fast as it takes them."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import psycopg2
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import DBAPIError

_TIME = "time"
_CSV = csv.WriteOptions(include_header=False)


def copy_in(
    connection: Connection, statement: TextClause, batches: Iterator[pa.RecordBatch]
) -> int:
    """Stream *batches* to the server, one at a time in memory, and return how many there were.

    The driver would turn an error that *batches* raises into one of its own. Here it is raised as
    it is.
    """
    stream = _CsvStream(batches)
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor:
            cursor.copy_expert(statement.text, stream)
    except psycopg2.Error as error:
        if stream.error is not None:
            raise stream.error from None
        raise _as_sqlalchemy(error, statement.text) from error
    return stream.batch_count


class _CsvStream:
    """What the driver reads: one batch after the other, as CSV.

    Arrow writes every text in quotes and null as nothing, which is just how COPY reads them. It
    writes numbers with the fewest digits that read back as the same number.
    """

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self.batch_count = 0
        self.error: Exception | None = None

    def read(self, _: int = -1) -> bytes:
        try:
            batch = next((batch for batch in self._batches if len(batch)), None)
        except Exception as error:
            self.error = error
            raise
        if batch is None:
            return b""
        self.batch_count += 1
        return as_csv(batch)


def as_csv(batch: pa.RecordBatch) -> bytes:
    """The rows of *batch* as COPY reads them."""
    # Arrow takes thirty times as long to write an instant that knows its zone.
    index = batch.schema.get_field_index(_TIME)
    plain = batch.column(index).cast(pa.timestamp("us"))
    buffer = BytesIO()
    csv.write_csv(batch.set_column(index, _TIME, plain), buffer, _CSV)
    return buffer.getvalue()


def _as_sqlalchemy(error: psycopg2.Error, statement: str) -> Exception:
    """The error as SQLAlchemy would raise it, if it had executed the statement. It has no COPY."""
    is_lost = isinstance(error, psycopg2.OperationalError) and error.pgcode is None
    wrapped: Exception = DBAPIError.instance(
        statement, None, error, psycopg2.Error, hide_parameters=True, connection_invalidated=is_lost
    )
    return wrapped
