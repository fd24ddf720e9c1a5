"""Text that both sinks can hold: ids, units, flags."""

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.parquet_loads import faults
from chalicelib.parquet_loads.columns import is_text
from chalicelib.parquet_loads.faults import Converted, Fault
from chalicelib.parquet_loads.model import MAX_TEXT_BYTES, QualityFlag, Reason

_FLAGS = pa.array(list(QualityFlag), pa.large_string())


def convert(array: pa.Array) -> Converted:
    """Text as it is: nothing is trimmed or folded."""
    return _converted(array, _text_faults(array))


def convert_flags(array: pa.Array) -> Converted:
    """One of the quality flags, exactly as `QualityFlag` spells it."""
    is_unknown = pc.invert(pc.is_in(array, value_set=_FLAGS))
    known = ", ".join(QualityFlag)
    unknown = faults.fault(Reason.UNKNOWN_QUALITY, is_unknown, f"is not one of {known}")
    return _converted(array, [*_text_faults(array), unknown])


def size_fault(array: pa.Array, limit: int) -> Fault:
    """Longer than *limit* bytes."""
    is_long = pc.greater(pc.binary_length(array), limit)
    return faults.fault(Reason.TEXT_TOO_LONG, is_long, f"is longer than {limit} bytes")


def readable(array: pa.Array) -> tuple[pa.Array, pa.BooleanArray | None]:
    """*array* with its invalid UTF-8 shown as U+FFFD, and a mask of where that was, if anywhere.

    Parquet readers take text for UTF-8 without looking. Left as it is it would fail later, in a
    kernel, in the database, or in whoever opens the rejects.
    """
    if pa.types.is_dictionary(array.type):
        array = faults.compacted(array)
        values, mask = readable(array.dictionary)
        if mask is None:
            return array, None
        spread = pc.fill_null(mask.take(array.indices), False)
        return pa.DictionaryArray.from_arrays(array.indices, values), spread
    if not is_text(array.type) or _is_valid(array):
        return array, None
    return _repaired(array)


def _is_valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _repaired(array: pa.Array) -> tuple[pa.Array, pa.BooleanArray]:
    pairs = [_decoded(value) for value in array.cast(pa.large_binary()).to_pylist()]
    texts, is_invalid = zip(*pairs, strict=True)
    return pa.array(texts, array.type), pa.array(is_invalid, pa.bool_())


def _decoded(value: bytes | None) -> tuple[str | None, bool]:
    if value is None:
        return None, False
    text = value.decode("utf-8", "replace")
    return text, text.encode() != value


def _text_faults(array: pa.Array) -> list[Fault]:
    return [
        faults.missing(array),
        faults.fault(
            Reason.EMPTY_TEXT, pc.equal(pc.utf8_trim_whitespace(array), ""), "is empty or blank"
        ),
        size_fault(array, MAX_TEXT_BYTES),
        faults.fault(
            Reason.NUL_CHARACTER, pc.match_substring(array, "\0"), "holds a NUL character"
        ),
    ]


def _converted(array: pa.Array, found: list[Fault]) -> Converted:
    found = faults.present(found)
    return Converted(faults.without(array, found).cast(pa.string()), found)
