"""What may be asked of a run from outside, checked field by field."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters.model import SyncRequest, Trigger
from chalicelib.settings import MAX_WINDOW_MINUTES

Check = Callable[[str, object], Any]


def event_request(payload: object, trigger: Trigger) -> SyncRequest:
    """What an event asks for: `window_minutes`, `as_of`, `dry_run`, `force`, `run_id`.

    All are optional; `run_id` names a run that a request has opened. Raises
    `InvalidRequestError` naming the first field that is unknown or malformed.
    """
    return _request(payload, trigger, _EVENT_FIELDS)


def http_request(payload: object) -> SyncRequest:
    """What `POST /sync` asks for: `window_minutes`, `dry_run` and `force`, all optional."""
    return _request(payload, Trigger.API, _HTTP_FIELDS)


def _request(payload: object, trigger: Trigger, known: Mapping[str, Check]) -> SyncRequest:
    if not isinstance(payload, Mapping):
        raise InvalidRequestError(f"the payload must be a JSON object, not {_json_type(payload)}")
    unknown = sorted(set(payload) - known.keys())
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0]!r}: a run takes {', '.join(known)}", parameter=unknown[0]
        )
    fields = {
        name: known[name](name, value) for name, value in payload.items() if value is not None
    }
    return SyncRequest(trigger=trigger, **fields)


def checked_window(name: str, value: object) -> int:
    """*value* as a number of minutes that a window may have."""
    # JSON has one kind of number: 120.0 is 120.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # bool is an int in Python, but `true` is no number of minutes.
    if (
        not isinstance(value, int)
        or isinstance(value, bool)
        or not 1 <= value <= MAX_WINDOW_MINUTES
    ):
        raise InvalidRequestError(
            f"{name} must be a whole number of minutes from 1 to {MAX_WINDOW_MINUTES}",
            parameter=name,
        )
    return value


def checked_instant(name: str, value: object) -> datetime:
    """*value* as an instant: ISO 8601 with its zone."""
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidRequestError(
            f"{name} must be an ISO 8601 instant with its zone, such as 2026-11-01T10:17:03.25Z",
            parameter=name,
        )
    return instant


def _checked_flag(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequestError(f"{name} must be true or false", parameter=name)
    return value


def _json_type(value: object) -> str:
    names = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def checked_run_id(name: str, value: object) -> int:
    """*value* as the id of a run."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 2**63:
        raise InvalidRequestError(f"{name} must be the number of a run", parameter=name)
    return value


_HTTP_FIELDS: dict[str, Check] = {
    "window_minutes": checked_window,
    "dry_run": _checked_flag,
    "force": _checked_flag,
}
_EVENT_FIELDS: dict[str, Check] = {
    **_HTTP_FIELDS,
    "as_of": checked_instant,
    "run_id": checked_run_id,
}
