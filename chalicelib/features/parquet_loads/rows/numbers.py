"""Numbers that a double, or a small integer, holds without loss."""

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.rows import problems
from chalicelib.features.parquet_loads.rows.model import (
    MAX_DECIMAL_DIGITS,
    MAX_EXACT_INTEGER,
    Reason,
)
from chalicelib.features.parquet_loads.rows.problems import Converted, Problem

_SMALLINT = (-(2**15), 2**15 - 1)


def convert(array: pa.Array) -> Converted:
    """The value of a reading, which must be finite and the same number as a double."""
    numbers = _doubles(array)
    is_infinite = pc.invert(pc.is_finite(numbers))
    found = problems.occurring(
        [
            problems.missing(array),
            problems.where(is_infinite, Reason.NOT_FINITE, "is not finite"),
            *_inexact(array),
        ]
    )
    return Converted(problems.without_bad_values(numbers, found), found)


def convert_quality(array: pa.Array) -> Converted:
    """The quality of a measurement: a whole number of 16 bits, or null.

    Many writers turn a column of integers with gaps into floats, so whole floats are accepted.
    """
    lowest, highest = _SMALLINT
    numbers = _doubles(array)
    is_whole = pc.and_(pc.is_finite(numbers), pc.equal(pc.floor(numbers), numbers))
    is_small = pc.and_(pc.greater_equal(numbers, lowest), pc.less_equal(numbers, highest))
    unknown = problems.where(
        pc.invert(pc.and_(is_whole, is_small)),
        Reason.UNKNOWN_QUALITY,
        f"is not a whole number from {lowest} to {highest}",
    )
    found = problems.occurring([unknown, *_inexact(array)])
    return Converted(problems.without_bad_values(numbers, found).cast(pa.int16()), found)


def _doubles(array: pa.Array) -> pa.Array:
    if pa.types.is_decimal(array.type):
        # Arrow rounds twice when it casts a decimal straight to double. Every fifth number of 15
        # digits would be off by a bit.
        array = array.cast(pa.string())
    return array.cast(pa.float64(), safe=False)


def _inexact(array: pa.Array) -> list[Problem]:
    """The decimals and integers that are too long for a double; only long types can hold any."""
    if pa.types.is_decimal(array.type):
        return _long_decimals(array) if array.type.precision > MAX_DECIMAL_DIGITS else []
    if not pa.types.is_integer(array.type) or array.type.bit_width < 64:
        return []
    is_long = pc.greater(array, pa.scalar(MAX_EXACT_INTEGER, array.type))
    if pa.types.is_signed_integer(array.type):
        is_short = pc.less(array, pa.scalar(-MAX_EXACT_INTEGER, array.type))
        is_long = pc.or_(is_long, is_short)
    message = "is beyond 2^53, where doubles have gaps"
    return [problems.where(is_long, Reason.INEXACT_NUMBER, message)]


def _long_decimals(array: pa.Array) -> list[Problem]:
    """By the digits between the first and the last that is not zero."""
    digits = pc.replace_substring_regex(array.cast(pa.string()), r"[eE].*$|[-+.]", "")
    is_long = pc.greater(pc.binary_length(pc.utf8_trim(digits, "0")), MAX_DECIMAL_DIGITS)
    message = f"has more than {MAX_DECIMAL_DIGITS} digits, which a double does not keep"
    return [problems.where(is_long, Reason.INEXACT_NUMBER, message)]
