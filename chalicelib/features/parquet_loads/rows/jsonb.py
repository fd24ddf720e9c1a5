"""Metadata: text that PostgreSQL accepts as `jsonb`."""

import json
import re
from typing import NoReturn

import pyarrow as pa

from chalicelib.features.parquet_loads.rows import problems, texts
from chalicelib.features.parquet_loads.rows.model import MAX_METADATA_BYTES, Reason
from chalicelib.features.parquet_loads.rows.problems import Converted

# Only after an even number of backslashes: `\\u0000` is a backslash and the text u0000.
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# `numeric` holds 131 072 digits before the point and 16 383 after it. Up to 8 192 of them may be
# written out in the document itself.
_EXPONENTS = range(-8_000, 120_001)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$")


def convert(array: pa.Array) -> Converted:
    """JSON as it is, or null.

    Arrow has no kernel that parses JSON, so every document is parsed in Python. A document that
    repeats within a batch is parsed once.
    """
    too_long = texts.longer_than(array, MAX_METADATA_BYTES)
    short = problems.without_bad_values(array, problems.occurring([too_long]))
    mask = pa.array([is_malformed(document) for document in short.to_pylist()], pa.bool_())
    malformed = problems.where(mask, Reason.MALFORMED_JSON, "is not JSON that jsonb takes")
    found = problems.occurring([too_long, malformed])
    return Converted(problems.without_bad_values(array, found).cast(pa.string()), found)


def is_malformed(document: str | None) -> bool:
    """Whether `jsonb` would refuse *document*; None stands for the SQL NULL, which it accepts."""
    if document is None:
        return False
    try:
        parsed = _DECODER.decode(document)
    except (ValueError, RecursionError):
        return True
    return "\\u" in document and _has_unstorable_text(document, parsed)


def _has_unstorable_text(document: str, parsed: object) -> bool:
    """Whether there is a NUL, which PostgreSQL cannot store, or half of a surrogate pair.

    Half of a surrogate pair is no character.
    """
    if _ESCAPED_NUL.search(document):
        return True
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _check_float(digits: str) -> float:
    exponent = _EXPONENT.search(digits)
    if exponent and int(exponent[1]) not in _EXPONENTS:
        raise ValueError("the exponent is beyond what numeric holds")
    return 0.0


def _pass_integer(_: str) -> int:
    """Every integer is accepted, also one that is too long for Python to parse."""
    return 0


_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_check_float, parse_int=_pass_integer
)
