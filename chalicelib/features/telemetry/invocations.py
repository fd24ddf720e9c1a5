"""Telemetry that comes by an event, and what a schedule starts."""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.database import Deadline
from chalicelib.errors import DatabaseUnavailableError, RunTimedOutError
from chalicelib.features.telemetry import metrics
from chalicelib.features.telemetry.answering import answer_of
from chalicelib.features.telemetry.arriving import (
    Arrived,
    from_kinesis,
    from_payload,
    from_queue,
    records_of,
)
from chalicelib.features.telemetry.configuring import configured
from chalicelib.features.telemetry.context import Ingestion, Outcome
from chalicelib.features.telemetry.feature import REJECT_RETENTION_DAYS
from chalicelib.features.telemetry.ingest import ingest
from chalicelib.features.telemetry.model import Way
from chalicelib.features.telemetry.tidy import tidy

logger = logging.getLogger(__name__)

# The time that an invocation has outside of Lambda.
TIME_LIMIT_SECONDS = 60.0
# What may be over the next time.
_PASSING = (DatabaseUnavailableError, RunTimedOutError)


def consume_stream(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Store what a batch of Kinesis holds.

    What cannot be stored is kept with the reason, and so is handled as well. Where nothing can be
    stored at the moment, the first record is named: Lambda hands over again all from there on.
    """
    arrived = from_kinesis(event)
    try:
        _store(_ingestion(Way.KINESIS, context), arrived)
    except _PASSING as error:
        logger.error("telemetry_delayed", extra={"code": error.code, "reason": error.message})
        return {"batchItemFailures": [{"itemIdentifier": _lowest(event)}]}
    return {"batchItemFailures": []}


def process_rule(event: object, context: Any) -> dict[str, Any]:
    """Store what *event* holds, one record or several, and return what became of it.

    Raises where nothing can be stored at the moment: Lambda tries it again, and keeps it then.
    """
    ingestion = _ingestion(Way.RULE, context)
    outcome = _store(ingestion, from_payload(event))
    answer: dict[str, Any] = msgspec.to_builtins(answer_of(outcome, ingestion.admission))
    return answer


def consume_queue(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Store what the messages of a queue hold.

    Raises where nothing can be stored at the moment: the queue delivers all of them again.
    """
    _store(_ingestion(Way.QUEUE, context), from_queue(event))
    return {"batchItemFailures": []}


def tidy_telemetry(context: Any) -> dict[str, Any]:
    """Forget old rejects, and tell what could not be told when it happened."""
    ingestion = _ingestion(Way.REPLAY, context)
    done = tidy(ingestion, retention_days=REJECT_RETENTION_DAYS.value())
    metrics.publish_tidied(done)
    answer: dict[str, Any] = msgspec.to_builtins(done)
    return answer


def _store(ingestion: Ingestion, arrived: Arrived) -> Outcome:
    outcome = ingest(ingestion, arrived)
    metrics.publish_outcome(outcome)
    return outcome


def _ingestion(way: Way, context: Any) -> Ingestion:
    return configured(way, Deadline.of_invocation(context, TIME_LIMIT_SECONDS))


def _lowest(event: Mapping[str, Any]) -> str:
    """The lowest sequence number: they are numbers, and texts of different lengths."""
    numbers = (record.get("kinesis", {}).get("sequenceNumber") for record in records_of(event))
    return min((str(number) for number in numbers), key=int)
