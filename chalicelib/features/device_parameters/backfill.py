"""Materializing the past, in bounded steps."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError
from chalicelib.features.device_parameters import aggregate, mending, store
from chalicelib.features.device_parameters.model import Span, bucket_start, gaps
from chalicelib.features.device_parameters.settings import SyncSettings

STEP_TIME_LIMIT = timedelta(hours=1)


def span_to_backfill(engine: Engine, start: datetime | None, end: datetime | None) -> Span | None:
    """The buckets to materialize; by default from the oldest that is known to the hot one.

    What has been materialized may be older than any measurement that is still there. Returns None
    where nothing is known at all. Raises `InvalidRequestError` for a span
    that is empty or reaches into the hot bucket, whose rows are still arriving.
    """
    with database.transaction(engine, Deadline.after(60)) as connection:
        hot_bucket = bucket_start(store.database_clock(connection))
        earliest = aggregate.earliest_known(connection)
    if earliest is None:
        return None
    span = Span(
        bucket_start(max(start or earliest, earliest)), bucket_start(end) if end else hot_bucket
    )
    if span.end > hot_bucket or span.start >= span.end:
        raise InvalidRequestError(
            f"the span to backfill must hold a bucket and end by {hot_bucket:%Y-%m-%dT%H:%MZ}, "
            f"not run from {span.start:%Y-%m-%dT%H:%MZ} to {span.end:%Y-%m-%dT%H:%MZ}"
        )
    return span


def backfill(
    engine: Engine, settings: SyncSettings, steps: list[Span], *, is_forced: bool = False
) -> Iterator[Span]:
    """Materialize *steps* one by one, yielding each when it is done.

    Nothing is lost by breaking off: a bucket that is materialized costs next to nothing the next
    time. What is known of measurements that have been dropped stays, unless *is_forced* has all
    buckets materialized anew.
    """
    for step in steps:
        deadline = Deadline.after(STEP_TIME_LIMIT.total_seconds())
        database.retry(
            lambda: _materialize(engine, settings, step, deadline, is_forced=is_forced),  # noqa: B023 called at once
            deadline,
        )
        yield step


def _materialize(
    engine: Engine, settings: SyncSettings, step: Span, deadline: Deadline, *, is_forced: bool
) -> None:
    work_mem_mb = settings.refresh_work_mem_mb
    with aggregate.refresh_session(engine, deadline, work_mem_mb=work_mem_mb) as connection:
        if is_forced:
            aggregate.materialize(connection, step, is_forced=True)
        else:
            _materialize_known(connection, step)


def _materialize_known(connection: Connection, step: Span) -> None:
    measured = aggregate.measured_spans(connection, step)
    for part in measured:
        aggregate.materialize(connection, part)
    # TimescaleDB takes what it has once materialized to be up to date, whether it is still there.
    for lost in mending.lost_spans(connection, step):
        aggregate.materialize(connection, lost, is_forced=True)
    for gap in gaps(step, measured):
        aggregate.gather_sets(connection, gap)
