"""Sending what is queued: at least once, in order, and never at the expense of the work itself."""

import logging

from sqlalchemy import Engine
from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError
from chalicelib.outbox import gateway, store
from chalicelib.outbox.model import QueuedEvent, Refusal

logger = logging.getLogger(__name__)

ATTEMPTS = 4


def send_pending(engine: Engine, bus: str, stream: str, deadline: Deadline) -> int | None:
    """Send the events of *stream* until none waits, the bus refuses, or the time is used up.

    Returns how many still wait: they stay queued, and go out with a later call. This follows
    work that has been committed already, so a failure is logged and not raised; None where not
    even the queue could be read.
    """
    try:
        _report(stream, _retrying(deadline)(lambda: _drain(engine, bus, stream, deadline)))
        with database.transaction(engine, deadline) as connection:
            return store.count_pending(connection, stream)
    except ApplicationError as error:
        logger.warning("events_not_sent", extra={"stream": stream, "reason": error.message})
        return None


def _retrying(deadline: Deadline) -> Retrying:
    def gives_up(state: RetryCallState) -> bool:
        is_late = not deadline.leaves_time_after(state.upcoming_sleep)
        return is_late or state.attempt_number >= ATTEMPTS

    return Retrying(
        retry=retry_if_result(bool),
        wait=wait_exponential_jitter(multiplier=0.2, max=5, jitter=0.2),
        stop=gives_up,
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else [],
    )


def _drain(engine: Engine, bus: str, stream: str, deadline: Deadline) -> list[Refusal]:
    """Request after request until nothing waits; returns what the last one refused."""
    refusals: list[Refusal] | None = []
    while refusals == []:
        refusals = _send_request(engine, bus, stream, deadline)
    return refusals or []


def _send_request(
    engine: Engine, bus: str, stream: str, deadline: Deadline
) -> list[Refusal] | None:
    """One request, and what became of it in the queue; None where there was nothing to do.

    The transaction spans the request: a crash in between leaves the events queued, and another
    sender of the stream leaves them to this one.
    """
    with database.transaction(engine, deadline) as connection:
        if not store.try_lock_stream(connection, stream):
            return None
        events = _fitting(store.next_batch(connection, stream))
        if not events:
            return None
        refusals = gateway.put_events(bus, events)
        refused = {refusal.position for refusal in refusals}
        taken = [event.position for event in events if event.position not in refused]
        store.forget_sent(connection, taken)
        store.note_refusals(connection, refusals)
    if taken:
        logger.info("events_sent", extra={"stream": stream, "count": len(taken)})
    return refusals


def _fitting(events: list[QueuedEvent]) -> list[QueuedEvent]:
    """As many of *events* as fit into one request, but at least the first."""
    size = 0
    for count, event in enumerate(events):
        size += event.size
        if count and size > gateway.MAX_REQUEST_BYTES:
            return events[:count]
    return events


def _report(stream: str, refusals: list[Refusal]) -> None:
    if refusals:
        facts = {"stream": stream, "refused": len(refusals), "reason": refusals[0].reason}
        logger.warning("events_not_sent", extra=facts)
