"""Text that both sinks can hold: ids, units, flags."""

import codecs

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads import faults
from chalicelib.features.parquet_loads.columns import is_text
from chalicelib.features.parquet_loads.faults import Converted, Fault
from chalicelib.features.parquet_loads.model import (
    MAX_METADATA_BYTES,
    MAX_TEXT_BYTES,
    QualityFlag,
    Reason,
)

# Twice what any column holds: what was cut to that is too long still, and so refused.
_TOO_LONG_BYTES = 2 * MAX_METADATA_BYTES
# Of what is refused however short it is.
_SHOWN_BYTES = 1_024
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
    """*array* as it can be shown, and a mask of what in it is not UTF-8, if anything is not.

    Parquet readers take text for UTF-8 without looking. Left as it is it would fail later, in a
    kernel, in the database, or in whoever opens the rejects: it is shown with U+FFFD. And a text
    may fill a page. Of what no column can hold, the beginning is shown, and U+2026 after it.
    """
    if pa.types.is_dictionary(array.type):
        return _readable_dictionary(faults.compacted(array))
    if not is_text(array.type):
        return array, None
    data = array.cast(pa.large_binary())
    is_long = pc.fill_null(pc.greater(pc.binary_length(data), _TOO_LONG_BYTES), False)
    if not pc.any(is_long).as_py() and _is_valid(array):
        return array, None
    data = _with_beginnings(data, is_long, _TOO_LONG_BYTES)
    is_invalid = pa.array([not _is_utf8(value) for value in data], pa.bool_())
    data = _with_beginnings(data, is_invalid, _SHOWN_BYTES)
    return data.cast(array.type), is_invalid if pc.any(is_invalid).as_py() else None


def _readable_dictionary(
    array: pa.DictionaryArray,
) -> tuple[pa.DictionaryArray, pa.BooleanArray | None]:
    dictionary = array.dictionary
    values, mask = readable(dictionary)
    if values is dictionary:
        return array, None
    spread = None if mask is None else pc.fill_null(mask.take(array.indices), False)
    return pa.DictionaryArray.from_arrays(array.indices, values), spread


def _is_valid(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _is_utf8(value: pa.LargeBinaryScalar) -> bool:
    data = value.as_py()
    return data is None or data.decode("utf-8", "replace").encode() == data


def _with_beginnings(
    data: pa.LargeBinaryArray, mask: pa.BooleanArray, size: int
) -> pa.LargeBinaryArray:
    """*data* with at most *size* bytes, as UTF-8, of those in *mask*; one is copied at a time."""
    places = pc.indices_nonzero(mask)
    shown = [_beginning(data[place.as_py()].as_buffer(), size) for place in places]
    return pc.replace_with_mask(data, mask, pa.array(shown, pa.large_binary()))


def _beginning(data: pa.Buffer, size: int) -> bytes:
    is_whole = data.size <= size
    text, _ = codecs.utf_8_decode(data[:size].to_pybytes(), "replace", is_whole)
    return (text if is_whole else text + "…").encode()


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
