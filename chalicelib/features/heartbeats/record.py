"""Storing heartbeats: what is good is stored, whatever else the event holds."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.access.errors import ForbiddenError
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import batch as batches
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.batch import Batch, Parsed
from chalicelib.features.heartbeats.bodies import Recorded, RefusedHeartbeat
from chalicelib.features.heartbeats.model import (
    DEFAULT_ADMISSION,
    Admission,
    Knock,
    Objection,
    Report,
    merge,
)
from chalicelib.instants import read_device_instant

logger = logging.getLogger(__name__)

REFUSALS_LOGGED = 5
# Attributes of a message. Both stay as they are when the message comes again.
_SINCE_WHEN = ("SentTimestamp", "ApproximateFirstReceiveTimestamp")
_ABOUT_THE_SENDER = {reason.value for reason in Objection if reason.is_about_the_sender}


@dataclass(frozen=True)
class Message:
    """The heartbeats that arrived together, and when they were sent, if the carrier says so."""

    batch: Batch
    sent_at: datetime | None
    message_id: str = ""


class Judged(NamedTuple):
    """The heartbeats of a message that were well-formed, and are not stored all the same."""

    refused: list[RefusedHeartbeat]
    quarantined: list[Parsed]


@dataclass(frozen=True)
class RecordedMessages:
    """What became of the messages of a queue, and the ids of those with something refused."""

    recorded: Recorded
    failed_ids: list[str]


def record(
    engine: Engine,
    deadline: Deadline,
    batch: Batch,
    sent_at: datetime | None = None,
    admission: Admission = DEFAULT_ADMISSION,
) -> Recorded:
    """Store the heartbeats of *batch*, whose carrier says that it was *sent_at*."""
    messages = [Message(batches.admitted(batch, admission), sent_at)]
    recorded = _recorded(messages, _store(engine, deadline, messages, admission))
    _log(recorded)
    return recorded


def record_messages(
    engine: Engine,
    deadline: Deadline,
    received: Iterable[object],
    admission: Admission = DEFAULT_ADMISSION,
) -> RecordedMessages:
    """Store what the messages of a queue hold, all of them in one transaction.

    A message of which anything is refused has failed: storing the rest of it again changes
    nothing, and in the dead letter queue people can see all of it.
    """
    messages = [_read_message(message) for message in received]

    judged = _store(engine, deadline, messages, admission)
    failed_ids = [
        message.message_id
        for message, late in zip(messages, judged, strict=True)
        if message.batch.refused or late.refused
    ]
    recorded = _recorded(messages, judged)
    _log(recorded, failed_ids=failed_ids[:REFUSALS_LOGGED])
    return RecordedMessages(recorded, failed_ids)


def require_stored(recorded: Recorded) -> None:
    """Raise where a heartbeat that came alone was refused.

    That is `ForbiddenError` where the sender may not speak for the device, and
    `InvalidRequestError` otherwise.
    """
    for refusal in recorded.refused:
        details = {"parameter": refusal.field} if refusal.field else {}
        is_forbidden = refusal.reason in _ABOUT_THE_SENDER
        raise (ForbiddenError if is_forbidden else InvalidRequestError)(refusal.reason, **details)


def _read_message(message: object) -> Message:
    """What one message holds.

    Where that is no heartbeat at all, it counts as one that is refused. Without an id it cannot be
    told apart, and an empty one makes Lambda deliver the whole batch again.
    """
    read = message if isinstance(message, Mapping) else {}
    message_id = str(read.get("messageId") or "")
    try:
        content, sent_at = batches.unwrapped(batches.parse(read.get("body")))
        return Message(batches.read_batch(content), sent_at or _queued_at(read), message_id)
    except InvalidRequestError as error:
        refusal = RefusedHeartbeat(
            index=0, device_id=None, field=error.details.get("parameter"), reason=error.message
        )
        return Message(Batch(1, refused=[refusal]), None, message_id)


def _queued_at(message: Mapping[str, Any]) -> datetime | None:
    """Since when *message* is in the queue.

    AWS always says that, what stands in for it need not. None leaves it to the database's clock:
    for want of an instant that devices may give themselves, no heartbeat is lost.
    """
    attributes = message.get("attributes")
    if not isinstance(attributes, Mapping):
        return None
    found = (_instant_or_none(name, attributes.get(name)) for name in _SINCE_WHEN)
    return next(filter(None, found), None)


def _instant_or_none(name: str, milliseconds: Any) -> datetime | None:
    try:
        return read_device_instant(name, int(milliseconds))
    except (InvalidRequestError, TypeError, ValueError, OverflowError):
        return None


def _store(
    engine: Engine, deadline: Deadline, messages: list[Message], admission: Admission
) -> list[Judged]:
    """Store what is good in *messages*; returns for each what is not, and why."""

    def attempt() -> tuple[list[list[RefusedHeartbeat]], dict[str, Report], dict[str, Objection]]:
        with database.transaction(engine, deadline) as connection:
            now = store.database_clock(connection)
            dated = [batches.dated(m.batch, batches.arrival(now, m.sent_at)) for m in messages]
            devices = merge(report for good, _ in dated for report in good)
            objections = store.merge_heartbeats(connection, devices, admission)
            return [refused for _, refused in dated], devices, objections

    # Repeating it after a lost commit merges the same heartbeats once more: no change.
    refused_late, devices, objections = database.retry(attempt, deadline)
    judged = [
        _judged(message.batch, late, objections, admission)
        for message, late in zip(messages, refused_late, strict=True)
    ]
    _set_apart(engine, deadline, devices, judged)
    return judged


def _judged(
    batch: Batch,
    late: list[RefusedHeartbeat],
    objections: Mapping[str, Objection],
    admission: Admission,
) -> Judged:
    if not objections:
        return Judged(late, [])
    judged = Judged(list(late), [])
    places_judged = {refusal.index for refusal in late}
    for parsed in batch.parsed:
        objection = objections.get(parsed.device_id)
        if objection is None or parsed.place in places_judged:
            continue
        if objection is Objection.UNKNOWN_DEVICE and admission.sets_unknown_apart:
            judged.quarantined.append(parsed)
        else:
            judged.refused.append(batches.objected(parsed, objection))
    return judged


def _set_apart(
    engine: Engine,
    deadline: Deadline,
    devices: Mapping[str, Report],
    judged: list[Judged],
) -> None:
    """Remember the unknown devices, in a transaction of its own.

    Others who do so are waited for, which known devices must not have to.
    """
    counts = Counter(parsed.device_id for one in judged for parsed in one.quarantined)
    if not counts:
        return
    knocks = [Knock(device_id, devices[device_id], counts[device_id]) for device_id in counts]

    def attempt() -> None:
        with database.transaction(engine, deadline) as connection:
            store.quarantine(connection, knocks)

    database.retry(attempt, deadline)


def _recorded(messages: list[Message], judged: list[Judged]) -> Recorded:
    malformed = (refusal for message in messages for refusal in message.batch.refused)
    late = (refusal for one in judged for refusal in one.refused)
    refused = sorted([*malformed, *late], key=lambda refusal: refusal.index)
    received = sum(message.batch.size for message in messages)
    quarantined = sum(len(one.quarantined) for one in judged)
    stored = received - len(refused) - quarantined
    return Recorded(received=received, stored=stored, quarantined=quarantined, refused=refused)


def _log(recorded: Recorded, **facts: Any) -> None:
    counts = {
        "received": recorded.received,
        "stored": recorded.stored,
        "quarantined": recorded.quarantined,
    }
    logger.info("heartbeats_recorded", extra=counts)
    if recorded.refused:
        first = [msgspec.to_builtins(refusal) for refusal in recorded.refused[:REFUSALS_LOGGED]]
        refused = {"refused": len(recorded.refused), "first": first, **facts}
        logger.warning("heartbeats_refused", extra=refused)
