"""Rows into TimescaleDB: staged, counted, merged, in the transaction of the caller."""

import logging
import time

import pyarrow as pa
from sqlalchemy import Connection

from chalicelib import database
from chalicelib.features.parquet_loads import energy, measurements, store
from chalicelib.features.parquet_loads.append import append
from chalicelib.features.parquet_loads.ledger import Counts, Span
from chalicelib.features.parquet_loads.merging import Incoming, Merged
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.read import ParquetSource
from chalicelib.features.parquet_loads.staging import Stage, Staged, stage
from chalicelib.features.parquet_loads.task import (
    Outcome,
    Rejects,
    Task,
    good_batches,
    opened,
    rejects_of,
)

logger = logging.getLogger(__name__)


def fill(connection: Connection, task: Task) -> Outcome:
    """Make the tables hold what the file brings, in place of what the object brought before.

    Raises an `UnloadableError` where the file cannot be loaded; nothing is then to be committed.
    """
    store.prepare_transaction(connection)
    with opened(task) as parquet:
        return append(connection, task, parquet) or _fill_by_way_of_stage(connection, task, parquet)


def _fill_by_way_of_stage(connection: Connection, task: Task, parquet: ParquetSource) -> Outcome:
    with rejects_of(task, parquet) as rejects:
        staged = _stage(connection, task, parquet, rejects)
        rejects_key = rejects.keep()
        rejects.require_few(rejects_key)
        counts = Counts(
            read=parquet.num_rows,
            loaded=staged.row_count,
            rejected=rejects.count,
            batch=staged.batch_count,
            **vars(_merge(connection, task, staged.span)),
        )
    return Outcome(counts, rejects_key)


def _stage(connection: Connection, task: Task, parquet: ParquetSource, rejects: Rejects) -> Staged:
    """The good rows in a temporary table, the others with the rejects."""
    started = time.monotonic()
    staged = stage(connection, _stage_of(task.dataset), good_batches(task, parquet, rejects))
    if staged.repeated:
        rejects.writer.write_duplicates(parquet, pa.array(staged.repeated, pa.int64()))
    facts = {"row_count": staged.row_count, "seconds": round(time.monotonic() - started, 3)}
    logger.info("rows_staged", extra=facts)
    return staged


def _merge(connection: Connection, task: Task, span: Span | None) -> Merged:
    started = time.monotonic()
    former = store.former_span(connection, task.found.location)
    spans = [known for known in (span, former) if known is not None]
    database.limit_statements(connection, task.deadline)
    store.lock_days(connection, task.dataset, spans)
    object_id = store.save_object(connection, task.load_id, task.found, span)
    incoming = Incoming(object_id, task.dataset, task.found, span, former, task.deadline)
    merge = energy.merge if task.dataset.is_energy else measurements.merge
    merged = merge(connection, incoming)
    logger.info("rows_merged", extra={"seconds": round(time.monotonic() - started, 3)})
    return merged


def _stage_of(dataset: Dataset) -> Stage:
    return energy.STAGE if dataset.is_energy else measurements.STAGE
