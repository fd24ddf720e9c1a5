"""The file into TimescaleDB: its rows are appended, or staged and merged, in one transaction."""

import logging
import time

import pyarrow as pa
from sqlalchemy import Connection

from chalicelib import database
from chalicelib.features.parquet_loads.model import Counts
from chalicelib.features.parquet_loads.parquet.read import ParquetSource
from chalicelib.features.parquet_loads.task import (
    Outcome,
    RejectsFile,
    Task,
    collected_rejects,
    good_batches,
    opened,
)
from chalicelib.features.parquet_loads.timescale import store
from chalicelib.features.parquet_loads.timescale.append import append
from chalicelib.features.parquet_loads.timescale.merge import Incoming, Merged, merge
from chalicelib.features.parquet_loads.timescale.stage import Staged, stage
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange

logger = logging.getLogger(__name__)


def fill(connection: Connection, task: Task) -> Outcome:
    """Bring the rows of the file into the tables, in place of those the object brought before.

    Raises an `UnloadableError` where the file cannot be loaded. The caller must then roll back.
    """
    store.prepare_transaction(connection)
    with opened(task) as parquet:
        return append(connection, task, parquet) or _stage_and_merge(connection, task, parquet)


def _stage_and_merge(connection: Connection, task: Task, parquet: ParquetSource) -> Outcome:
    with collected_rejects(task, parquet) as rejects:
        staged = _stage(connection, task, parquet, rejects)
        rejects_key = rejects.keep()
        rejects.require_few(rejects_key)
        counts = Counts(
            read=parquet.num_rows,
            loaded=staged.row_count,
            rejected=rejects.count,
            batch=staged.batch_count,
            **vars(_merge(connection, task, staged.covered)),
        )
    return Outcome(counts, rejects_key)


def _stage(
    connection: Connection, task: Task, parquet: ParquetSource, rejects: RejectsFile
) -> Staged:
    """Bring the good rows into a temporary table, and the others to the rejects."""
    started = time.monotonic()
    staged = stage(connection, task.dataset, good_batches(task, parquet, rejects))
    if staged.repeated:
        rejects.writer.write_duplicates(parquet, pa.array(staged.repeated, pa.int64()))
    facts = {"row_count": staged.row_count, "seconds": round(time.monotonic() - started, 3)}
    logger.info("rows_staged", extra=facts)
    return staged


def _merge(connection: Connection, task: Task, covered: TimeRange | None) -> Merged:
    started = time.monotonic()
    former = store.former_range(connection, task.found.location)
    ranges = [known for known in (covered, former) if known is not None]
    database.limit_statements(connection, task.deadline)
    store.lock_days(connection, task.dataset, ranges)
    object_id = store.save_object(connection, task.load_id, task.found, covered)
    incoming = Incoming(object_id, task.dataset, task.found, covered, former, task.deadline)
    merged = merge(connection, incoming)
    logger.info("rows_merged", extra={"seconds": round(time.monotonic() - started, 3)})
    return merged
