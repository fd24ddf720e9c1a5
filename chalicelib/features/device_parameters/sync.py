"""One run: plan the delta, apply it, say how it went, and bring the aggregate up to date."""

import logging
from collections.abc import Callable
from datetime import timedelta
from itertools import count

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from chalicelib import database, logs
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError, DatabaseBusyError, RunAlreadyActiveError
from chalicelib.features.device_parameters import (
    change_events,
    materialization,
    prune,
    run_log,
    self_check,
    store,
    upkeep,
)
from chalicelib.features.device_parameters.bodies import (
    CHANGES_SHOWN,
    Deltas,
    Run,
    RunError,
    RunEvidence,
)
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import (
    Plan,
    Reading,
    RunStatus,
    SyncRequest,
    Waiting,
)
from chalicelib.features.device_parameters.opening import begin, dry_run
from chalicelib.features.device_parameters.removals.hold import hold_removals
from chalicelib.features.device_parameters.removals.store import count_kept, remember_held
from chalicelib.features.device_parameters.rows import run_from_row
from chalicelib.features.device_parameters.run_lock import holding_lock
from chalicelib.features.device_parameters.sources import reading_of

logger = logging.getLogger(__name__)

# The limit of a run outside Lambda, which ends an invocation after 15 minutes at the latest.
RUN_TIME_LIMIT = timedelta(minutes=14)
# After less, statements need no new limit: what a run keeps in reserve is longer.
UNNOTICED_SECONDS = 1.0


def sync(context: Sync, request: SyncRequest) -> Run:
    """Bring `device_parameters` in step with what was observed in the window.

    Returns the run as it ended: `succeeded`, `guarded`, or `skipped` because another writer was
    at work or the runs are paused. A dry run plans the same delta and changes nothing. Raises an
    `ApplicationError`, after recording it in the run, when the run failed: the table is then as it
    was.

    Where the request names a run that has ended already, that run is returned: Lambda repeats
    an asynchronous invocation that failed.
    """
    if request.dry_run:
        return _execute(context, dry_run(context, request), _plan_only)
    with holding_lock(context, request.run_id) as held, logs.facts(run_id=held.run_id):
        run = begin(context, request, held.run_id, is_locked=held.is_locked)
        return _carry_out(context, run) if run.status is RunStatus.RUNNING else run


def _carry_out(context: Sync, opened: Run) -> Run:
    attempts = count()

    def write(context: Sync, run: Run, reading: Reading) -> Run:
        return _plan_and_apply(context, run, reading, is_repeated=next(attempts) > 0)

    run = _execute(context, opened, write)
    logger.info("run_finished", extra=_facts(run))
    return _follow_up(context, run)


def _follow_up(context: Sync, run: Run) -> Run:
    """Do what comes after the commit. Where that fails, nothing is undone."""
    bus = context.settings.change_event_bus
    pending = change_events.send(context.engine, bus, context.deadline) if bus else None
    context.telemetry.pending_event_count = pending
    if run.is_applied:
        _count_totals(context, run)
        run = materialization.bring_up_to_date(context, run)
        upkeep.tend(context)
    prune.prune(context.engine, context.settings.history_retention_days, context.deadline)
    return run


def _execute(context: Sync, run: Run, work: Callable[[Sync, Run, Reading], Run]) -> Run:
    try:
        reading = database.retry(lambda: reading_of(context, run), context.deadline)
        reading = materialization.prepare(context, reading)
        return database.retry(lambda: work(context, run, reading), context.deadline)
    except RunAlreadyActiveError as error:
        return _give_up(context, run, RunStatus.SKIPPED, error)
    except Exception as error:
        record_failure(context, run, error)
        raise


def _plan_only(context: Sync, run: Run, reading: Reading) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        plan = _plan(context, connection, reading)
        waiting = _hold(context, connection, run, plan)
        planned = store.planned_changes(connection, CHANGES_SHOWN)
        finished_at = store.statement_clock(connection)
    return replace(
        run,
        status=_status(waiting),
        finished_at=finished_at,
        deltas=Deltas(
            added=plan.to_add,
            removed=plan.to_remove - waiting.planned,
            renamed=plan.to_rename,
            held=waiting.total,
            observed=plan.observed,
            unresolved=plan.unresolved,
        ),
        evidence=RunEvidence(reading.source, reading.measured_start, reading.reason),
        error=_inconsistency(context),
        planned=planned,
    )


def _plan_and_apply(context: Sync, run: Run, reading: Reading, *, is_repeated: bool) -> Run:
    """The delta, its change log and the run's outcome commit together, or not at all."""
    run_id = run.recorded_id
    with database.transaction(context.engine, context.deadline) as connection:
        recorded = _become_writer(connection, run_id, is_repeated=is_repeated)
        if recorded.is_applied:  # the answer to an earlier commit was lost
            return recorded
        limited_at = context.deadline.remaining_seconds()
        plan = _plan(context, connection, reading)
        waiting = _hold(context, connection, run, plan)
        if limited_at - context.deadline.remaining_seconds() > UNNOTICED_SECONDS:
            database.limit_statements(connection, context.deadline)
        remember_held(
            connection,
            run_id,
            is_wide=_is_wide(context, run),
            is_any_held=plan.is_any_held,
            is_any_planned=waiting.planned > 0,
        )
        found = _inconsistency(context)
        finished = store.apply_plan(
            connection, run_id, _status(waiting), plan, waiting, reading, found
        )
        if context.settings.change_event_bus:
            change_events.queue(connection, finished)
    _warn_of_set_aside(plan)
    return finished


def _plan(context: Sync, connection: Connection, reading: Reading) -> Plan:
    return store.plan_delta(
        connection,
        reading,
        configured_minutes=context.settings.check_interval_minutes,
        work_mem_mb=context.settings.refresh_work_mem_mb,
    )


def _become_writer(connection: Connection, run_id: int, *, is_repeated: bool) -> Run:
    """Take the lock of the one writer; returns the run as it is recorded.

    Where the connection of an earlier attempt was lost, the server may not have noticed yet, and
    the lock is still that attempt's. So a repeated attempt waits for it, as for any other work that
    is in the way.
    """
    row = store.become_writer(connection, run_id)
    if row is None and is_repeated:
        raise DatabaseBusyError("the lock of the writer is not free yet")
    if row is None:
        raise RunAlreadyActiveError("another run is writing at this moment")
    recorded = run_from_row(row)
    if row.is_superseded and not recorded.is_applied:
        raise RunAlreadyActiveError("a run that started later has already been applied")
    return recorded


def _hold(context: Sync, connection: Connection, run: Run, plan: Plan) -> Waiting:
    """Hold what must wait; returns how many removals do."""
    kept = count_kept(connection) if plan.is_any_held and _is_wide(context, run) else 0
    if plan.to_remove == 0:
        return Waiting(0, kept)
    finding = context.telemetry.finding
    planned = hold_removals(
        connection,
        run.guard,
        context.settings.guard_limits,
        plan,
        is_trusted=finding is None or finding.is_mended,
    )
    return Waiting(planned, kept)


def _is_wide(context: Sync, run: Run) -> bool:
    """Whether a pair may be observed here that is silent in the configured window.

    Where the guard is off, nothing is held, and there is nothing to keep.
    """
    configured = context.settings
    is_wider = run.window_minutes > configured.check_interval_minutes
    return is_wider and not configured.guard_limits.is_off


def _warn_of_set_aside(plan: Plan) -> None:
    if plan.set_aside:
        facts = {"count": plan.set_aside, "examples": plan.set_aside_examples}
        logger.warning("pairs_set_aside", extra=facts)


def _inconsistency(context: Sync) -> RunError | None:
    finding = context.telemetry.finding
    return None if finding is None else self_check.explained(finding)


def _status(waiting: Waiting) -> RunStatus:
    return RunStatus.GUARDED if waiting.total else RunStatus.SUCCEEDED


def _count_totals(context: Sync, run: Run) -> None:
    """Count the table, which no run waits for; the totals of an earlier run do until then."""
    try:
        with database.transaction(context.engine, context.deadline) as connection:
            store.note_totals(connection, run.recorded_id, store.count_table(connection))
    except ApplicationError as error:
        logger.warning("totals_not_counted", extra={"reason": error.message})


def _give_up(context: Sync, run: Run, status: RunStatus, error: ApplicationError) -> Run:
    """Close a run that changed nothing and return it as it then stands."""
    failure = RunError(code=error.code.lower(), message=error.message)
    with database.transaction(context.engine, Deadline.to_record()) as connection:
        store.give_up_run(connection, run.recorded_id, status, failure)
        return run_log.find_run(connection, run.recorded_id) or run


def record_failure(context: Sync, run: Run, error: Exception) -> None:
    """Write into `sync_runs` why the run failed, if the database still takes it.

    Where it does not, the next run finds that nobody holds its lock and closes it as `abandoned`.
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


def _facts(run: Run) -> dict[str, object]:
    facts: dict[str, object] = {"run_id": run.run_id, "trigger": run.trigger, "status": run.status}
    return {**facts, "window_minutes": run.window_minutes, **msgspec.structs.asdict(run.deltas)}
