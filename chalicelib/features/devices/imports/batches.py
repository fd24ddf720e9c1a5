"""From a file to batches of rows, each of which is one transaction."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.features.devices.imports.errors import FileRefusedError
from chalicelib.features.devices.imports.model import (
    BATCH_BYTES,
    BATCH_ROWS,
    ImportFormat,
    Place,
    Record,
    Row,
)
from chalicelib.features.devices.imports.records import records_of
from chalicelib.features.devices.imports.rows import columns_of, row_of
from chalicelib.features.devices.imports.window import Window


@dataclass(frozen=True)
class Batch:
    """The rows from one place of a file to another, in which the file has these *columns*.

    *is_too_many* says that the file goes on after them, with more rows than it may have.
    """

    rows: tuple[Row, ...]
    before: Place
    after: Place
    columns: tuple[str, ...] | None
    is_too_many: bool = False


def batches_of(
    window: Window,
    spelling: ImportFormat,
    place: Place,
    columns: tuple[str, ...] | None,
    most: int,
) -> Iterator[Batch]:
    """Batches of at most that many rows in all; *columns* are None where no head was read yet.

    Raises `FileRefusedError` where the head of the file is none.
    """
    batch = Batch((), place, place, columns)
    rows: list[Row] = []
    for record in records_of(window, place, spelling):
        if not record.cells and record.refusal is None:
            batch = replace(batch, after=record.after)
        elif spelling is ImportFormat.CSV and batch.columns is None:
            batch = replace(batch, columns=columns_of(record), after=record.after)
        elif most <= 0:
            yield replace(batch, rows=tuple(rows), is_too_many=True)
            return
        else:
            rows.append(_row(record, spelling, batch.columns))
            batch, most = replace(batch, after=record.after), most - 1
        if _is_full(batch, len(rows)):
            yield replace(batch, rows=tuple(rows))
            batch, rows = replace(batch, before=batch.after), []
    if spelling is ImportFormat.CSV and batch.columns is None:
        raise FileRefusedError("the file is empty: its first line has to name the columns")
    if batch.after != batch.before:
        yield replace(batch, rows=tuple(rows))


def _row(record: Record, spelling: ImportFormat, columns: tuple[str, ...] | None) -> Row:
    return row_of(record, spelling, columns or ())


def _is_full(batch: Batch, count: int) -> bool:
    return count == BATCH_ROWS or batch.after.offset - batch.before.offset >= BATCH_BYTES
