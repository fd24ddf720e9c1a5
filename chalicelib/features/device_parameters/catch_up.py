"""Runs that follow loads of measurements, and no more of them than are needed."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenacity import RetryCallState, Retrying, retry_if_result, wait_exponential_jitter

from chalicelib import database
from chalicelib.database import schema
from chalicelib.errors import RunAlreadyActiveError
from chalicelib.features.device_parameters import run_log
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.opening import PAUSED
from chalicelib.features.device_parameters.sync import sync

logger = logging.getLogger(__name__)

# EventBridge cuts the time of an event to the second. The other second is for two clocks that
# differ.
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True)
class CaughtUp:
    """A run that has seen what was loaded.

    *is_coalesced* says that something else had started it, and that it serves this load as well.
    """

    run: Run
    is_coalesced: bool


def catch_up(context: Sync, loaded_at: datetime) -> CaughtUp:
    """Find a run that has seen what was committed by *loaded_at*, or carry out a new one.

    A run reads what was there at its instant, so the first run after a burst of loads serves all of
    it. A run that is skipped has seen nothing, so it is tried again until the other writer is done.
    Raises `RunAlreadyActiveError` where the time is used up before that.
    """
    return _retrying(context)(lambda: _covering(context, loaded_at) or _run(context))


def _run(context: Sync) -> CaughtUp:
    return CaughtUp(sync(context, SyncRequest(Trigger.EVENT)), is_coalesced=False)


def _covering(context: Sync, loaded_at: datetime) -> CaughtUp | None:
    return database.retry(lambda: _find_covering(context, loaded_at), context.deadline)


def _find_covering(context: Sync, loaded_at: datetime) -> CaughtUp | None:
    with database.transaction(context.engine, context.deadline) as connection:
        schema.require_head(connection)
        run = run_log.covering_run(
            connection,
            since=loaded_at + CLOCK_TOLERANCE,
            window_minutes=context.settings.check_interval_minutes,
        )
    if run is None:
        return None
    logger.info("load_already_covered", extra={"run_id": run.run_id})
    return CaughtUp(run, is_coalesced=True)


def _retrying(context: Sync) -> Retrying:
    def is_late(state: RetryCallState) -> bool:
        return not context.deadline.leaves_time_after(state.upcoming_sleep)

    return Retrying(
        retry=retry_if_result(lambda caught_up: _is_in_the_way(caught_up.run)),
        wait=wait_exponential_jitter(multiplier=1, max=15, jitter=1),
        stop=is_late,
        retry_error_callback=_give_up,
    )


def _is_in_the_way(run: Run) -> bool:
    """Whether another writer was at work. While the runs are paused, waiting does not help."""
    return run.status is RunStatus.SKIPPED and not (run.error and run.error.code == PAUSED)


def _give_up(state: RetryCallState) -> CaughtUp:
    raise RunAlreadyActiveError("another run has been writing all the time")
