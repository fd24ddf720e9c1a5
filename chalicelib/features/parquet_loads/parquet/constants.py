"""Columns that have one value in all rows of a file, and that the file itself leaves out."""

from collections.abc import Mapping

import pyarrow as pa


def with_columns(batch: pa.RecordBatch, values: Mapping[str, pa.Scalar]) -> pa.RecordBatch:
    """*batch* with a column for each of *values*, which all of its rows have."""
    for name, value in values.items():
        batch = batch.append_column(name, _repeated(value, len(batch)))
    return batch


def with_fields(schema: pa.Schema, values: Mapping[str, pa.Scalar]) -> pa.Schema:
    """The schema of the batches that `with_columns` makes."""
    for name, value in values.items():
        schema = schema.append(pa.field(name, _repeated(value, 0).type))
    return schema


def _repeated(value: pa.Scalar, length: int) -> pa.Array:
    """Text in a dictionary, so that it is judged once."""
    if not pa.types.is_string(value.type):
        return pa.repeat(value, length)
    indices = pa.repeat(pa.scalar(0 if value.is_valid else None, pa.int32()), length)
    values = [value.as_py()] if value.is_valid else []
    return pa.DictionaryArray.from_arrays(indices, pa.array(values, pa.string()))
