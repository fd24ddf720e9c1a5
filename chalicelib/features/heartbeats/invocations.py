"""Heartbeats that come by an event, and the check that a schedule starts."""

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError
from chalicelib.features.heartbeats import metrics
from chalicelib.features.heartbeats.batch import read_batch, unwrapped
from chalicelib.features.heartbeats.check import check
from chalicelib.features.heartbeats.feature import STALE_AFTER_SECONDS, UNKNOWN_DEVICES
from chalicelib.features.heartbeats.model import Admission, UnknownDevices
from chalicelib.features.heartbeats.record import record, record_messages, require_stored
from chalicelib.settings import CHANGE_EVENT_BUS, database_from_environment

# The time that an invocation has outside of Lambda.
TIME_LIMIT_SECONDS = 60.0


def record_event(event: object, context: Any) -> dict[str, Any]:
    """Store what *event* holds, and return what became of it.

    The heartbeats, one or a batch, are the event itself or the detail of EventBridge's envelope.
    Raises `InvalidRequestError` where there is no heartbeat, so that Lambda counts an error and
    hands the event to whatever is configured for failures.
    """
    content, sent_at = unwrapped(event)
    batch = read_batch(content)
    recorded = record(_engine(), _deadline(context), batch, sent_at, _admission())
    metrics.publish_recorded(recorded)
    if batch.is_single:
        require_stored(recorded)
    answer: dict[str, Any] = msgspec.to_builtins(recorded)
    return answer


def record_queued(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Store what the messages of a queue hold. Those that cannot be stored stay in the queue.

    Raises where nothing could be stored; then the queue delivers all of them again.
    """
    messages = event.get("Records")
    if not isinstance(messages, list):
        raise InvalidRequestError("an event of a queue must have a list of Records")
    result = record_messages(_engine(), _deadline(context), messages, _admission())
    metrics.publish_recorded(result.recorded)
    return {"batchItemFailures": [{"itemIdentifier": failed} for failed in result.failed_ids]}


def check_silence(context: Any) -> dict[str, Any]:
    """Look for devices that became stale or came back, and return how many did."""
    found = check(
        _engine(),
        _deadline(context),
        stale_after_seconds=STALE_AFTER_SECONDS.value(),
        bus=CHANGE_EVENT_BUS.value_if_set(),
    )
    if not found.is_skipped:
        metrics.publish_check(found)
    answer: dict[str, Any] = msgspec.to_builtins(found)
    return answer


def _admission() -> Admission:
    """Whoever may invoke a function of ours may speak for any device."""
    return Admission(UnknownDevices(UNKNOWN_DEVICES.value()))


def _engine() -> database.Engine:
    return database.engine_for(database_from_environment())


def _deadline(context: Any) -> Deadline:
    return Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
