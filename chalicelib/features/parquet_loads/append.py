"""Measurements of a time of which there are none yet: straight into their table.

There is nothing to compare them with. By way of a stage they would end in an INSERT, which writes a
WAL record a row, where COPY writes one for many.
"""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, NotSupportedError

from chalicelib import database
from chalicelib.database.statements import load_statements
from chalicelib.features.parquet_loads import instants, store
from chalicelib.features.parquet_loads.columns import ROW_NUMBER
from chalicelib.features.parquet_loads.ledger import Counts, Span
from chalicelib.features.parquet_loads.read import ParquetSource
from chalicelib.features.parquet_loads.staging import copy_in
from chalicelib.features.parquet_loads.task import Outcome, Rejects, Task, good_batches, rejects_of

logger = logging.getLogger(__name__)

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_ARE_MEASUREMENTS_APPENDABLE = _statements["are_measurements_appendable"]
_APPEND_MEASUREMENTS = _statements["append_measurements"]
_CLAIM_APPENDED_MEASUREMENTS = _statements["claim_appended_measurements"]

_TIME = "time"


class _NotAppendableError(Exception):
    """The rows must be merged; says why."""


def append(connection: Connection, task: Task, parquet: ParquetSource) -> Outcome | None:
    """Fill the table with the rows of *parquet*; None, with nothing done, if they must be merged.

    That may turn out late: because a row is repeated in the file, or another writer adds one of its
    time. What was copied until then is taken back, and stays for the next vacuum.
    """
    if task.dataset.is_energy:
        return None
    savepoint = connection.begin_nested()
    try:
        outcome = _append(connection, task, parquet)
    except (_NotAppendableError, IntegrityError, NotSupportedError) as error:
        savepoint.rollback()
        reason = str(error) if isinstance(error, _NotAppendableError) else type(error).__name__
        logger.info("rows_not_appendable", extra={"reason": reason})
        return None
    savepoint.commit()
    return outcome


def _append(connection: Connection, task: Task, parquet: ParquetSource) -> Outcome:
    started = time.monotonic()
    _require_unknown_time(connection, task, _span(parquet))
    with rejects_of(task, parquet) as rejects:
        tally = _Tally(rejects)
        batches = tally.counted(good_batches(task, parquet, rejects))
        batch_count = copy_in(connection, _APPEND_MEASUREMENTS, batches)
        _claim(connection, task, tally)
        rejects_key = rejects.keep()
        rejects.require_few(rejects_key)
    facts = {"row_count": tally.row_count, "seconds": round(time.monotonic() - started, 3)}
    logger.info("rows_appended", extra=facts)
    counts = Counts(
        read=parquet.num_rows,
        loaded=tally.row_count,
        rejected=rejects.count,
        batch=batch_count,
        added=tally.row_count,
    )
    return Outcome(counts, rejects_key)


def _require_unknown_time(connection: Connection, task: Task, span: Span | None) -> None:
    """Raises where not all readings between the instants of *span* will be those of the file.

    The days are locked first. Who waited for them would find other readings there.
    """
    if span is None:
        raise _NotAppendableError("the file has no instants to go by")
    if store.former_span(connection, task.found.location) is not None:
        raise _NotAppendableError("the object has been loaded before")
    if not store.try_lock_days(connection, task.dataset, [span]):
        raise _NotAppendableError("others are loading these days")
    if not connection.execute(_ARE_MEASUREMENTS_APPENDABLE, _named(span)).scalar_one():
        raise _NotAppendableError("there are measurements of that time")


class _Tally:
    """What has been copied so far."""

    def __init__(self, rejects: Rejects) -> None:
        self._rejects = rejects
        self.row_count = 0
        self.span: Span | None = None

    def counted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """*batches* as the table takes them; raises as soon as there are too many rejects.

        What is refused as a whole must not be copied into the table first.
        """
        for batch in batches:
            if self._rejects.are_many:
                raise _NotAppendableError("too many rows are bad")
            self.row_count += len(batch)
            self.span = _joined(self.span, _span_of(batch.column(_TIME)))
            yield batch.drop_columns([ROW_NUMBER.name])


def _claim(connection: Connection, task: Task, tally: _Tally) -> None:
    """Record what the object brings; raises where another writer has come between."""
    if tally.span is None:
        raise _NotAppendableError("no row is good")
    database.limit_statements(connection, task.deadline)
    object_id = store.save_object(connection, task.load_id, task.found, tally.span)
    values = {"object_id": object_id, **_named(tally.span)}
    claimed = connection.execute(_CLAIM_APPENDED_MEASUREMENTS, values).scalar_one()
    if claimed != tally.row_count:
        raise _NotAppendableError("another writer has added measurements of that time")


def _span(parquet: ParquetSource) -> Span | None:
    """What the times in the file cover; None also for text, which would be dear to read twice."""
    if not pa.types.is_timestamp(parquet.schema.field(_TIME).type):
        return None
    span = None
    for times in parquet.column(_TIME):
        span = _joined(span, _span_of(instants.convert(times).values))
    return span


def _span_of(times: pa.Array) -> Span | None:
    bounds = pc.min_max(times).as_py()
    return Span(bounds["min"], bounds["max"]) if bounds["min"] is not None else None


def _joined(one: Span | None, other: Span | None) -> Span | None:
    if one is None or other is None:
        return one or other
    return Span(min(one.first, other.first), max(one.last, other.last))


def _named(span: Span) -> dict[str, object]:
    return {"first_time": span.first, "last_time": span.last}
