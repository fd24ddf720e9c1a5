"""Measurements of a time that has none yet: they go straight into their table.

There is nothing to compare them with. Staged rows would end in an INSERT, which writes a WAL record
for each row, where COPY writes one for many.
"""

import logging
import time
from collections.abc import Iterator

import pyarrow as pa
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, NotSupportedError

from chalicelib import database
from chalicelib.database.statements import statements_beside
from chalicelib.features.parquet_loads.model import Counts
from chalicelib.features.parquet_loads.parquet.read import ParquetSource
from chalicelib.features.parquet_loads.parquet.refusals import judging
from chalicelib.features.parquet_loads.rows import instants
from chalicelib.features.parquet_loads.rows.columns import ROW_NUMBER
from chalicelib.features.parquet_loads.task import (
    Outcome,
    RejectsFile,
    Task,
    collected_rejects,
    good_batches,
)
from chalicelib.features.parquet_loads.timescale import store
from chalicelib.features.parquet_loads.timescale.csv_copy import copy_in
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange, bounds, union

logger = logging.getLogger(__name__)

sql = statements_beside(__file__, "append.sql")

_TIME = "time"


class _NotAppendableError(Exception):
    """The rows must be merged; the message says why."""


def append(connection: Connection, task: Task, parquet: ParquetSource) -> Outcome | None:
    """Fill the table with the rows of *parquet*. None, with nothing done, if they must be merged.

    That may turn out late, because a row is repeated in the file, or because another writer adds a
    row of the same time. The rows copied by then are rolled back, and their space is freed by the
    next vacuum.
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
    _require_free_time(connection, task, _range_of(task, parquet))
    with collected_rejects(task, parquet) as rejects:
        tally = _Tally(rejects)
        batches = tally.counted(good_batches(task, parquet, rejects))
        batch_count = copy_in(connection, sql.append_rows, batches)
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


def _require_free_time(connection: Connection, task: Task, covered: TimeRange | None) -> None:
    """Raises unless the file will bring all readings of the time that it covers.

    The days must be locked at once. A load that had to wait for them would find the readings of
    the load it waited for.
    """
    if covered is None:
        raise _NotAppendableError("the file has no instants to go by")
    if store.former_range(connection, task.found.location) is not None:
        raise _NotAppendableError("the object has been loaded before")
    if not store.try_lock_days(connection, task.dataset, [covered]):
        raise _NotAppendableError("others are loading these days")
    if not connection.execute(sql.is_time_free, bounds(covered)).scalar_one():
        raise _NotAppendableError("there are measurements of that time")


class _Tally:
    """What has been copied so far."""

    def __init__(self, rejects: RejectsFile) -> None:
        self._rejects = rejects
        self.row_count = 0
        self.covered: TimeRange | None = None

    def counted(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """*batches* as the table takes them. Raises as soon as there are too many rejected rows.

        If the file is refused because of them, nothing should have been copied into the table.
        """
        for batch in batches:
            if self._rejects.has_too_many:
                raise _NotAppendableError("too many rows are bad")
            self.row_count += len(batch)
            self.covered = union(self.covered, TimeRange.of(batch.column(_TIME)))
            yield batch.drop_columns([ROW_NUMBER.name])


def _claim(connection: Connection, task: Task, tally: _Tally) -> None:
    """Record what the object brings. Raises where another writer has added to the same time."""
    if tally.covered is None:
        raise _NotAppendableError("no row is good")
    database.limit_statements(connection, task.deadline)
    object_id = store.save_object(connection, task.load_id, task.found, tally.covered)
    values = {"object_id": object_id, **bounds(tally.covered)}
    claimed = connection.execute(sql.claim_appended, values).scalar_one()
    if claimed != tally.row_count:
        raise _NotAppendableError("another writer has added measurements of that time")


def _range_of(task: Task, parquet: ParquetSource) -> TimeRange | None:
    """What the times in the file cover; None also for text, which takes too long to read twice."""
    if not pa.types.is_timestamp(parquet.schema.field(_TIME).type):
        return None
    covered, zone = None, task.settings.assume_time_zone
    for times in parquet.column(_TIME):
        with judging(f"the column {_TIME}"):
            covered = union(covered, TimeRange.of(instants.convert(times, zone).values))
    return covered
