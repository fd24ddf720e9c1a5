"""Heartbeats out of an event: the good ones, and why the others are refused."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from chalicelib import bodies
from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats.bodies import Heartbeat, HeartbeatBatch, RefusedHeartbeat
from chalicelib.features.heartbeats.model import (
    CLOCK_TOLERANCE,
    Admission,
    Objection,
    Report,
    Value,
)
from chalicelib.instants import read_device_instant
from chalicelib.text import is_storable_text

_ENVELOPE = {"source", "detail-type", "detail"}
_MICROSECOND = timedelta(microseconds=1)
_MAX_ID_LENGTH = 256
_TIME = "ts"
_UPLOAD = "last_upload_ts"
_MEASURES = ("cpu_pct", "disk_free_gb")


class Arrival(NamedTuple):
    """When an event reached us, and what the clock says now."""

    arrived_at: datetime
    now: datetime


class Parsed(NamedTuple):
    """A heartbeat that is well-formed; *said_at* is None where it does not say its time.

    *place* is its place in the batch, from 0.
    """

    place: int
    device_id: str
    said_at: datetime | None
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Batch:
    """The heartbeats of one event, *size* in number.

    *is_single* says that the event held one heartbeat by itself, rather than a list of them.
    """

    size: int
    parsed: list[Parsed] = field(default_factory=list)
    refused: list[RefusedHeartbeat] = field(default_factory=list)
    is_single: bool = False


def arrival(now: datetime, sent_at: datetime | None = None) -> Arrival:
    """The arrival of an event, at the time at which its carrier sent it, or *now* without one."""
    return Arrival(min(sent_at or now, now), now)


def unwrapped(event: object) -> tuple[object, datetime | None]:
    """What EventBridge's envelope holds, and its time; without an envelope, *event* and None."""
    if isinstance(event, Mapping) and event.keys() >= _ENVELOPE:
        sent_at = event.get("time")
        return event["detail"], read_device_instant("time", sent_at) if sent_at else None
    return event, None


def parse(body: object) -> object:
    """The JSON of a message; raises `InvalidRequestError` for anything else."""
    try:
        return json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        raise InvalidRequestError("the body must be JSON", parameter="body") from None


def read_batch(content: object) -> Batch:
    """The heartbeats in *content*: one, or `{"devices": […]}`.

    Raises `InvalidRequestError` where it is neither. A heartbeat that is wrong in itself is among
    the refused ones, and keeps no other from being stored.
    """
    if isinstance(content, Mapping) and "devices" in content:
        return _batch(bodies.read(HeartbeatBatch, content).devices, is_single=False)
    if not isinstance(content, Mapping):
        raise InvalidRequestError("a heartbeat must be a JSON object", parameter="body")
    return _batch([content], is_single=True)


def _batch(items: list[Any], *, is_single: bool) -> Batch:
    batch = Batch(len(items), is_single=is_single)
    are_good = _are_good(items)
    for index, item in enumerate(items):
        try:
            good = item if are_good else _good(item)
            batch.parsed.append(_parsed(index, good))
        except InvalidRequestError as error:
            batch.refused.append(_refused(index, _shown_device_id(item), error))
    return batch


def _are_good(items: list[Any]) -> bool:
    """Whether all are heartbeats as they stand, which is quicker to tell of all at once."""
    try:
        msgspec.convert(items, list[Heartbeat])
    except (msgspec.ValidationError, UnicodeError, RecursionError):
        return False
    return all(isinstance(item, dict) for item in items)


def _good(item: object) -> dict[str, Any]:
    """What *item* names, with the values that a heartbeat has."""
    if not isinstance(item, Mapping):
        raise InvalidRequestError("a heartbeat must be a JSON object")
    heartbeat = bodies.read(Heartbeat, item)
    # Every name in the item is a field of the heartbeat: unknown ones have been refused.
    return {name: getattr(heartbeat, name) for name in item}


def _parsed(place: int, good: dict[str, Any]) -> Parsed:
    fields = dict(good)
    device_id, spelled = fields.pop("device_id"), fields.pop(_TIME, None)
    said_at = read_device_instant(_TIME, spelled) if spelled else None
    if fields.get(_UPLOAD) is not None:
        fields[_UPLOAD] = read_device_instant(_UPLOAD, fields[_UPLOAD])
    for name in _MEASURES:
        if fields.get(name) is not None:
            # This makes a float of a whole number, and 0.0 of -0.0, which is equal and stored as
            # another value.
            fields[name] += 0.0
    return Parsed(place, device_id, said_at, fields)


def admitted(batch: Batch, admission: Admission) -> Batch:
    """*batch* with those refused for which its sender may not speak."""
    if admission.device_id is None and admission.site_id is None:
        return batch
    judged = [
        (parsed, admission.objection(parsed.device_id, parsed.fields["site_id"]))
        for parsed in batch.parsed
    ]
    refused = [objected(parsed, objection) for parsed, objection in judged if objection]
    parsed = [parsed for parsed, objection in judged if not objection]
    return replace(batch, parsed=parsed, refused=batch.refused + refused)


def objected(parsed: Parsed, objection: Objection) -> RefusedHeartbeat:
    """The refusal of a heartbeat that is well-formed."""
    return RefusedHeartbeat(
        index=parsed.place,
        device_id=parsed.device_id,
        field=objection.field,
        reason=objection.value,
    )


def dated(batch: Batch, arrival: Arrival) -> tuple[list[Report], list[RefusedHeartbeat]]:
    """The heartbeats of *batch* with their times, and those refused because of them.

    Heartbeats that do not say their time are dated a microsecond apart, so that the last one is the
    newest.
    """
    reports, refused = [], []
    first = arrival.arrived_at - (batch.size - 1) * _MICROSECOND
    for parsed in batch.parsed:
        if parsed.said_at is not None and parsed.said_at > arrival.now + CLOCK_TOLERANCE:
            refused.append(_refused(parsed.place, parsed.device_id, _ahead_of_us()))
        else:
            seen_at = parsed.said_at or first + parsed.place * _MICROSECOND
            reports.append(Report(parsed.device_id, seen_at, parsed.fields))
    return reports, refused


def _ahead_of_us() -> InvalidRequestError:
    """A device with such a clock would look alive long after its end."""
    return InvalidRequestError(
        f"{_TIME} must not be more than {CLOCK_TOLERANCE.seconds} seconds in the future",
        parameter=_TIME,
    )


def _refused(index: int, device_id: str | None, error: InvalidRequestError) -> RefusedHeartbeat:
    return RefusedHeartbeat(
        index=index,
        device_id=device_id,
        field=error.details.get("parameter"),
        reason=error.message,
    )


def _shown_device_id(item: object) -> str | None:
    """The device, if it can be told: whoever sent the batch can then find the heartbeat."""
    device_id = item.get("device_id") if isinstance(item, Mapping) else None
    is_shown = isinstance(device_id, str) and is_storable_text(device_id)
    return str(device_id)[:_MAX_ID_LENGTH] if is_shown else None
