"""How a run begins: what it looks at, who asked for it, and that it is recorded."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from chalicelib import audit, database
from chalicelib.audit import Actor
from chalicelib.database import schema
from chalicelib.errors import InvalidRequestError, RunAlreadyActiveError, UnknownResourceError
from chalicelib.features.device_parameters import run_log, store
from chalicelib.features.device_parameters.bodies import Run, RunError
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import GuardMode, RunStatus, SyncRequest
from chalicelib.features.device_parameters.store import Opened
from chalicelib.instants import EARLIEST_INSTANT, instant

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
        now = store.database_clock(connection)
    asked = {**_asked(context, request), "as_of": request.as_of or now}
    _require_possible(asked["as_of"], now)
    return Run(run_id=None, status=RunStatus.RUNNING, started_at=now, **asked)


def _take_up(context: Sync, run_id: int, *, is_locked: bool) -> Run:
    with database.transaction(context.engine, context.deadline) as connection:
        if is_locked:
            store.note_locked(connection, run_id)
        run = run_log.find_run(connection, run_id)
    if run is None:
        raise UnknownResourceError(f"there is no run {run_id}", run_id=run_id)
    return run


def _record(context: Sync, request: SyncRequest, run_id: int, *, is_locked: bool = False) -> Run:
    asked = _asked(context, request)
    with database.transaction(context.engine, context.deadline) as connection:
        if request.is_exclusive:
            store.wait_for_openings(connection)
        opened = store.open_run(connection, run_id, asked, is_locked=is_locked)
        if opened.is_new:
            _require_possible(opened.run.as_of, opened.run.started_at)
        if request.is_exclusive:
            _require_no_other(connection, run_id)
        # A repeated attempt must look at what the first one recorded, not at a later instant.
        return _noted(connection, request, opened) if opened.is_new else opened.run


def _asked(context: Sync, request: SyncRequest) -> dict[str, Any]:
    """What is recorded of *request*, with what is configured where it says nothing."""
    configured_minutes = context.settings.check_interval_minutes
    window_minutes = request.window_minutes or configured_minutes
    return {
        "trigger": request.trigger,
        "as_of": request.as_of,
        "window_minutes": window_minutes,
        "guard": _guard_mode(request, is_narrow=window_minutes < configured_minutes),
        "requested_by": request.requested_by,
        "comment": request.comment,
    }


def _guard_mode(request: SyncRequest, *, is_narrow: bool) -> GuardMode:
    if request.force:
        return GuardMode.RELEASED
    return GuardMode.STRICT if is_narrow and not request.may_narrow else GuardMode.ON


def _noted(connection: Connection, request: SyncRequest, opened: Opened) -> Run:
    """The run that has just been opened; who asked for it, or why it is skipped, is noted."""
    run, paused_until = opened.run, opened.paused_until
    if request.requested_by is None:
        return run if paused_until is None else _skipped(connection, opened, paused_until)
    audit.record(
        connection,
        Actor(request.requested_by, request.request_id),
        "run.forced" if request.force else "run.started",
        f"run {run.run_id}",
        after={"as_of": run.as_of, "window_minutes": run.window_minutes, "guard": run.guard},
        comment=request.comment,
    )
    return run


def _skipped(connection: Connection, opened: Opened, until: datetime) -> Run:
    message = f"{opened.paused_by} paused the runs until {instant(until)}"
    reason = RunError(code=PAUSED, message=message)
    run_id = opened.run.recorded_id
    store.give_up_run(connection, run_id, RunStatus.SKIPPED, reason)
    return run_log.find_run(connection, run_id) or opened.run


def _require_no_other(connection: Connection, run_id: int) -> None:
    active_run_id = run_log.other_active_run_id(connection, run_id)
    if active_run_id is not None:
        raise RunAlreadyActiveError(f"run {active_run_id} is under way", run_id=active_run_id)


def _require_possible(as_of: datetime, now: datetime) -> None:
    if not EARLIEST_INSTANT <= as_of <= now:
        raise InvalidRequestError(
            f"as_of must be between {EARLIEST_INSTANT:%Y-%m-%d} and the database's now, "
            f"{instant(now)}",
            parameter="as_of",
        )
