"""What is wrong with the values of one column, and how that is told for its rows."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.model import Reason


@dataclass(frozen=True)
class Fault:
    """One way to be bad: *mask*, without nulls, says who is; *problem* says how."""

    reason: Reason
    mask: pa.BooleanArray
    problem: str


@dataclass(frozen=True)
class Converted:
    """A column in its canonical type, null where there is a fault; in order of precedence."""

    values: pa.Array
    faults: list[Fault]


Converter = Callable[[pa.Array], Converted]


def missing(array: pa.Array) -> Fault:
    """Null where a value is required."""
    return Fault(Reason.MISSING, pc.is_null(array), "is missing")


def fault(reason: Reason, mask: pa.Array, problem: str) -> Fault:
    """A fault of those for which *mask* is true; what could not be judged has another fault."""
    return Fault(reason, pc.fill_null(mask, False), problem)


def any_of(faults: list[Fault], length: int) -> pa.BooleanArray:
    """Who has a fault at all."""
    bad = pa.repeat(False, length)
    for found in faults:
        bad = pc.or_(bad, found.mask)
    return bad


def present(faults: list[Fault]) -> list[Fault]:
    """Those that anything has: mostly none."""
    return [found for found in faults if pc.any(found.mask).as_py()]


def without(array: pa.Array, faults: list[Fault]) -> pa.Array:
    """*array* with null in place of what is bad, so that a conversion of the rest cannot fail."""
    if not faults:
        return array
    # Not if_else: its result keeps room for the text it left out, and a take from it repeats that.
    return pc.replace_with_mask(array, any_of(faults, len(array)), pa.scalar(None, array.type))


def by_value(array: pa.Array, convert: Converter, *, is_nullable: bool) -> Converted:
    """Convert a dictionary-encoded column by converting each value once.

    The bad values are null before they are spread over their rows: one huge text that a million
    rows refer to is never written out a million times.
    """
    array = compacted(array)
    inner = convert(array.dictionary)
    faults = [replace(found, mask=_spread(found.mask, array.indices)) for found in inner.faults]
    if not is_nullable:
        faults = present([missing(array), *faults])
    return Converted(inner.values.take(array.indices), faults)


def compacted(array: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same with the values that occur, where the dictionary is longer than the column.

    A file's dictionary comes with every batch again; its unused part must not cost every time.
    """
    if len(array.dictionary) <= len(array):
        return array
    used = pc.drop_null(pc.unique(array.indices))
    indices = pc.index_in(array.indices, value_set=used, skip_nulls=True)
    return pa.DictionaryArray.from_arrays(indices, array.dictionary.take(used))


def _spread(mask: pa.BooleanArray, indices: pa.Array) -> pa.BooleanArray:
    return pc.fill_null(mask.take(indices), False)
