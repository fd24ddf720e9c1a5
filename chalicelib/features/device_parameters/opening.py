"""How a run begins: what it looks at, who asked for it, and that it is recorded."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from chalicelib import audit, database
from chalicelib.audit import Actor
from chalicelib.database import schema
from chalicelib.errors import InvalidRequestError, RunAlreadyActiveError, UnknownResourceError
from chalicelib.features.device_parameters import pausing, run_log, store
from chalicelib.features.device_parameters.bodies import Run, RunError
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import GuardMode, RunStatus, SyncRequest
from chalicelib.instants import EARLIEST_INSTANT, instant

logger = logging.getLogger(__name__)

# A function that has been asked to carry out a run takes it up within this time, or never.
ABANDONED_AFTER = timedelta(minutes=15)
# The error code of a run that was skipped because the runs are paused.
PAUSED = "paused"


def open_run(context: Sync, request: SyncRequest) -> Run:
    """Record a run that another process will carry out."""
    run_id = draw_run_id(context)
    return database.retry(lambda: _record(context, request, run_id), context.deadline)


def draw_run_id(context: Sync) -> int:
    """The id of the next run.

    It is drawn first and on its own: if the answer to the commit that records the run is lost,
    recording it again opens no second run.
    """
    return database.retry(lambda: _draw_run_id(context), context.deadline)


def _draw_run_id(context: Sync) -> int:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        return store.next_run_id(connection)


def begin(context: Sync, request: SyncRequest, run_id: int, *, is_locked: bool) -> Run:
    """Record the run, or take up one that has been recorded, in the process that carries it out."""
    if request.run_id is None:
        return database.retry(
            lambda: _record(context, request, run_id, is_locked=is_locked), context.deadline
        )
    return database.retry(lambda: _take_up(context, run_id, is_locked=is_locked), context.deadline)


def dry_run(context: Sync, request: SyncRequest) -> Run:
    """A run that is recorded nowhere."""
    return database.retry(lambda: _dry_run(context, request), context.deadline)


def _dry_run(context: Sync, request: SyncRequest) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        return _as_asked(context, connection, request, run_id=None)


def _take_up(context: Sync, run_id: int, *, is_locked: bool) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        if is_locked:
            store.note_locked(connection, run_id)
        run = run_log.find_run(connection, run_id)
    if run is None:
        raise UnknownResourceError(f"there is no run {run_id}", run_id=run_id)
    return run


def _record(context: Sync, request: SyncRequest, run_id: int, *, is_locked: bool = False) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        run = _as_asked(context, connection, request, run_id)
        now = run.started_at
        store.fail_abandoned_runs(connection, now=now, started_before=now - ABANDONED_AFTER)
        if request.is_exclusive:
            _require_no_other(connection, run_id)
        if store.open_run(connection, run):
            _note_opened(connection, request, run, is_locked=is_locked)
        # A repeated attempt must look at what the first one recorded, not at a later instant.
        return run_log.find_run(connection, run_id) or run


def _as_asked(
    context: Sync, connection: Connection, request: SyncRequest, run_id: int | None
) -> Run:
    now = store.database_clock(connection)
    configured_minutes = context.settings.check_interval_minutes
    window_minutes = request.window_minutes or configured_minutes
    _warn_of_short_retention(connection, window_minutes)
    return Run(
        run_id=run_id,
        trigger=request.trigger,
        status=RunStatus.RUNNING,
        as_of=_checked_as_of(request.as_of, now),
        window_minutes=window_minutes,
        started_at=now,
        guard=_guard_mode(request, is_narrow=window_minutes < configured_minutes),
        requested_by=request.requested_by,
        comment=request.comment,
    )


def _guard_mode(request: SyncRequest, *, is_narrow: bool) -> GuardMode:
    if request.force:
        return GuardMode.RELEASED
    return GuardMode.STRICT if is_narrow and not request.may_narrow else GuardMode.ON


def _note_opened(
    connection: Connection, request: SyncRequest, run: Run, *, is_locked: bool
) -> None:
    if is_locked:
        store.note_locked(connection, run.recorded_id)
    if request.requested_by is None:
        _skip_while_paused(connection, run)
        return
    audit.record(
        connection,
        Actor(request.requested_by, request.request_id),
        "run.forced" if request.force else "run.started",
        f"run {run.run_id}",
        after={"as_of": run.as_of, "window_minutes": run.window_minutes, "guard": run.guard},
        comment=request.comment,
    )


def _skip_while_paused(connection: Connection, run: Run) -> None:
    pause = pausing.active_pause(connection)
    if pause is not None:
        until = instant(pause.paused_until)
        reason = RunError(code=PAUSED, message=f"{pause.paused_by} paused the runs until {until}")
        store.give_up_run(connection, run.recorded_id, RunStatus.SKIPPED, reason)


def _require_no_other(connection: Connection, run_id: int) -> None:
    store.wait_for_openings(connection)
    active_run_id = run_log.active_run_id(connection)
    if active_run_id not in (None, run_id):
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


def _warn_of_short_retention(connection: Connection, window_minutes: int) -> None:
    drop_after = store.short_retention(connection, window_minutes)
    if drop_after is not None:
        facts = {"drop_after": drop_after, "window_minutes": window_minutes}
        logger.warning("raw_retention_shorter_than_window", extra=facts)
