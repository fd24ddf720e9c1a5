"""Bringing the aggregate up to date: before a run reads of it, and once its delta has committed."""

import dataclasses
import logging
import time
from contextlib import AbstractContextManager
from datetime import timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError
from chalicelib.features.device_parameters import aggregate, self_check, store, upkeep
from chalicelib.features.device_parameters.bodies import Run, RunError
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    BUCKET,
    EvidenceSource,
    Reading,
    Span,
    bucket_start,
    gaps,
)

logger = logging.getLogger(__name__)

# A long first refresh is done in steps, so that a run that ends early has still made progress.
REFRESH_STEP = timedelta(hours=24)
# Where nothing is measured any more, only the sets of what is known are gathered.
GATHER_STEP = timedelta(days=7)
# Of a run that could do without the aggregate: the rest is for the measurements.
SHARE_OF_TIME = 0.5
# The error code of an applied run after which the aggregate could not be brought up to date.
NOT_MATERIALIZED = "not_materialized"


def prepare(context: Sync, reading: Reading) -> Reading:
    """Materialize what *reading* takes from the aggregate, and compare a sample of it.

    Returns what is to be read: what needs no refresh, where that is enough and the aggregate cannot
    be brought up to date, or not in good time.
    """
    if reading.source is EvidenceSource.MEASUREMENTS:
        return reading
    instead = reading.instead
    deadline = context.deadline if instead is None else context.deadline.share(SHARE_OF_TIME)
    try:
        _refresh_timed(context, reading.aggregated, deadline)
    except ApplicationError as error:
        logger.warning("aggregate_not_materialized", extra={"reason": error.message})
        if instead is None:
            raise
        return dataclasses.replace(instead, reason=_problem(error))
    context.telemetry.finding = self_check.check(context, reading.window, reading.aggregated)
    return reading


def bring_up_to_date(context: Sync, run: Run) -> Run:
    """Materialize every closed bucket of the window of a run that has been applied.

    The table is right already. So what goes wrong here is noted in the run, which is returned, and
    fails nothing: the next run tries again.
    """
    try:
        kept = _kept(context, run.window.closed_buckets)
        _refresh_timed(context, kept, context.deadline)
        _look_around(context, run)
        found = _check(context, run, kept)
    except ApplicationError as error:
        logger.error("aggregate_not_materialized", extra={"reason": error.message})
        context.telemetry.is_materialized = False
        found = RunError(code=NOT_MATERIALIZED, message=_problem(error))
    return run if found is None else _noted(context, run, found)


def refresh(context: Sync, span: Span, deadline: Deadline) -> None:
    """Materialize the buckets of *span*, of which the hot one is none.

    Materializing the hot bucket would hide the rows that still arrive in it. And materializing a
    bucket whose measurements have been dropped would forget them: of what is known there, only the
    sets are made.
    """
    measured = database.retry(lambda: _measured_spans(context, span, deadline), deadline)
    steps = [step for part in measured for step in part.steps(REFRESH_STEP)]
    if steps:
        database.retry(lambda: _materialize(context, steps, deadline), deadline)
    known = [step for gap in gaps(span, measured) for step in gap.steps(GATHER_STEP)]
    if known:
        database.retry(lambda: _gather(context, known, deadline), deadline)


def _problem(error: ApplicationError) -> str:
    return f"the aggregate could not be brought up to date: {error.message}"


def _refresh_timed(context: Sync, span: Span, deadline: Deadline) -> None:
    started = time.monotonic()
    refresh(context, span, deadline)
    spent = time.monotonic() - started
    context.telemetry.refresh_seconds = (context.telemetry.refresh_seconds or 0) + spent


def _measured_spans(context: Sync, span: Span, deadline: Deadline) -> list[Span]:
    with database.transaction(context.engine, deadline) as connection:
        return aggregate.measured_spans(connection, span)


def _materialize(context: Sync, steps: list[Span], deadline: Deadline) -> None:
    for step in steps:
        with _session(context, deadline) as connection:
            aggregate.materialize(connection, step)


def _gather(context: Sync, steps: list[Span], deadline: Deadline) -> None:
    for step in steps:
        with _session(context, deadline) as connection:
            aggregate.gather_sets(connection, step)


def _session(context: Sync, deadline: Deadline) -> AbstractContextManager[Connection]:
    """Each step has what is left of the time."""
    work_mem_mb = context.settings.refresh_work_mem_mb
    return aggregate.refresh_session(context.engine, deadline, work_mem_mb=work_mem_mb)


def _kept(context: Sync, span: Span) -> Span:
    """What of *span* is not dropped again at once because it is so old."""
    with database.transaction(context.engine, context.deadline) as connection:
        since = upkeep.kept_since(context.settings, store.database_clock(connection))
    return Span(max(span.start, bucket_start(since) + BUCKET), span.end)


def _check(context: Sync, run: Run, span: Span) -> RunError | None:
    """Compare what has not been compared before the commit; what was found then is recorded."""
    seen = context.telemetry
    if seen.finding is not None or not (seen.is_checked or span.buckets):
        return None
    if not seen.is_checked:
        seen.finding = self_check.check(context, run.window, span)
    seen.finding = seen.finding or self_check.check_further(context, run.window)
    return None if seen.finding is None else self_check.explained(seen.finding)


def _look_around(context: Sync, run: Run) -> None:
    """Notice how far the aggregate lags behind, and whether measurements are dropped too early."""
    with database.transaction(context.engine, context.deadline) as connection:
        drop_after = store.short_retention(connection, run.window_minutes)
        until = database.advisory(connection, "materialization lag", aggregate.materialized_until)
    if drop_after is not None:
        facts = {"drop_after": drop_after, "window_minutes": run.window_minutes}
        logger.warning("raw_retention_shorter_than_window", extra=facts)
    lag = (run.as_of - until).total_seconds() if until else None
    context.telemetry.materialization_lag_seconds = lag


def _noted(context: Sync, run: Run, found: RunError) -> Run:
    try:
        # What was found may be that the time of the run is used up.
        with database.transaction(context.engine, Deadline.to_record()) as connection:
            return store.note_found(connection, run.recorded_id, found)
    except ApplicationError as error:
        logger.warning("finding_not_noted", extra={"reason": error.message})
        return replace(run, error=found)
