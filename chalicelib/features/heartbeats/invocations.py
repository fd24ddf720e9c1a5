"""Heartbeats that come by an event, and the check that a schedule starts."""

from collections.abc import Mapping
from typing import Any

from chalicelib.database import Deadline, engine_for
from chalicelib.features.heartbeats import documents, metrics
from chalicelib.features.heartbeats.check import check
from chalicelib.features.heartbeats.record import record, record_messages, require_stored
from chalicelib.features.heartbeats.settings import heartbeats_from_environment

# Where there is no Lambda to say.
TIME_LIMIT_SECONDS = 60.0


def record_event(event: object, context: Any) -> dict[str, Any]:
    """Store what *event* holds, and return what became of it.

    Raises `InvalidRequestError` where that is no heartbeat, so that Lambda counts an error and
    hands the event to whatever is configured for failures.
    """
    engine = engine_for(heartbeats_from_environment().database)
    recorded = record(engine, Deadline.of_invocation(context, TIME_LIMIT_SECONDS), event)
    metrics.publish_recorded(recorded)
    require_stored(recorded)
    return documents.recorded_document(recorded)


def record_queued(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Store what the messages of a queue hold; those that cannot be are left to the queue.

    Raises where nothing could be stored, and all of them come again.
    """
    engine = engine_for(heartbeats_from_environment().database)
    result = record_messages(
        engine, Deadline.of_invocation(context, TIME_LIMIT_SECONDS), event["Records"]
    )
    metrics.publish_recorded(result.recorded)
    return {"batchItemFailures": [{"itemIdentifier": failed} for failed in result.failed_ids]}


def check_silence(context: Any) -> dict[str, Any]:
    """Look for devices that became stale or came back, and return how many did."""
    settings = heartbeats_from_environment()
    found = check(
        engine_for(settings.database), settings, Deadline.of_invocation(context, TIME_LIMIT_SECONDS)
    )
    if not found.is_skipped:
        metrics.publish_check(found)
    return documents.check_document(found)
