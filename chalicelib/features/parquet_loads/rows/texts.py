"""Text that both sinks can store: ids, units and flags."""

import codecs

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.features.parquet_loads.parquet.value_types import is_text
from chalicelib.features.parquet_loads.rows import dictionaries, problems
from chalicelib.features.parquet_loads.rows.model import (
    MAX_METADATA_BYTES,
    MAX_TEXT_BYTES,
    QualityFlag,
    Reason,
)
from chalicelib.features.parquet_loads.rows.problems import Converted, Problem

# Twice what any column holds, so that a text which was cut to this size is still refused.
_TOO_LONG_BYTES = 2 * MAX_METADATA_BYTES
# How much is shown of a text that is refused whatever its size.
_SHOWN_BYTES = 1_024
_FLAGS = pa.array(list(QualityFlag), pa.large_string())


def convert(array: pa.Array) -> Converted:
    """Text as it is: nothing is trimmed or folded."""
    return _converted(array, _text_problems(array))


def convert_flags(array: pa.Array) -> Converted:
    """One of the quality flags, exactly as `QualityFlag` spells it."""
    is_unknown = pc.invert(pc.is_in(array, value_set=_FLAGS))
    known = ", ".join(QualityFlag)
    unknown = problems.where(is_unknown, Reason.UNKNOWN_QUALITY, f"is not one of {known}")
    return _converted(array, [*_text_problems(array), unknown])


def longer_than(array: pa.Array, limit: int) -> Problem:
    """The texts of more than *limit* bytes."""
    is_long = pc.greater(pc.binary_length(array), limit)
    return problems.where(is_long, Reason.TEXT_TOO_LONG, f"is longer than {limit} bytes")


def readable(array: pa.Array) -> tuple[pa.Array, pa.BooleanArray | None]:
    """*array* as it can be shown, and a mask of its texts that are not UTF-8, if there are any.

    Parquet readers believe that text is UTF-8 without looking. Other bytes would fail later: in a
    kernel, in the database, or where somebody opens the file of rejects. So they are shown as
    U+FFFD. A text may also fill a whole page. If it is longer than any column can hold, its
    beginning is shown, followed by U+2026.
    """
    if pa.types.is_dictionary(array.type):
        return _readable_dictionary(dictionaries.compacted(array))
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
    of_rows = None if mask is None else dictionaries.spread(mask, array.indices)
    return pa.DictionaryArray.from_arrays(array.indices, values), of_rows


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
    """*data* with the texts in *mask* cut to *size* bytes and made UTF-8, one after the other."""
    places = pc.indices_nonzero(mask)
    shown = [_beginning(data[place.as_py()].as_buffer(), size) for place in places]
    return pc.replace_with_mask(data, mask, pa.array(shown, pa.large_binary()))


def _beginning(data: pa.Buffer, size: int) -> bytes:
    is_whole = data.size <= size
    text, _ = codecs.utf_8_decode(data[:size].to_pybytes(), "replace", is_whole)
    return (text if is_whole else text + "…").encode()


def _text_problems(array: pa.Array) -> list[Problem]:
    is_blank = pc.equal(pc.utf8_trim_whitespace(array), "")
    has_nul = pc.match_substring(array, "\0")
    return [
        problems.missing(array),
        problems.where(is_blank, Reason.EMPTY_TEXT, "is empty or blank"),
        longer_than(array, MAX_TEXT_BYTES),
        problems.where(has_nul, Reason.NUL_CHARACTER, "holds a NUL character"),
    ]


def _converted(array: pa.Array, found: list[Problem]) -> Converted:
    found = problems.occurring(found)
    return Converted(problems.without_bad_values(array, found).cast(pa.string()), found)
