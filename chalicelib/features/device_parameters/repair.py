"""Putting back what somebody has dropped, and refilling the aggregate where it was that."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.repair import TO_BE_REFILLED, recreate_missing
from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters import aggregate, store
from chalicelib.features.device_parameters.backfill import backfill
from chalicelib.features.device_parameters.model import Span, bucket_start
from chalicelib.features.device_parameters.settings import SyncSettings

__all__ = ["recreate_missing", "refill", "span_to_refill"]

QUERY_SECONDS = 60.0

sql = statements_beside(__file__, "repair.sql")


def span_to_refill(engine: Engine, *, is_forced: bool = False) -> Span | None:
    """The closed buckets since the oldest measurement; None unless the aggregate waits for them.

    Where it *is_forced*, whether the aggregate waits does not matter.

    An aggregate that has been recreated says so in its comment until it is refilled, so that a
    repair that was broken off is taken up by the next one.
    """
    with database.transaction(engine, Deadline.after(QUERY_SECONDS)) as connection:
        values = {"comment": TO_BE_REFILLED, "aggregates": list(aggregate.AGGREGATES)}
        if not is_forced and not connection.execute(sql.is_to_be_refilled, values).scalar_one():
            return None
        hot_bucket = bucket_start(store.database_clock(connection))
        earliest = aggregate.earliest_measurement(connection) or hot_bucket
    return Span(min(bucket_start(earliest), hot_bucket), hot_bucket)


def refill(
    engine: Engine,
    settings: SyncSettings,
    span: Span,
    step: timedelta,
    *,
    is_forced: bool = False,
) -> Iterator[Span]:
    """Materialize *span* in bounded steps, yielding each; then note that nothing is missing."""
    yield from backfill(engine, settings, span.steps(step), is_forced=is_forced)
    with database.transaction(engine, Deadline.after(QUERY_SECONDS)) as connection:
        connection.execute(sql.note_pairs_refilled)
        connection.execute(sql.note_sets_refilled)
