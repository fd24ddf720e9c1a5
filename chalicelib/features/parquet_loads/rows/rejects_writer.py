"""The rejected rows of a file, written to a Parquet file of their own."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib.features.parquet_loads.parquet.read import ParquetSource
from chalicelib.features.parquet_loads.parquet.refusals import judging
from chalicelib.features.parquet_loads.rows.model import Reason
from chalicelib.features.parquet_loads.rows.problems import Problem
from chalicelib.features.parquet_loads.rows.rejects import (
    readable_batch,
    rejected_rows,
    rejects_schema,
)

_GROUP_ROWS = 65_536
_GROUP_BYTES = 8 * 2**20


class RejectsWriter:
    """Writes rejected rows to *target*, a path or a binary file, and counts them by reason.

    No file is created before there is a row to write; *count* says whether there was one. The file
    is complete when the writer is closed. A binary file that the caller opened stays open.
    """

    def __init__(self, target: str | Path | BinaryIO, source: pa.Schema) -> None:
        self._target = target
        self._schema = rejects_schema(source)
        self._writer: Any = None
        self._pending: list[pa.RecordBatch] = []
        self.counts: Counter[Reason] = Counter()

    @property
    def count(self) -> int:
        """How many rows were rejected so far."""
        return self.counts.total()

    @judging()
    def write(self, batch: pa.RecordBatch) -> None:
        """Add the *rejected* rows of a `CheckedBatch`."""
        if not len(batch):
            return
        for entry in pc.value_counts(batch.column("reason")).to_pylist():
            self.counts[Reason(entry["values"])] += entry["counts"]
        self._pending.append(batch)
        rows, size = sum(map(len, self._pending)), sum(b.nbytes for b in self._pending)
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            self._flush()

    def write_duplicates(self, source: ParquetSource, row_numbers: pa.Int64Array) -> None:
        """Add the rows of *source* with these numbers, which the sink found to repeat a key.

        The file is read a second time. Duplicates are rare, and keeping every row at hand would
        cost much more memory.
        """
        for first_row, batch in source.batches():
            self.write(_repeated(batch, first_row, row_numbers))

    def close(self) -> None:
        """Write the pending rows and the footer."""
        self._flush()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    @judging()
    def _flush(self) -> None:
        if not self._pending:
            return
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._target, self._schema, compression="zstd")
        table = pa.Table.from_batches(self._pending, self._schema).unify_dictionaries()
        self._writer.write_table(table, row_group_size=_GROUP_ROWS)
        self._pending = []


@judging()
def _repeated(batch: pa.RecordBatch, first_row: int, row_numbers: pa.Int64Array) -> pa.RecordBatch:
    numbers = pa.arange(first_row, first_row + len(batch))
    mask = pc.is_in(numbers, value_set=row_numbers)
    repeated = Problem(Reason.DUPLICATE, mask, "an earlier row has the same key")
    shown, _ = readable_batch(batch)
    return rejected_rows(shown, numbers, mask, [repeated])
