"""What a heartbeat may say, checked field by field."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeGuard

from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats.model import DeviceStatus, Value
from chalicelib.text import is_storable_text

Check = Callable[[str, object], Value]

# Two of them and an instant are a key of an index, which holds 2.7 KB.
MAX_TEXT_LENGTH = 256
MAX_INTEGER = 2**31 - 1
MAX_DOUBLE = sys.float_info.max
# A clock that was never set says 1970, or the day its firmware was built.
EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLISECONDS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_MAX_INSTANT_LENGTH = 64


def name(field: str, value: object) -> str:
    """*value* as text that is not empty."""
    if value == "":
        raise _refusal(field, f"must be text of 1 to {MAX_TEXT_LENGTH} characters")
    return text(field, value)


def text(field: str, value: object) -> str:
    """*value* as text that a column can hold."""
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH:
        raise _refusal(field, f"must be text of at most {MAX_TEXT_LENGTH} characters")
    if not is_storable_text(value):
        raise _refusal(field, "holds a character no text may hold")
    return value


def instant(field: str, value: object) -> datetime:
    """*value* as an instant: ISO 8601 with its zone, or the milliseconds since 1970."""
    found = _from_text(value) if isinstance(value, str) else _from_milliseconds(value)
    if found is None:
        raise _refusal(
            field,
            "must be an ISO 8601 instant with its zone, such as 2026-11-01T10:17:03.25Z, or "
            "milliseconds since 1970",
        )
    if found < EARLIEST_INSTANT:
        raise _refusal(field, f"must not be before {EARLIEST_INSTANT:%Y-%m-%d}")
    return found


def number(highest: float) -> Check:
    """A check for numbers from 0 to *highest*."""

    def check(field: str, value: object) -> float:
        if not _is_number(value) or not 0 <= value <= highest:
            limits = "that is not negative" if highest == MAX_DOUBLE else f"from 0 to {highest:g}"
            raise _refusal(field, f"must be a number {limits}")
        # Of the two zeros only one, or equal values would not be the same.
        return float(value) + 0.0

    return check


def whole_number(field: str, value: object) -> int:
    """*value* as a count."""
    # JSON has one kind of number: 120.0 is 120.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not _is_number(value) or isinstance(value, float) or not 0 <= value <= MAX_INTEGER:
        raise _refusal(field, f"must be a whole number from 0 to {MAX_INTEGER}")
    return value


def status(field: str, value: object) -> str:
    """*value* as one of the states a device may say it is in."""
    if value not in list(DeviceStatus):
        raise _refusal(field, f"must be one of {', '.join(DeviceStatus)}")
    return str(value)


def _is_number(value: object) -> TypeGuard[int | float]:
    # bool is an int in Python, but `true` is no number.
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_text(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value[:_MAX_INSTANT_LENGTH])
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _from_milliseconds(value: object) -> datetime | None:
    if not _is_number(value) or not 0 <= value <= _MAX_MILLISECONDS:
        return None
    return _EPOCH + timedelta(milliseconds=value)


def _refusal(field: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} {problem}", parameter=field)


# What every heartbeat names, and what it may name; null clears the latter.
REQUIRED: dict[str, Check] = {"device_id": name, "site_id": name}
OPTIONAL: dict[str, Check] = {
    "status": status,
    "agent_version": text,
    "cpu_pct": number(100),
    "disk_free_gb": number(MAX_DOUBLE),
    "queue_depth": whole_number,
    "poll_interval_s": whole_number,
    "last_upload_ts": instant,
}
