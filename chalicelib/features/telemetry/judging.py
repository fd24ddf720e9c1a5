"""Whether what a device sent is right, by what its type declares."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from chalicelib import paths
from chalicelib.features.telemetry.model import (
    Clock,
    Reason,
    Record,
    Reject,
    from_microseconds,
    microseconds,
)
from chalicelib.features.telemetry.plans import Metric, Plan
from chalicelib.instants import instant

# What a record may hold beside its values, where they are not in an object of their own.
NO_METRICS = frozenset({"deviceId", "device_id", "timestamp"})
DATA = "data"
_VALUE, _UNIT = "value", "unit"
# Below this a number is seconds since 1970, which is the year 5138; above it, milliseconds.
_MOST_SECONDS = 100_000_000_000
_MOST = 253_402_300_799_999
_SWITCHED = {"on": 1.0, "true": 1.0, "off": 0.0, "false": 0.0}
_SHOWN = 40


class RefusedError(Exception):
    """A value, or a time, that is not stored."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class Values(NamedTuple):
    """What a record says, by the names of metrics; *at* is in microseconds since 1970."""

    at: int
    by_name: dict[str, float]


def judged(record: Record, plan: Plan, clock: Clock) -> tuple[Values | None, list[Reject]]:
    """What is right in *record*, and what is not."""
    payload: Mapping[str, Any] = record.payload  # type: ignore[assignment]
    try:
        at = _time_of(record, payload, plan, clock)
    except RefusedError as error:
        return None, [Reject(record, error.reason, error.message)]
    found: dict[str, float] = {}
    rejects: list[Reject] = []
    is_any_said = False
    for name, metric, spelled in _said(payload, plan):
        if spelled is None:
            # A device that does not know a value says null.
            continue
        is_any_said = True
        if metric is None:
            message = f"{name[:_SHOWN]} is no metric that devices of its type report"
            rejects.append(Reject(record, Reason.UNKNOWN_METRIC, message, metric=name[:_SHOWN]))
            continue
        try:
            found[name] = value_of(metric, spelled)
        except RefusedError as error:
            rejects.append(Reject(record, error.reason, error.message, metric=name))
    if not is_any_said:
        rejects.append(Reject(record, Reason.NO_VALUES, "the record has no value of any metric"))
    return Values(at, found), rejects


def value_of(metric: Metric, spelled: object) -> float:
    """*spelled* as it is kept; raises `RefusedError`."""
    kind = type(spelled)
    if kind is dict:
        return _value_with_unit(metric, spelled)  # type: ignore[arg-type]
    if kind is not float and kind is not int:
        value = _switched(metric, spelled)
    elif metric.data_type == "boolean":
        raise _wrong_type(metric, spelled, "true or false")
    elif metric.data_type == "integer" and kind is float and not spelled.is_integer():  # type: ignore[attr-defined]
        raise _wrong_type(metric, spelled, "a whole number")
    else:
        value = spelled if metric.scale is None else _converted(metric, spelled)  # type: ignore[assignment,arg-type]
    return within_limits(metric, value)


def within_limits(metric: Metric, value: float) -> float:
    """*value* itself; raises `RefusedError` where the type says that it cannot be."""
    try:
        kept = float(value)
    except OverflowError:
        kept = math.inf
    # Python's JSON knows NaN, and takes 1e400 for infinity.
    if not math.isfinite(kept):
        raise RefusedError(Reason.WRONG_TYPE, f"{metric.name} is no number that can be kept")
    if not metric.minimum <= value <= metric.maximum:
        is_low = value < metric.minimum
        limit, word = (metric.minimum, "below") if is_low else (metric.maximum, "above")
        message = f"{metric.name} is {value:.15g}, and cannot be {word} {limit:.15g}"
        raise RefusedError(Reason.OUT_OF_LIMITS, message)
    # This makes 0.0 of -0.0, which would be stored as another value although the two are equal.
    return kept + 0.0


def time_of(spelled: object) -> int:
    """*spelled*, seconds, milliseconds or ISO 8601, in microseconds since 1970.

    A text without a zone is taken to be in UTC, as most devices mean it. Raises `RefusedError` for
    anything else.
    """
    if isinstance(spelled, bool):
        raise _wrong_time()
    if isinstance(spelled, int | float):
        if not 0 <= spelled <= _MOST:
            raise _wrong_time()
        return round(spelled * (1_000_000 if spelled < _MOST_SECONDS else 1_000))
    if not isinstance(spelled, str):
        raise _wrong_time()
    try:
        read = datetime.fromisoformat(spelled[:64])
        return microseconds(read if read.tzinfo is not None else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        raise _wrong_time() from None


def _time_of(record: Record, payload: Mapping[str, Any], plan: Plan, clock: Clock) -> int:
    spelled = paths.find(plan.timestamp, payload)
    if spelled is paths.MISSING or spelled is None:
        if record.sent_at is None:
            message = "the record says no time, and it did not come by a stream or a queue"
            raise RefusedError(Reason.NO_TIME, message)
        at = record.sent_at
    else:
        at = time_of(spelled)
    if at > clock.latest:
        raise RefusedError(Reason.AHEAD, f"its time, {_shown(at)}, is more than a minute ahead")
    if at < clock.earliest:
        raise RefusedError(Reason.TOO_LATE, f"its time, {_shown(at)}, lies too far back")
    return at


def _said(payload: Mapping[str, Any], plan: Plan) -> Iterator[tuple[str, Metric | None, object]]:
    """What *payload* says, each with the metric that it is a value of, if there is one."""
    data = payload.get(DATA)
    values = data if isinstance(data, dict) else payload
    if not plan.has_paths:
        reported, own_time = plan.reported, plan.timestamp[0]
        for name, spelled in values.items():
            metric = reported.get(name)
            is_other = name in NO_METRICS or name == own_time
            if metric is not None or values is data or not is_other:
                yield name, metric, spelled
        return
    for name, metric in plan.reported.items():
        found = values.get(name) if metric.path is None else paths.find(metric.path, payload)
        if found is not paths.MISSING:
            yield name, metric, found


def _value_with_unit(metric: Metric, spelled: Mapping[str, Any]) -> float:
    """The value of `{"value": 73.4, "unit": "°F"}`: kept as it is, or converted, by its unit."""
    if _VALUE not in spelled or not spelled.keys() <= {_VALUE, _UNIT}:
        raise _wrong_type(metric, spelled, "a value, or an object of value and unit")
    value, unit = spelled[_VALUE], spelled.get(_UNIT)
    if isinstance(value, dict):
        raise _wrong_type(metric, value, "a value, or an object of value and unit")
    if unit is None or unit == metric.from_unit:
        return value_of(metric, value)
    if unit != metric.unit:
        known = " or ".join(filter(None, (metric.unit, metric.from_unit))) or "none"
        message = f"{metric.name} has the unit {str(unit)[:_SHOWN]!r}, and can have {known}"
        raise RefusedError(Reason.WRONG_UNIT, message)
    return value_of(replace(metric, scale=None, from_unit=None), value)


def _converted(metric: Metric, spelled: float) -> float:
    try:
        value = spelled * metric.scale + metric.offset  # type: ignore[operator]
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise RefusedError(Reason.WRONG_TYPE, f"{metric.name} is too large a number")
    return value


def _switched(metric: Metric, spelled: object) -> float:
    """Devices say true and false, and ON and OFF."""
    if metric.data_type != "boolean":
        expected = "a whole number" if metric.data_type == "integer" else "a number"
        raise _wrong_type(metric, spelled, expected)
    if isinstance(spelled, bool):
        return float(spelled)
    value = _SWITCHED.get(spelled.lower()) if isinstance(spelled, str) else None
    if value is None:
        raise _wrong_type(metric, spelled, "true or false")
    return value


def _wrong_type(metric: Metric, spelled: object, expected: str) -> RefusedError:
    shown = repr(spelled)[:_SHOWN]
    return RefusedError(Reason.WRONG_TYPE, f"{metric.name} must be {expected}, and is {shown}")


def _wrong_time() -> RefusedError:
    message = "its time must be seconds or milliseconds since 1970, or ISO 8601"
    return RefusedError(Reason.WRONG_TIME, message)


def _shown(at: int) -> str:
    try:
        return instant(from_microseconds(at))
    except OverflowError:
        return "after the year 9999"
