"""Dictionary-encoded columns: what repeats is converted once, and never written out."""

from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.rows import problems
from chalicelib.features.parquet_loads.rows.problems import Converted, Converter


def convert_by_value(
    array: pa.DictionaryArray, convert: Converter, *, is_nullable: bool
) -> Converted:
    """Convert a column by converting each value of its dictionary once.

    Bad values become null before they are spread over their rows. So one huge text that a million
    rows refer to is never written out a million times.
    """
    array = compacted(array)
    inner = convert(array.dictionary)
    found = [replace(each, mask=spread(each.mask, array.indices)) for each in inner.problems]
    if not is_nullable:
        found = problems.occurring([problems.missing(array), *found])
    return Converted(inner.values.take(array.indices), found)


def compacted(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same column without unused values, where the dictionary is longer than the column.

    Every batch comes with the whole dictionary of its file, and the part that it does not use
    must not cost anything each time.
    """
    if len(array.dictionary) <= len(array):
        return array
    used = pc.drop_null(pc.unique(array.indices))
    indices = pc.index_in(array.indices, value_set=used, skip_nulls=True)
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(used))


def spread(mask: pa.BooleanArray, indices: pa.Array) -> pa.BooleanArray:
    """*mask*, which is about the values, for the rows that refer to them."""
    return pc.fill_null(mask.take(indices), False)
