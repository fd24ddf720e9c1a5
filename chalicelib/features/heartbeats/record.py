"""Storing heartbeats: what is good is stored, whatever else the event holds."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import batch as batches
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.batch import Batch
from chalicelib.features.heartbeats.bodies import Recorded, RefusedHeartbeat
from chalicelib.features.heartbeats.model import merge
from chalicelib.instants import read_device_instant

logger = logging.getLogger(__name__)

REFUSALS_LOGGED = 5


@dataclass(frozen=True)
class Message:
    """The heartbeats that arrived together, and when they were sent, if the carrier says so."""

    batch: Batch
    sent_at: datetime | None
    message_id: str = ""


@dataclass(frozen=True)
class RecordedMessages:
    """What became of the messages of a queue, and the ids of those with something refused."""

    recorded: Recorded
    failed_ids: list[str]


def record(
    engine: Engine, deadline: Deadline, batch: Batch, sent_at: datetime | None = None
) -> Recorded:
    """Store the heartbeats of *batch*, whose carrier says that it was *sent_at*."""
    messages = [Message(batch, sent_at)]
    recorded = _recorded(messages, _store(engine, deadline, messages))
    _log(recorded)
    return recorded


def record_messages(
    engine: Engine, deadline: Deadline, received: Iterable[Mapping[str, Any]]
) -> RecordedMessages:
    """Store what the messages of a queue hold, all of them in one transaction.

    A message of which anything is refused has failed: storing the rest of it again changes
    nothing, and in the dead letter queue people can see all of it.
    """
    messages = [_read_message(message) for message in received]

    refused_late = _store(engine, deadline, messages)
    failed_ids = [
        message.message_id
        for message, late in zip(messages, refused_late, strict=True)
        if message.batch.refused or late
    ]
    recorded = _recorded(messages, refused_late)
    _log(recorded, failed_ids=failed_ids[:REFUSALS_LOGGED])
    return RecordedMessages(recorded, failed_ids)


def require_stored(recorded: Recorded) -> None:
    """Raise `InvalidRequestError` where a heartbeat that came alone was refused."""
    for refusal in recorded.refused:
        details = {"parameter": refusal.field} if refusal.field else {}
        raise InvalidRequestError(refusal.reason, **details)


def _read_message(message: Mapping[str, Any]) -> Message:
    """What one message holds.

    Where that is no heartbeat at all, it counts as one that is refused.
    """
    message_id = str(message["messageId"])
    try:
        content, sent_at = batches.unwrapped(batches.parse(message.get("body")))
        queued_at = read_device_instant(
            "SentTimestamp", int(message["attributes"]["SentTimestamp"])
        )
        return Message(batches.read_batch(content), sent_at or queued_at, message_id)
    except InvalidRequestError as error:
        refusal = RefusedHeartbeat(
            index=0, device_id=None, field=error.details.get("parameter"), reason=error.message
        )
        return Message(Batch(1, refused=[refusal]), None, message_id)


def _store(
    engine: Engine, deadline: Deadline, messages: list[Message]
) -> list[list[RefusedHeartbeat]]:
    """Store what is good in *messages*; returns for each what is refused because of its time."""

    def attempt() -> list[list[RefusedHeartbeat]]:
        with database.transaction(engine, deadline) as connection:
            now = store.database_clock(connection)
            dated = [batches.dated(m.batch, batches.arrival(now, m.sent_at)) for m in messages]
            reports = (report for good, _ in dated for report in good)
            store.merge_heartbeats(connection, merge(reports))
            return [refused for _, refused in dated]

    # Repeating it after a lost commit merges the same heartbeats once more: no change.
    return database.retry(attempt, deadline)


def _recorded(messages: list[Message], refused_late: list[list[RefusedHeartbeat]]) -> Recorded:
    malformed = (refusal for message in messages for refusal in message.batch.refused)
    late = (refusal for refusals in refused_late for refusal in refusals)
    refused = sorted([*malformed, *late], key=lambda refusal: refusal.index)
    received = sum(message.batch.size for message in messages)
    return Recorded(received=received, stored=received - len(refused), refused=refused)


def _log(recorded: Recorded, **facts: Any) -> None:
    counts = {"received": recorded.received, "stored": recorded.stored}
    logger.info("heartbeats_recorded", extra=counts)
    if recorded.refused:
        first = [msgspec.to_builtins(refusal) for refusal in recorded.refused[:REFUSALS_LOGGED]]
        refused = {"refused": len(recorded.refused), "first": first, **facts}
        logger.warning("heartbeats_refused", extra=refused)
