"""The rules for one value at a time, in plain Python, without Arrow."""

import json
import math
import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from chalicelib.features.parquet_loads.rows.model import Reason

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?"
    r"(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 2**63 // 1_000 - 1
FLAGS = {"good", "estimated", "suspect", "bad"}
# A verdict: the value it becomes, or why it becomes none.
Verdict = Any


def text(value: str | None) -> Verdict:
    if value is None:
        return Reason.MISSING
    if not value.strip():
        return Reason.EMPTY_TEXT
    if len(value.encode()) > 512:
        return Reason.TEXT_TOO_LONG
    return Reason.NUL_CHARACTER if "\0" in value else value


def flag(value: str | None) -> Verdict:
    verdict = text(value)
    if isinstance(verdict, Reason) or value in FLAGS:
        return verdict
    return Reason.UNKNOWN_QUALITY


def number(value: float | int | Fraction | None) -> Verdict:
    if value is None:
        return Reason.MISSING
    if isinstance(value, float) and not math.isfinite(value):
        return Reason.NOT_FINITE
    if isinstance(value, int) and abs(value) > 2**53:
        return Reason.INEXACT_NUMBER
    return float(value)


def quality(value: float | int | None) -> Verdict:
    if value is None:
        return None
    if not math.isfinite(value) or value != int(value) or not -(2**15) <= value < 2**15:
        return Reason.UNKNOWN_QUALITY
    return int(value)


def long_decimal(value: Decimal | None) -> Verdict:
    if value is None:
        return Reason.MISSING
    digits = "".join(map(str, value.as_tuple().digits)).strip("0")
    return Reason.INEXACT_NUMBER if len(digits) > 15 else float(value)


def decimal_quality(value: Decimal | None) -> Verdict:
    if value is None:
        return None
    rounded = quality(float(value))
    if isinstance(rounded, Reason):
        return rounded
    verdict = long_decimal(value)
    return verdict if isinstance(verdict, Reason) else rounded


def ticks(value: int | None, per_second: int) -> Verdict:
    """An Arrow timestamp, as the number it is stored as."""
    if value is None:
        return Reason.MISSING
    microseconds = Fraction(value * 10**6, per_second)
    if microseconds.denominator != 1:
        return Reason.TIME_TOO_PRECISE
    if not 0 <= microseconds <= _LATEST:
        return Reason.TIME_OUT_OF_RANGE
    return _EPOCH + timedelta(microseconds=int(microseconds))


def instant(value: str | None) -> Verdict:
    """ISO 8601 text."""
    if value is None:
        return Reason.MISSING
    found = _ISO.fullmatch(value)
    if not found:
        return Reason.TIME_MALFORMED
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        # Its year may leave the range of datetime once the offset counts; 2000 is a leap year.
        date(int(year) or 2000, int(month), int(day))
        time(int(hour), int(minute), int(second or 0))
        offset = _offset(zone)
    except ValueError:
        return Reason.TIME_MALFORMED
    if zone is None:
        return Reason.TIME_WITHOUT_ZONE
    digits = (fraction or "").ljust(9, "0")
    if digits[6:] != "000":
        return Reason.TIME_TOO_PRECISE
    if not 1969 <= int(year) <= 2263:
        return Reason.TIME_OUT_OF_RANGE
    day_start = datetime(int(year), int(month), int(day), tzinfo=UTC)
    local = day_start + timedelta(
        hours=int(hour), minutes=int(minute), seconds=int(second or 0), microseconds=int(digits[:6])
    )
    return ticks((local - offset - _EPOCH) // timedelta(microseconds=1), 10**6)


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[3:].strip(":") or 0)
    if hours > 15 or minutes > 59:
        raise ValueError
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)


def document(value: str | None) -> Verdict:
    if value is None:
        return None
    if len(value.encode()) > 8_192:
        return Reason.TEXT_TOO_LONG
    try:
        parsed = json.loads(value, parse_constant=_refuse)
        storable = json.dumps(parsed, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return Reason.MALFORMED_JSON
    if b"\\u0000" in storable.replace(rb"\\", b""):
        return Reason.MALFORMED_JSON
    return value


def _refuse(name: str) -> None:
    raise ValueError(name)
