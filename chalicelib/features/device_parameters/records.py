"""What runs leave behind: reading it, and forgetting it when it is old."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row

from chalicelib.database.statements import load_statements
from chalicelib.features.device_parameters.model import (
    BUCKET,
    Change,
    ChangeSample,
    Evidence,
    LoggedChange,
    Run,
    Totals,
    Window,
)
from chalicelib.features.device_parameters.rows import change_sample, run_from_row

_statements = load_statements(Path(__file__).with_name("queries.sql"))

_LAST_RUN = _statements["last_run"]
_LAST_SETTLED_RUN = _statements["last_settled_run"]
_LAST_APPLIED_RUN = _statements["last_applied_run"]
_LAST_SUCCESS = _statements["last_success"]
_COVERING_RUN = _statements["covering_run"]
_LAST_TOTALS = _statements["last_totals"]
_LIST_RUN_CHANGES = _statements["list_run_changes"]
_ACTIVE_RUN_ID = _statements["active_run_id"]
_FIND_RUN = _statements["find_run"]
_FIND_EVIDENCE = _statements["find_evidence"]
_LIST_CHANGES_OF_PAIR = _statements["list_changes_of_pair"]
_PRUNE_CHANGES = _statements["prune_changes"]
_PRUNE_RUNS = _statements["prune_runs"]

PRUNE_BATCH = 10_000


def last_run(connection: Connection) -> Run | None:
    """The newest run, whatever became of it."""
    return _run_or_none(connection.execute(_LAST_RUN).one_or_none())


def last_settled_run(connection: Connection) -> Run | None:
    """The newest run that came to an end of its own: not running, not skipped."""
    return _run_or_none(connection.execute(_LAST_SETTLED_RUN).one_or_none())


def last_applied_run(connection: Connection) -> Run | None:
    """The newest run whose delta went into the table."""
    return _run_or_none(connection.execute(_LAST_APPLIED_RUN).one_or_none())


def last_success(connection: Connection) -> Run | None:
    """The newest run that succeeded."""
    return _run_or_none(connection.execute(_LAST_SUCCESS).one_or_none())


def covering_run(connection: Connection, *, since: datetime, window_minutes: int) -> Run | None:
    """An applied run that looked, at or after *since*, as far back as *window_minutes*."""
    values = {"since": since, "window_minutes": window_minutes}
    return _run_or_none(connection.execute(_COVERING_RUN, values).one_or_none())


def last_totals(connection: Connection) -> Totals | None:
    """The size of the table, as the newest applied run counted it."""
    row = connection.execute(_LAST_TOTALS).one_or_none()
    return Totals(*row) if row is not None else None


def run_changes(connection: Connection, run_id: int, limit: int) -> ChangeSample:
    """The first *limit* logged changes of each kind."""
    return change_sample(connection, _LIST_RUN_CHANGES, {"run_id": run_id}, limit)


def active_run_id(connection: Connection) -> int | None:
    """The newest run that is under way."""
    run_id: int | None = connection.execute(_ACTIVE_RUN_ID).scalar_one_or_none()
    return run_id


def find_run(connection: Connection, run_id: int) -> Run | None:
    """The run of that id."""
    return _run_or_none(connection.execute(_FIND_RUN, {"run_id": run_id}).one_or_none())


def find_evidence(
    connection: Connection, device_id: str, parameter_id: str, window: Window
) -> Evidence:
    """What is known of a pair, whether any table holds it or not.

    The work depends on the hour or two that are not materialized yet, not on the history.
    """
    values = {
        "device_id": device_id,
        "parameter_id": parameter_id,
        "unmaterialized_since": window.hot_bucket - BUCKET,
        "window_end": window.end,
    }
    return Evidence(**connection.execute(_FIND_EVIDENCE, values).one()._mapping)


def changes_of_pair(
    connection: Connection, device_id: str, parameter_id: str, limit: int
) -> list[LoggedChange]:
    """The last changes of a pair, newest first."""
    values = {"device_id": device_id, "parameter_id": parameter_id, "limit": limit}
    return [
        LoggedChange(row.run_id, Change(row.change), row.reason, row.as_of, row.finished_at)
        for row in connection.execute(_LIST_CHANGES_OF_PAIR, values)
    ]


def prune_changes(connection: Connection, *, started_before: datetime, kept: list[int]) -> int:
    """Delete one batch of the change log of runs that started before; returns how many."""
    values = {"started_before": started_before, "kept": kept, "batch": PRUNE_BATCH}
    return connection.execute(_PRUNE_CHANGES, values).rowcount


def prune_runs(connection: Connection, *, started_before: datetime, kept: list[int]) -> int:
    """Delete one batch of runs that started before and whose changes are gone."""
    values = {"started_before": started_before, "kept": kept, "batch": PRUNE_BATCH}
    return connection.execute(_PRUNE_RUNS, values).rowcount


def _run_or_none(row: Row[Any] | None) -> Run | None:
    return run_from_row(row) if row is not None else None
