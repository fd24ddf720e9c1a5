"""Heartbeats out of an event: the good ones, and why the others are not."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import fields
from chalicelib.features.heartbeats.model import (
    CLOCK_TOLERANCE,
    MAX_BATCH,
    Batch,
    Heartbeat,
    Refusal,
)
from chalicelib.text import is_storable_text

TIME = "ts"
DEVICES = "devices"
KNOWN_FIELDS = (*fields.REQUIRED, *fields.OPTIONAL, TIME)
_ENVELOPE = {"source", "detail-type", "detail"}
_MICROSECOND = timedelta(microseconds=1)


class Arrival(NamedTuple):
    """When an event reached us, and what the clock says now."""

    arrived_at: datetime
    now: datetime


def arrival(now: datetime, sent_at: datetime | None = None) -> Arrival:
    """The arrival of an event that was *sent_at*, as its carrier says; now, if it says nothing."""
    return Arrival(min(sent_at or now, now), now)


def unwrapped(event: object) -> tuple[object, datetime | None]:
    """What EventBridge's envelope holds, and its time; *event* itself where it has none."""
    if isinstance(event, Mapping) and event.keys() >= _ENVELOPE:
        sent_at = event.get("time")
        return event["detail"], fields.instant("time", sent_at) if sent_at else None
    return event, None


def parse(body: object) -> object:
    """The JSON of a message; raises `InvalidRequestError` for anything else."""
    try:
        return json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        raise InvalidRequestError("the body must be JSON", parameter="body") from None


def read(payload: object, arrival: Arrival) -> Batch:
    """The heartbeats of *payload*: one, or `{"devices": […]}`.

    Raises `InvalidRequestError` where it is neither; a heartbeat that is wrong in itself is
    among the refusals, and keeps no other from being stored.
    """
    if not isinstance(payload, Mapping):
        raise InvalidRequestError("a heartbeat must be a JSON object", parameter="body")
    if DEVICES not in payload:
        return _batch([payload], arrival, is_single=True)
    items = payload[DEVICES]
    _require_only_devices(payload)
    if not isinstance(items, list):
        raise InvalidRequestError(f"{DEVICES} must be an array", parameter=DEVICES)
    if len(items) > MAX_BATCH:
        raise InvalidRequestError(
            f"{DEVICES} must hold at most {MAX_BATCH} heartbeats, not {len(items)}",
            parameter=DEVICES,
        )
    return _batch(items, arrival, is_single=False)


def _require_only_devices(payload: Mapping[str, object]) -> None:
    unknown = sorted(payload.keys() - {DEVICES})
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0][:40]!r}: beside {DEVICES} there is none",
            parameter=unknown[0][:40],
        )


def _batch(items: list[object], arrival: Arrival, *, is_single: bool) -> Batch:
    """Items without a time of their own are a microsecond apart: the last one is the newest."""
    batch = Batch([], [], is_single)
    implied = arrival.arrived_at - len(items) * _MICROSECOND
    for index, item in enumerate(items):
        implied += _MICROSECOND
        try:
            batch.heartbeats.append(_heartbeat(item, implied, arrival.now))
        except InvalidRequestError as error:
            device_id = _shown_device_id(item)
            field = error.details.get("parameter")
            batch.refusals.append(Refusal(index, device_id, field, error.message))
    return batch


def _heartbeat(item: object, implied: datetime, now: datetime) -> Heartbeat:
    if not isinstance(item, Mapping):
        raise InvalidRequestError("a heartbeat must be a JSON object")
    _require_known_fields(item)
    required = {name: check(name, item.get(name)) for name, check in fields.REQUIRED.items()}
    optional = {
        name: check(name, item[name]) if item[name] is not None else None
        for name, check in fields.OPTIONAL.items()
        if name in item
    }
    device_id = str(required.pop("device_id"))
    seen_at = implied if item.get(TIME) is None else _device_time(item[TIME], now)
    return Heartbeat(device_id, seen_at, {**required, **optional})


def _device_time(value: object, now: datetime) -> datetime:
    found = fields.instant(TIME, value)
    # A device with such a clock would look alive long after its end.
    if found > now + CLOCK_TOLERANCE:
        raise InvalidRequestError(
            f"{TIME} must not be more than {CLOCK_TOLERANCE.seconds} seconds in the future",
            parameter=TIME,
        )
    return found


def _require_known_fields(item: Mapping[str, object]) -> None:
    unknown = sorted(item.keys() - KNOWN_FIELDS)
    if unknown:
        raise InvalidRequestError(
            f"unknown field {unknown[0][:40]!r}: a heartbeat takes {', '.join(KNOWN_FIELDS)}",
            parameter=unknown[0][:40],
        )


def _shown_device_id(item: object) -> str | None:
    """As far as it can be told, so that whoever sent the batch can find it."""
    device_id = item.get("device_id") if isinstance(item, Mapping) else None
    is_shown = isinstance(device_id, str) and is_storable_text(device_id)
    return str(device_id)[: fields.MAX_TEXT_LENGTH] if is_shown else None
