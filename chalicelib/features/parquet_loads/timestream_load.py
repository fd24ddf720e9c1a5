"""Rows into Timestream: judged in a first reading of the file, written in a second.

Nothing can be taken back from Timestream, so nothing is written before it is known that the file
may be loaded at all.
"""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.duplicates import Duplicates
from chalicelib.features.parquet_loads.faults import Fault
from chalicelib.features.parquet_loads.ledger import Counts, ObjectVersion
from chalicelib.features.parquet_loads.model import Reason
from chalicelib.features.parquet_loads.read import ParquetSource
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.task import Outcome, Rejects, Task, opened, rejects_of
from chalicelib.features.parquet_loads.timestream import CONFLICTING_ROW, SinkResult, TimestreamSink
from chalicelib.features.parquet_loads.timestream_records import RejectedRow, problems
from chalicelib.features.parquet_loads.validate import Validator, rejected

_PROBLEMS = {
    Reason.TIME_TOO_FINE: "timestamp has digits beyond the millisecond, and Timestream does not",
    Reason.DIMENSIONS_TOO_LONG: "the texts are longer than Timestream takes together",
}


def fill(settings: TimestreamSettings, task: Task) -> Outcome:
    """Write the good rows of the file.

    Raises an `UnloadableError` before anything is written, or what the sink raises.
    """
    version = record_version(task.found)
    with (
        TimestreamSink(settings, task.dataset, version, task.deadline) as sink,
        opened(task) as parquet,
        rejects_of(task, parquet) as rejects,
    ):
        _judge(task, parquet, rejects)
        result = _write(task, parquet, sink)
        _reject_refused(parquet, result.rejected, rejects)
        return Outcome(_counts(parquet, result, rejects), rejects.keep())


def record_version(found: ObjectVersion) -> int:
    """The version of the object's records: of two objects, the one modified later wins."""
    return int(found.modified_at.timestamp() * 1000)


def _judge(task: Task, parquet: ParquetSource, rejects: Rejects) -> None:
    """Write down what is bad; raises `TooManyRejectedError` where that is too much."""
    for first_row, batch, good in _judged(task, parquet, rejects):
        rejects.writer.write(_unwritable(batch, first_row, good, task))
        task.on_progress((first_row + len(batch)) // 2, parquet.num_rows)
    if rejects.are_many:
        rejects.require_few(rejects.keep())


def _write(task: Task, parquet: ParquetSource, sink: TimestreamSink) -> SinkResult:
    half = parquet.num_rows // 2
    for first_row, batch, good in _judged(task, parquet):
        sink.write(good.filter(pc.is_null(problems(good, task.dataset))))
        task.on_progress(half + (first_row + len(batch)) // 2, parquet.num_rows)
    return sink.close()


def _judged(
    task: Task, parquet: ParquetSource, rejects: Rejects | None = None
) -> Iterator[tuple[int, pa.RecordBatch, pa.RecordBatch]]:
    """Batches with the number of their first row and their good rows."""
    validator = Validator(task.dataset, Duplicates(task.dataset, parquet.num_rows))
    for first_row, batch in parquet.batches():
        checked = validator.check(batch, first_row)
        if rejects is not None:
            rejects.writer.write(checked.rejected)
        yield first_row, batch, checked.good


def _unwritable(
    batch: pa.RecordBatch, first_row: int, good: pa.RecordBatch, task: Task
) -> pa.RecordBatch:
    """The good rows that Timestream has no place for."""
    reasons = problems(good, task.dataset)
    numbers = pa.array(range(first_row, first_row + len(batch)), pa.int64())
    found = [
        Fault(reason, _is_one_of(numbers, good, pc.equal(reasons, reason.value)), problem)
        for reason, problem in _PROBLEMS.items()
    ]
    return rejected(batch, numbers, pc.or_(found[0].mask, found[1].mask), found)


def _is_one_of(
    numbers: pa.Int64Array, rows: pa.RecordBatch, is_wanted: pa.BooleanArray
) -> pa.BooleanArray:
    wanted = rows["row_number"].filter(pc.fill_null(is_wanted, False))
    return pc.is_in(numbers, value_set=wanted)


def _reject_refused(parquet: ParquetSource, refused: list[RejectedRow], rejects: Rejects) -> None:
    """Write down what the service would not take; the file is read once more for it."""
    by_reason: dict[str, list[int]] = {}
    for row in refused:
        by_reason.setdefault(row.reason, []).append(row.row_number)
    for first_row, batch in parquet.batches() if refused else ():
        numbers = pa.array(range(first_row, first_row + len(batch)), pa.int64())
        for said, rows in by_reason.items():
            is_refused = pc.is_in(numbers, value_set=pa.array(rows, pa.int64()))
            fault = Fault(_reason_of(said), is_refused, f"Timestream says: {said}")
            rejects.writer.write(rejected(batch, numbers, is_refused, [fault]))


def _reason_of(said: str) -> Reason:
    return Reason.CONFLICTING_ROW if said == CONFLICTING_ROW else Reason.REFUSED


def _counts(parquet: ParquetSource, result: SinkResult, rejects: Rejects) -> Counts:
    return Counts(
        read=parquet.num_rows,
        loaded=result.written + result.superseded,
        rejected=rejects.count,
        shadowed=result.superseded,
        batch=result.batches,
    )
