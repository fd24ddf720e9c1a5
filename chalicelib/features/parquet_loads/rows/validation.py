"""Which rows of a file may be loaded, and why the others may not."""

from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.refusals import judging
from chalicelib.features.parquet_loads.parquet.value_types import is_text, value_type
from chalicelib.features.parquet_loads.rows import (
    columns,
    dictionaries,
    instants,
    jsonb,
    numbers,
    problems,
    texts,
)
from chalicelib.features.parquet_loads.rows.columns import Column, Kind
from chalicelib.features.parquet_loads.rows.duplicates import Duplicates
from chalicelib.features.parquet_loads.rows.model import Reason
from chalicelib.features.parquet_loads.rows.problems import Converted, Converter, Problem
from chalicelib.features.parquet_loads.rows.rejects import readable_batch, rejected_rows, storage

_CONVERTERS: dict[Kind, Converter] = {
    Kind.TIME: instants.convert,
    Kind.TEXT: texts.convert,
    Kind.NUMBER: numbers.convert,
    Kind.FLAG: texts.convert_flags,
    Kind.QUALITY: numbers.convert_quality,
    Kind.JSON: jsonb.convert,
}


@dataclass(frozen=True)
class CheckedBatch:
    """One batch, divided into *good* rows in the canonical schema and *rejected* ones.

    The rejected rows keep the columns of the file. Behind them stand `row_number`, `reason` (the
    first problem) and `detail` (all problems). Invalid UTF-8 is shown as U+FFFD, so that the file
    of rejects can be opened, and a text that no column can hold is cut to its beginning.
    """

    good: pa.RecordBatch
    rejected: pa.RecordBatch


class Validator:
    """Judges the rows of one file of *dataset*, batch by batch, in order.

    With *duplicates* it also rejects every row whose key an earlier good row of the file had: the
    first row stays, whatever the later ones say. Without *duplicates*, the sink has to find them.
    Times without a zone are taken to be in *zone*, if given.
    """

    def __init__(
        self, dataset: Dataset, duplicates: Duplicates | None = None, zone: str | None = None
    ) -> None:
        self._converters: dict[Kind, Converter] = {
            **_CONVERTERS,
            Kind.TIME: partial(instants.convert, zone=zone),
        }
        self._columns = columns.columns_of(dataset)
        self._schema = columns.canonical_schema(dataset)
        self._duplicates = duplicates

    @judging()
    def check(self, batch: pa.RecordBatch, first_row: int) -> CheckedBatch:
        """Divide *batch*, whose first row is row *first_row* of the file, counted from 0."""
        batch, unreadable = readable_batch(batch)
        row_numbers = pa.arange(first_row, first_row + len(batch))
        converted = [self._convert(column, batch, unreadable) for column in self._columns]
        rows = pa.RecordBatch.from_arrays(
            [*(column.values for column in converted), row_numbers], schema=self._schema
        )
        found = [problem for column in converted for problem in column.problems]
        found += self._repeated(rows, problems.bad_rows(found, len(rows)))
        bad = problems.bad_rows(found, len(rows))
        good = rows.filter(pc.invert(bad)) if found else rows
        return CheckedBatch(good, rejected_rows(batch, row_numbers, bad, found))

    def _convert(
        self, column: Column, batch: pa.RecordBatch, unreadable: dict[str, pa.BooleanArray]
    ) -> Converted:
        with judging(f"the column {column.source}"):
            array = storage(batch.column(column.source))
            converted = _converted(column, array, self._converters[column.kind])
        found = converted.problems
        if column.source in unreadable:
            mask = unreadable[column.source]
            found = [Problem(Reason.INVALID_UTF8, mask, "is not UTF-8"), *found]
        named = [replace(each, message=f"{column.source} {each.message}") for each in found]
        return replace(converted, problems=named)

    def _repeated(self, rows: pa.RecordBatch, bad: pa.BooleanArray) -> list[Problem]:
        if self._duplicates is None:
            return []
        keys = ", ".join(column.source for column in self._columns if column.is_key)
        mask = self._duplicates.later_ones(rows, bad)
        repeated = Problem(Reason.DUPLICATE, mask, f"an earlier row has the same {keys}")
        return problems.occurring([repeated])


def _converted(column: Column, array: pa.Array, convert: Converter) -> Converted:
    if pa.types.is_null(value_type(array.type)):
        return Converted(pa.nulls(len(array), columns.canonical_type(column)), [])
    if column.kind is Kind.JSON and not pa.types.is_dictionary(array.type):
        array = _kernel_ready(array).dictionary_encode()
    if pa.types.is_dictionary(array.type):
        return dictionaries.convert_by_value(array, convert, is_nullable=column.is_nullable)
    return convert(_kernel_ready(array))


def _kernel_ready(array: pa.Array) -> pa.Array:
    """Text as all kernels take it: some do not know views, and 32-bit offsets could overflow."""
    return array.cast(pa.large_string()) if is_text(array.type) else array
