"""Forgetting old runs and their changes, a bounded batch at a time."""

import logging
from datetime import timedelta

from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import ApplicationError
from chalicelib.features.device_parameters import run_log, store

logger = logging.getLogger(__name__)


def prune(engine: Engine, retention_days: int, deadline: Deadline) -> None:
    """Delete runs and changes older than *retention_days*, but keep the last run and last success.

    This is housekeeping after a run that has already succeeded: what it cannot do now is left
    to the next run.
    """
    try:
        while _prune_batch(engine, retention_days, deadline):
            pass
    except ApplicationError as error:
        logger.warning("history_not_pruned", extra={"reason": error.message})


def _prune_batch(engine: Engine, retention_days: int, deadline: Deadline) -> bool:
    """One transaction of work; returns whether there may be more."""
    with database.transaction(engine, deadline) as connection:
        started_before = store.database_clock(connection) - timedelta(days=retention_days)
        kept = _kept_run_ids(connection)
        changes = run_log.prune_changes(connection, started_before=started_before, kept=kept)
        if changes:
            return True
        runs = run_log.prune_runs(connection, started_before=started_before, kept=kept)
        return runs == run_log.PRUNE_BATCH


def _kept_run_ids(connection: Connection) -> list[int]:
    kept = (run_log.last_run(connection), run_log.last_success(connection))
    return [run.recorded_id for run in kept if run is not None]
