"""What is done about telemetry now and then: forgetting, and telling what is still to be told."""

from collections.abc import Callable

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.features.telemetry import anomaly_events, letters, store
from chalicelib.features.telemetry.bodies import Tidied
from chalicelib.features.telemetry.context import Ingestion

BATCH = 10_000
MOST_BATCHES = 20
# So many rejects of one organization are kept: a device that goes wrong may send one each second.
MOST_OF_AN_ORGANIZATION = 100_000


def tidy(context: Ingestion, *, retention_days: int) -> Tidied:
    """Forget what was rejected so many days ago, or is too much, and tell what waits."""
    forgotten = _in_batches(
        context, lambda connection: store.prune_rejects(connection, retention_days, BATCH)
    )
    forgotten += _in_batches(
        context,
        lambda connection: store.prune_crowded(connection, MOST_OF_AN_ORGANIZATION, BATCH),
    )
    if context.letter_queue is not None:
        letters.send_due(context.engine, context.deadline, context.letter_queue)
    pending = None
    if context.bus is not None:
        pending = anomaly_events.send(context.engine, context.bus, context.deadline)
    return Tidied(forgotten=forgotten, pending_event_count=pending)


def _in_batches(context: Ingestion, prune: Callable[[Connection], int]) -> int:
    """How many *prune* has forgotten, batch by batch: none of them holds locks for long."""

    def attempt() -> int:
        with context.transaction() as connection:
            return prune(connection)

    counts: list[int] = []
    while len(counts) < MOST_BATCHES and (not counts or counts[-1] == BATCH):
        counts.append(database.retry(attempt, context.deadline))
    return sum(counts)
