"""Metadata: text that `jsonb` takes."""

import json
import re
from typing import NoReturn

import pyarrow as pa

from chalicelib.features.parquet_loads import faults, texts
from chalicelib.features.parquet_loads.faults import Converted
from chalicelib.features.parquet_loads.model import MAX_METADATA_BYTES, Reason

# After an even number of backslashes: `\\u0000` is a backslash and the text u0000.
_ESCAPED_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
# `numeric` takes 131 072 digits before the point and 16 383 after it; 8 192 may be written out.
_EXPONENTS = range(-8_000, 120_001)
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$")


def convert(array: pa.Array) -> Converted:
    """JSON as it is, or null.

    Every document is parsed in Python, the one place where a row costs a step of the interpreter:
    Arrow has no kernel for it. One that repeats within a batch is parsed once.
    """
    too_long = texts.size_fault(array, MAX_METADATA_BYTES)
    short = faults.without(array, faults.present([too_long]))
    malformed = pa.array([is_malformed(document) for document in short.to_pylist()], pa.bool_())
    problem = "is not JSON that jsonb takes"
    found = faults.present([too_long, faults.fault(Reason.MALFORMED_JSON, malformed, problem)])
    return Converted(faults.without(array, found).cast(pa.string()), found)


def is_malformed(document: str | None) -> bool:
    """Whether `jsonb` would refuse *document*, which may be the SQL NULL."""
    if document is None:
        return False
    try:
        parsed = _DECODER.decode(document)
    except (ValueError, RecursionError):
        return True
    return "\\u" in document and _has_unstorable_text(document, parsed)


def _has_unstorable_text(document: str, parsed: object) -> bool:
    """NUL, which PostgreSQL cannot store, and half surrogate pairs, which are no characters."""
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
    """Any is good, also one too long for Python to parse."""
    return 0


_DECODER = json.JSONDecoder(
    parse_constant=_refuse_constant, parse_float=_check_float, parse_int=_pass_integer
)
