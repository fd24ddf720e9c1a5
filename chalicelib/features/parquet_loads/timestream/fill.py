"""The file into Timestream: its rows are judged in a first reading and written in a second.

Nothing can be taken back from Timestream. So nothing is written before it is known that the file
may be loaded at all.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.model import Counts, ObjectVersion
from chalicelib.features.parquet_loads.parquet.read import ParquetSource
from chalicelib.features.parquet_loads.rows.duplicates import Duplicates
from chalicelib.features.parquet_loads.rows.model import Reason
from chalicelib.features.parquet_loads.rows.problems import Problem, bad_rows
from chalicelib.features.parquet_loads.rows.rejects import rejected_rows
from chalicelib.features.parquet_loads.rows.validation import Validator
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.task import (
    Outcome,
    RejectsFile,
    Task,
    collected_rejects,
    opened,
)
from chalicelib.features.parquet_loads.timestream.write_requests import (
    RejectedRow,
    unwritable_reasons,
)
from chalicelib.features.parquet_loads.timestream.writer import (
    CONFLICTING_ROW,
    TimestreamWriter,
    WriteResult,
)

_MESSAGES = {
    Reason.TIME_TOO_FINE: "timestamp has digits beyond the millisecond, which Timestream lacks",
    Reason.DIMENSIONS_TOO_LONG: "the texts together are longer than Timestream allows",
}


def fill(settings: TimestreamSettings, task: Task) -> Outcome:
    """Write the good rows of the file.

    Raises an `UnloadableError` before anything is written, or what the writer raises.
    """
    version = record_version(task.found)
    with (
        TimestreamWriter(settings, task.dataset, version, task.deadline) as writer,
        opened(task) as parquet,
        collected_rejects(task, parquet) as rejects,
    ):
        _judge(task, parquet, rejects)
        result = _write(task, parquet, writer)
        _reject_refused(parquet, result.rejected, rejects)
        return Outcome(_counts(parquet, result, rejects), rejects.keep())


def record_version(found: ObjectVersion) -> int:
    """The version of the object's records, such that the object that was modified later wins."""
    return int(found.modified_at.timestamp() * 1000)


def _judge(task: Task, parquet: ParquetSource, rejects: RejectsFile) -> None:
    """Record the bad rows. Raises `TooManyRejectedError` where there are too many."""
    for first_row, batch, good in _judged(task, parquet, rejects):
        rejects.writer.write(_unwritable(batch, first_row, good, task))
        task.on_progress((first_row + len(batch)) // 2, parquet.num_rows)
    if rejects.has_too_many:
        rejects.require_few(rejects.keep())


def _write(task: Task, parquet: ParquetSource, writer: TimestreamWriter) -> WriteResult:
    half = parquet.num_rows // 2
    for first_row, batch, good in _judged(task, parquet):
        writer.write(good.filter(pc.is_null(unwritable_reasons(good, task.dataset))))
        task.on_progress(half + (first_row + len(batch)) // 2, parquet.num_rows)
    return writer.close()


def _judged(
    task: Task, parquet: ParquetSource, rejects: RejectsFile | None = None
) -> Iterator[tuple[int, pa.RecordBatch, pa.RecordBatch]]:
    """Each batch with the number of its first row and with its good rows."""
    duplicates = Duplicates(task.dataset, parquet.num_rows)
    validator = Validator(task.dataset, duplicates, task.settings.assume_time_zone)
    for first_row, batch in parquet.batches():
        checked = validator.check(batch, first_row)
        if rejects is not None:
            rejects.writer.write(checked.rejected)
        yield first_row, batch, checked.good


def _unwritable(
    batch: pa.RecordBatch, first_row: int, good: pa.RecordBatch, task: Task
) -> pa.RecordBatch:
    """The good rows that Timestream cannot hold, as rejected rows."""
    reasons = unwritable_reasons(good, task.dataset)
    numbers = pa.array(range(first_row, first_row + len(batch)), pa.int64())
    found = [
        Problem(reason, _is_one_of(numbers, good, pc.equal(reasons, reason.value)), message)
        for reason, message in _MESSAGES.items()
    ]
    return rejected_rows(batch, numbers, bad_rows(found, len(batch)), found)


def _is_one_of(
    numbers: pa.Int64Array, rows: pa.RecordBatch, is_wanted: pa.BooleanArray
) -> pa.BooleanArray:
    wanted = rows["row_number"].filter(pc.fill_null(is_wanted, False))
    return pc.is_in(numbers, value_set=wanted)


def _reject_refused(
    parquet: ParquetSource, refused: list[RejectedRow], rejects: RejectsFile
) -> None:
    """Record the rows that Timestream refused. They are read from the file once more."""
    by_reason: dict[str, list[int]] = {}
    for row in refused:
        by_reason.setdefault(row.reason, []).append(row.row_number)
    for first_row, batch in parquet.batches() if refused else ():
        numbers = pa.array(range(first_row, first_row + len(batch)), pa.int64())
        for reason, rows in by_reason.items():
            mask = pc.is_in(numbers, value_set=pa.array(rows, pa.int64()))
            problem = Problem(_reason_of(reason), mask, f"Timestream says: {reason}")
            rejects.writer.write(rejected_rows(batch, numbers, mask, [problem]))


def _reason_of(reason: str) -> Reason:
    return Reason.CONFLICTING_ROW if reason == CONFLICTING_ROW else Reason.REFUSED


def _counts(parquet: ParquetSource, result: WriteResult, rejects: RejectsFile) -> Counts:
    return Counts(
        read=parquet.num_rows,
        loaded=result.written + result.superseded,
        rejected=rejects.count,
        shadowed=result.superseded,
        batch=result.batches,
    )
