"""Numbers that a double, or a small integer, holds without loss."""

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads import faults
from chalicelib.features.parquet_loads.faults import Converted, Fault
from chalicelib.features.parquet_loads.model import MAX_EXACT_INTEGER, Reason

_SMALLINT = (-(2**15), 2**15 - 1)


def convert(array: pa.Array) -> Converted:
    """The value of a reading: finite, and the same number as a double."""
    numbers = _doubles(array)
    found = [
        faults.missing(array),
        faults.fault(Reason.NOT_FINITE, pc.invert(pc.is_finite(numbers)), "is not finite"),
        *_inexact(array),
    ]
    found = faults.present(found)
    return Converted(faults.without(numbers, found), found)


def convert_quality(array: pa.Array) -> Converted:
    """The quality of a measurement, a whole number of 16 bits, or null.

    A column of integers with gaps comes as floats from many a writer; whole ones are as good.
    """
    lowest, highest = _SMALLINT
    numbers = _doubles(array)
    is_whole = pc.and_(pc.is_finite(numbers), pc.equal(pc.floor(numbers), numbers))
    is_small = pc.and_(pc.greater_equal(numbers, lowest), pc.less_equal(numbers, highest))
    unknown = faults.fault(
        Reason.UNKNOWN_QUALITY,
        pc.invert(pc.and_(is_whole, is_small)),
        f"is not a whole number from {lowest} to {highest}",
    )
    found = faults.present([unknown])
    return Converted(faults.without(numbers, found).cast(pa.int16()), found)


def _doubles(array: pa.Array) -> pa.Array:
    if pa.types.is_decimal(array.type):
        # Straight to double, Arrow rounds twice: every fifth number of 15 digits is off by a bit.
        array = array.cast(pa.string())
    return array.cast(pa.float64(), safe=False)


def _inexact(array: pa.Array) -> list[Fault]:
    if not pa.types.is_integer(array.type) or array.type.bit_width < 64:
        return []
    is_long = pc.greater(array, pa.scalar(MAX_EXACT_INTEGER, array.type))
    if pa.types.is_signed_integer(array.type):
        is_short = pc.less(array, pa.scalar(-MAX_EXACT_INTEGER, array.type))
        is_long = pc.or_(is_long, is_short)
    return [faults.fault(Reason.INEXACT_NUMBER, is_long, "is beyond 2^53, where doubles have gaps")]
