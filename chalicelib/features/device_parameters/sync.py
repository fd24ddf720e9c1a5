"""One run: refresh the aggregate, plan the delta, apply it, say how it went."""

import logging
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from chalicelib import database, logs
from chalicelib.database import Deadline, schema
from chalicelib.errors import (
    ApplicationError,
    InvalidRequestError,
    RunAlreadyActiveError,
    UnknownResourceError,
)
from chalicelib.features.device_parameters import change_events, guard, prune, run_log, store
from chalicelib.features.device_parameters.bodies import CHANGES_SHOWN, Deltas, Run, RunError
from chalicelib.features.device_parameters.guard import GuardLimits
from chalicelib.features.device_parameters.model import (
    Plan,
    RunStatus,
    Span,
    SyncRequest,
    Telemetry,
    Window,
)
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.instants import EARLIEST_INSTANT, instant

logger = logging.getLogger(__name__)

# Lambda ends an invocation after 15 minutes at the latest, so an older run is a dead one.
ABANDONED_AFTER = timedelta(minutes=15)
# The default limit of a run outside Lambda as well: it has to end before it counts as abandoned.
RUN_TIME_LIMIT = timedelta(minutes=14)
# A long first refresh is done in steps, so that a run that ends early has still made progress.
REFRESH_STEP = timedelta(hours=24)


@dataclass(frozen=True)
class Sync:
    """What every step of a run needs: the database, the settings, and the time it has."""

    engine: Engine
    settings: SyncSettings
    deadline: Deadline
    telemetry: Telemetry = field(default_factory=Telemetry)


def sync(context: Sync, request: SyncRequest) -> Run:
    """Bring `device_parameters` in step with what was observed in the window.

    Returns the run as it ended: `succeeded`, `guarded`, or `skipped` because another writer was
    at work. A dry run plans the same delta and changes nothing. Raises an `ApplicationError`,
    after recording it in the run, when the run failed: the table is then as it was.

    Where the request names a run that has ended already, that run is returned: Lambda repeats
    an asynchronous invocation that failed.
    """
    opened = (
        open_run(context, request) if request.run_id is None else _opened(context, request.run_id)
    )
    if opened.status is not RunStatus.RUNNING:
        return opened
    with logs.facts(run_id=opened.run_id):
        run = _execute(context, opened, request)
        logger.info("run_finished", extra=_facts(run))
        if not run.is_dry:
            _follow_up(context)
        return run


def _follow_up(context: Sync) -> None:
    """Do what comes after the commit. Where that fails, nothing is undone."""
    bus = context.settings.change_event_bus
    pending = change_events.send(context.engine, bus, context.deadline) if bus else None
    context.telemetry.pending_event_count = pending
    prune.prune(context.engine, context.settings.history_retention_days, context.deadline)


def _execute(context: Sync, run: Run, request: SyncRequest) -> Run:
    try:
        _refresh_timed(context, run.window)
        work = _plan_only if run.is_dry else _plan_and_apply
        return database.retry(lambda: work(context, run, request), context.deadline)
    except RunAlreadyActiveError as error:
        return _give_up(context, run, RunStatus.SKIPPED, error)
    except Exception as error:
        record_failure(context, run, error)
        raise


def _opened(context: Sync, run_id: int) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        run = run_log.find_run(connection, run_id)
    if run is None:
        raise UnknownResourceError(f"there is no run {run_id}", run_id=run_id)
    return run


def open_run(context: Sync, request: SyncRequest) -> Run:
    """Decide what the run looks at, and record it as running unless it is dry.

    The id is drawn first and on its own: if the answer to the commit that records the run is
    lost, recording it again opens no second run.
    """
    run_id = (
        None if request.dry_run else database.retry(lambda: _draw_run_id(context), context.deadline)
    )
    return database.retry(lambda: _record_opening(context, request, run_id), context.deadline)


def _draw_run_id(context: Sync) -> int:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        return store.next_run_id(connection)


def _record_opening(context: Sync, request: SyncRequest, run_id: int | None) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        now = store.database_clock(connection)
        run = Run(
            run_id=run_id,
            trigger=request.trigger,
            status=RunStatus.RUNNING,
            as_of=_checked_as_of(request.as_of, now),
            window_minutes=request.window_minutes or context.settings.check_interval_minutes,
            started_at=now,
        )
        _warn_of_short_retention(connection, run)
        if run.is_dry:
            return run
        store.fail_abandoned_runs(connection, now=now, started_before=now - ABANDONED_AFTER)
        if request.is_exclusive:
            _require_no_other(connection, run)
        store.open_run(connection, run)
        # A repeated attempt must look at what the first one recorded, not at a later instant.
        return run_log.find_run(connection, run.recorded_id) or run


def _require_no_other(connection: Connection, run: Run) -> None:
    store.wait_for_openings(connection)
    active_run_id = run_log.active_run_id(connection)
    if active_run_id not in (None, run.run_id):
        raise RunAlreadyActiveError(f"run {active_run_id} is under way", run_id=active_run_id)


def _checked_as_of(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        return now
    if not EARLIEST_INSTANT <= as_of <= now:
        raise InvalidRequestError(
            f"as_of must be between {EARLIEST_INSTANT:%Y-%m-%d} and the database's now, "
            f"{instant(now)}",
            parameter="as_of",
        )
    return as_of


def _warn_of_short_retention(connection: Connection, run: Run) -> None:
    drop_after = store.short_retention(connection, run.window_minutes)
    if drop_after is not None:
        facts = {"drop_after": drop_after, "window_minutes": run.window_minutes}
        logger.warning("raw_retention_shorter_than_window", extra=facts)


def _refresh_timed(context: Sync, window: Window) -> None:
    started = time.monotonic()
    refresh(context, window)
    context.telemetry.refresh_seconds = time.monotonic() - started


def refresh(context: Sync, window: Window) -> None:
    """Materialize every closed bucket of *window*, never the hot one.

    Materializing the hot bucket would hide the rows that still arrive in it.
    """
    steps = window.closed_buckets.steps(REFRESH_STEP)
    if steps:
        database.retry(lambda: _materialize(context, steps), context.deadline)


def _materialize(context: Sync, steps: list[Span]) -> None:
    work_mem_mb = context.settings.refresh_work_mem_mb
    with store.refresh_session(
        context.engine, context.deadline, work_mem_mb=work_mem_mb
    ) as connection:
        for step in steps:
            database.limit_statements(connection, context.deadline, is_local=False)
            store.refresh_aggregate(connection, step)


def _plan_only(context: Sync, run: Run, request: SyncRequest) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        plan = store.plan_delta(connection, run.window)
        planned = store.planned_changes(connection, CHANGES_SHOWN)
        finished_at = store.statement_clock(connection)
    is_held = _must_hold(context, plan, request)
    return replace(
        run,
        status=RunStatus.GUARDED if is_held else RunStatus.SUCCEEDED,
        finished_at=finished_at,
        deltas=_planned_deltas(plan, is_held=is_held),
        planned=planned,
    )


def _plan_and_apply(context: Sync, run: Run, request: SyncRequest) -> Run:
    """The delta, its change log and the run's outcome commit together, or not at all."""
    run_id = run.recorded_id
    with database.transaction(context.engine, context.deadline) as connection:
        if not store.try_lock(connection):
            raise RunAlreadyActiveError("another run is writing at this moment")
        recorded = store.lock_run(connection, run_id)
        if recorded.is_applied:  # the answer to an earlier commit was lost
            return recorded
        if store.is_superseded(connection, run_id):
            raise RunAlreadyActiveError("a run that started later has already been applied")
        plan = store.plan_delta(connection, run.window)
        is_held = _must_hold(context, plan, request)
        held = store.hold_removals(connection) if is_held else 0
        database.limit_statements(connection, context.deadline)
        added, removed, renamed = store.apply_plan(connection, run_id)
        deltas = Deltas(
            added=added,
            removed=removed,
            renamed=renamed,
            held=held,
            observed=plan.observed,
            unresolved=plan.unresolved,
        )
        status = RunStatus.GUARDED if is_held else RunStatus.SUCCEEDED
        finished = store.finish_run(connection, run_id, status, deltas)
        if context.settings.change_event_bus:
            change_events.queue(connection, finished)
        _measure_lag(context, connection, run)
        return finished


def _measure_lag(context: Sync, connection: Connection, run: Run) -> None:
    until = store.materialized_until(connection)
    lag = (run.as_of - until).total_seconds() if until else None
    context.telemetry.materialization_lag_seconds = lag


def _must_hold(context: Sync, plan: Plan, request: SyncRequest) -> bool:
    limits = GuardLimits(
        context.settings.removal_guard_percent, context.settings.removal_guard_min_pairs
    )
    return not request.force and guard.holds_removals(plan, limits)


def _planned_deltas(plan: Plan, *, is_held: bool) -> Deltas:
    return Deltas(
        added=plan.to_add,
        removed=0 if is_held else plan.to_remove,
        renamed=plan.to_rename,
        held=plan.to_remove if is_held else 0,
        observed=plan.observed,
        unresolved=plan.unresolved,
    )


def _give_up(context: Sync, run: Run, status: RunStatus, error: ApplicationError) -> Run:
    """Close a run that changed nothing and return it as it then stands."""
    failure = RunError(code=error.code.lower(), message=error.message)
    with database.transaction(context.engine, _recording_time()) as connection:
        store.give_up_run(connection, run.recorded_id, status, failure)
        return run_log.find_run(connection, run.recorded_id) or run


def record_failure(context: Sync, run: Run, error: Exception) -> None:
    """Write into `sync_runs` why the run failed, if the database still takes it.

    Where it does not, a later run finds this one and closes it as `abandoned`.
    """
    if run.is_dry:
        return
    known = error if isinstance(error, ApplicationError) else ApplicationError(type(error).__name__)
    logger.error("run_failed", extra={"run_id": run.run_id, "error_code": known.code})
    try:
        _give_up(context, run, RunStatus.FAILED, known)
    except ApplicationError as unrecorded:
        facts = {"run_id": run.run_id, "reason": unrecorded.message}
        logger.warning("run_failure_not_recorded", extra=facts)


def _recording_time() -> Deadline:
    """A few seconds more, because the run may have failed by passing its deadline."""
    return Deadline.after(2 * database.RESERVE_SECONDS)


def _facts(run: Run) -> dict[str, object]:
    facts: dict[str, object] = {"run_id": run.run_id, "trigger": run.trigger, "status": run.status}
    return {**facts, "window_minutes": run.window_minutes, **msgspec.structs.asdict(run.deltas)}
