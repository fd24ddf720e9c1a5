"""Instants: as JSON of this application spells them, and as others spell them for it."""

from datetime import UTC, datetime, timedelta

from chalicelib.errors import InvalidRequestError

# ISO 8601, or the milliseconds since 1970. Devices send either.
SpelledInstant = str | float
SPELLED = "an ISO 8601 instant with its zone, such as 2026-11-01T10:17:03.25Z"

# A clock that was never set says 1970, or the day on which its firmware was built.
EARLIEST_INSTANT = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_MILLISECONDS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
_MAX_LENGTH = 64


def instant(value: datetime) -> str:
    """UTC in ISO 8601, to the microsecond, ending in `Z`."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def read_instant(name: str, spelled: object) -> datetime:
    """*spelled* as an instant in UTC: ISO 8601 with its zone.

    Raises `InvalidRequestError` that names *name*.
    """
    found = _from_text(spelled) if isinstance(spelled, str) else None
    if found is None:
        raise _refusal(name, f"must be {SPELLED}")
    return found


def read_device_instant(name: str, spelled: object) -> datetime:
    """*spelled* as `read_instant` takes it, or milliseconds since 1970; not before 2000."""
    found = _from_text(spelled) if isinstance(spelled, str) else _from_milliseconds(spelled)
    if found is None:
        raise _refusal(name, f"must be {SPELLED}, or milliseconds since 1970")
    if found < EARLIEST_INSTANT:
        raise _refusal(name, f"must not be before {EARLIEST_INSTANT:%Y-%m-%d}")
    return found


def _from_text(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text[:_MAX_LENGTH])
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _from_milliseconds(value: object) -> datetime | None:
    # bool is an int in Python, but `true` is no number.
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    if not 0 <= value <= _MAX_MILLISECONDS:
        return None
    return _EPOCH + timedelta(milliseconds=value)


def _refusal(name: str, problem: str) -> InvalidRequestError:
    return InvalidRequestError(f"{name} {problem}", parameter=name)
