"""Storing heartbeats: what is good is stored, whatever else the event holds."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import fields, payload, store
from chalicelib.features.heartbeats.model import Batch, Recorded, Refusal, merge

T = TypeVar("T")

logger = logging.getLogger(__name__)

REFUSALS_LOGGED = 5


@dataclass(frozen=True)
class RecordedMessages:
    """What a queue delivered, and the messages of which something could not be stored."""

    recorded: Recorded
    failed_ids: list[str]


def record(engine: Engine, deadline: Deadline, event: object) -> Recorded:
    """Store what *event* holds: one heartbeat or a batch, in EventBridge's envelope or without.

    Raises `InvalidRequestError` where it holds neither.
    """
    content, sent_at = payload.unwrapped(event)

    def store_content(connection: Connection) -> Recorded:
        now = store.database_clock(connection)
        batch = payload.read(content, payload.arrival(now, sent_at))
        store.merge_heartbeats(connection, merge(batch.heartbeats))
        return Recorded(batch.received, batch.refusals, batch.is_single)

    recorded = _in_transaction(engine, deadline, store_content)
    _log(recorded)
    return recorded


def record_messages(
    engine: Engine, deadline: Deadline, messages: Iterable[Mapping[str, Any]]
) -> RecordedMessages:
    """Store what the *messages* of a queue hold, all of them in one transaction.

    A message of which anything is refused has failed: storing the rest of it again changes
    nothing, and in the dead letter queue people can see all of it.
    """

    def store_messages(connection: Connection) -> tuple[Recorded, list[str]]:
        now = store.database_clock(connection)
        batches = {str(message["messageId"]): _read_message(message, now) for message in messages}
        heartbeats = [found for batch in batches.values() for found in batch.heartbeats]
        store.merge_heartbeats(connection, merge(heartbeats))
        refusals = [refusal for batch in batches.values() for refusal in batch.refusals]
        recorded = Recorded(len(heartbeats) + len(refusals), refusals)
        return recorded, [message_id for message_id, batch in batches.items() if batch.refusals]

    recorded, failed_ids = _in_transaction(engine, deadline, store_messages)
    _log(recorded, failed_ids=failed_ids[:REFUSALS_LOGGED])
    return RecordedMessages(recorded, failed_ids)


def require_stored(recorded: Recorded) -> None:
    """Raise `InvalidRequestError` where a heartbeat that came alone was refused."""
    if recorded.is_single and recorded.refusals:
        [refusal] = recorded.refusals
        details = {"parameter": refusal.field} if refusal.field else {}
        raise InvalidRequestError(refusal.reason, **details)


def _read_message(message: Mapping[str, Any], now: datetime) -> Batch:
    """What one message holds; all of it refused where that is no heartbeat at all."""
    try:
        content, sent_at = payload.unwrapped(payload.parse(message.get("body")))
        queued_at = fields.instant("SentTimestamp", int(message["attributes"]["SentTimestamp"]))
        return payload.read(content, payload.arrival(now, sent_at or queued_at))
    except InvalidRequestError as error:
        refusal = Refusal(0, None, error.details.get("parameter"), error.message)
        return Batch([], [refusal], is_single=True)


def _in_transaction(engine: Engine, deadline: Deadline, work: Callable[[Connection], T]) -> T:
    def attempt() -> T:
        with database.transaction(engine, deadline) as connection:
            return work(connection)

    # Repeating it after a lost commit merges the same heartbeats once more: no change.
    return database.retry(attempt, deadline)


def _log(recorded: Recorded, **facts: Any) -> None:
    counts = {"received": recorded.received, "stored": recorded.stored}
    logger.info("heartbeats_recorded", extra=counts)
    if recorded.refusals:
        first = [vars(refusal) for refusal in recorded.refusals[:REFUSALS_LOGGED]]
        refused = {"refused": len(recorded.refusals), "first": first, **facts}
        logger.warning("heartbeats_refused", extra=refused)
