"""What an operator asks first: is it working, and what did it do last?"""

from datetime import datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from chalicelib.database import schema
from chalicelib.features.device_parameters import mending, pausing, run_log, store
from chalicelib.features.device_parameters.bodies import CHANGES_SHOWN, Changes, Run, Status
from chalicelib.features.device_parameters.materialization import NOT_MATERIALIZED
from chalicelib.features.device_parameters.model import MAX_KEY_BYTES, RunStatus, State
from chalicelib.features.device_parameters.removals import store as removals
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.instants import instant

# One missed run can be a deployment; two are a pattern.
STALE_AFTER_INTERVALS = 2


def read_status(connection: Connection, settings: SyncSettings) -> Status:
    """The state of the sync, from a handful of index look-ups."""
    schema.require_head(connection)
    last_run = run_log.last_run(connection)
    last_success = run_log.last_success(connection)
    stale_before = store.database_clock(connection) - STALE_AFTER_INTERVALS * timedelta(
        minutes=settings.sync_interval_minutes
    )
    return Status(
        state=state_of(run_log.last_settled_run(connection), last_success, stale_before),
        last_run=last_run,
        last_success=last_success,
        changes=_changes_of(connection, last_run),
        held_removals=removals.count_waiting(connection),
        pause=pausing.active_pause(connection),
        totals=run_log.last_totals(connection),
        warnings=_warnings(connection, settings.check_interval_minutes, last_run),
    )


def state_of(last_settled: Run | None, last_success: Run | None, stale_before: datetime) -> State:
    """The most serious state that applies: failing, then guarded, then stale."""
    if last_settled is None:
        return State.NEVER_RUN
    if last_settled.status is RunStatus.FAILED:
        return State.FAILING
    if last_settled.status is RunStatus.GUARDED:
        return State.GUARDED
    if last_success is None or (last_success.finished_at or last_success.started_at) < stale_before:
        return State.STALE
    return State.OK


def _changes_of(connection: Connection, run: Run | None) -> Changes:
    """What the last run changed, and what waits for a person now."""
    if run is None:
        return Changes()
    changes = run_log.run_changes(connection, run.recorded_id, CHANGES_SHOWN)
    held = removals.first_held(connection, CHANGES_SHOWN + 1)
    is_truncated = changes.truncated or len(held) > CHANGES_SHOWN
    return replace(changes, held=held[:CHANGES_SHOWN], truncated=is_truncated)


def _warnings(connection: Connection, window_minutes: int, last_run: Run | None) -> list[str]:
    return [
        *_not_materialized(last_run),
        *_short_retention(connection, window_minutes),
        *_unfinished_mending(connection),
        *_set_aside(connection),
        *mending.policies(connection),
    ]


def _not_materialized(last_run: Run | None) -> list[str]:
    error = last_run.error if last_run is not None and last_run.is_applied else None
    return [error.message] if error is not None and error.code == NOT_MATERIALIZED else []


def _unfinished_mending(connection: Connection) -> list[str]:
    until = mending.mended_until(connection)
    if until is None:
        return []
    return [
        "the aggregate disagrees with the measurements; the runs materialize it anew and have come "
        f"to {instant(until)}. Until they are done, no pair is removed as expired"
    ]


def _set_aside(connection: Connection) -> list[str]:
    count = store.last_set_aside(connection)
    if not count:
        return []
    return [
        f"the last run left out {count:,} {'pair' if count == 1 else 'pairs'} with ids of more "
        f"than {MAX_KEY_BYTES:,} bytes together: the log names the first ones as pairs_set_aside. "
        "Give the device or the parameter a shorter id"
    ]


def _short_retention(connection: Connection, window_minutes: int) -> list[str]:
    drop_after = store.short_retention(connection, window_minutes)
    if drop_after is None:
        return []
    return [
        f"measurements are dropped after {drop_after}, which is less than the window of "
        f"{window_minutes} minutes: of what is dropped, only the aggregate knows"
    ]
