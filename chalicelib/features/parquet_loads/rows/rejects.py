"""Rejected rows: as they came, each with its number and with what is wrong with it."""

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.rows import texts
from chalicelib.features.parquet_loads.rows.columns import ROW_NUMBER
from chalicelib.features.parquet_loads.rows.problems import Problem

_SEPARATOR = "; "
_ADDED_FIELDS = (
    ROW_NUMBER,
    pa.field("reason", pa.string(), nullable=False),
    pa.field("detail", pa.string(), nullable=False),
)


def rejects_schema(source: pa.Schema) -> pa.Schema:
    """The columns of *source*, all of them nullable, and what is wrong with the row."""
    return pa.schema([*(field.with_nullable(True) for field in source), *_ADDED_FIELDS])


def rejected_rows(
    batch: pa.RecordBatch, row_numbers: pa.Int64Array, bad: pa.BooleanArray, found: list[Problem]
) -> pa.RecordBatch:
    """The *bad* rows of *batch*, each with its number, its first problem and all its problems."""
    batch = batch.filter(bad)
    reasons, details = pa.nulls(len(batch), pa.string()), pa.repeat("", len(batch))
    for problem in found:
        mask = problem.mask.filter(bad)
        reasons = pc.if_else(pc.and_(pc.is_null(reasons), mask), problem.reason.value, reasons)
        detail = pc.if_else(mask, problem.message + _SEPARATOR, "")
        details = pc.binary_join_element_wise(details, detail, "")
    details = pc.utf8_rtrim(details, _SEPARATOR)
    arrays = [*batch.columns, row_numbers.filter(bad), reasons, details]
    return pa.RecordBatch.from_arrays(arrays, schema=rejects_schema(batch.schema))


def readable_batch(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, dict[str, pa.BooleanArray]]:
    """*batch* with its texts as they can be shown, and masks of what is not UTF-8, by column."""
    arrays, unreadable = [], {}
    for field, array in zip(batch.schema, batch.columns, strict=True):
        shown, mask = texts.readable(storage(array))
        if mask is not None:
            unreadable[field.name] = mask
        arrays.append(_wrapped(shown, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=batch.schema), unreadable


def storage(array: pa.Array) -> pa.Array:
    """The plain values of an array whose type may be an extension."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _wrapped(array: pa.Array, data_type: pa.DataType) -> pa.Array:
    if isinstance(data_type, pa.BaseExtensionType):
        return data_type.wrap_array(array)
    return array
