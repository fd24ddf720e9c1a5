"""The log of runs and of what they changed, as functions that read it and prune it."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.bodies import Changes, Run, Totals
from chalicelib.features.device_parameters.model import (
    Change,
    Obstacle,
)
from chalicelib.features.device_parameters.pair_bodies import LoggedChange
from chalicelib.features.device_parameters.rows import first_changes, run_from_row

sql = statements_beside(__file__)

PRUNE_BATCH = 10_000


def last_run(connection: Connection) -> Run | None:
    """The newest run, however it ended."""
    return _run_or_none(connection.execute(sql.last_run).one_or_none())


def last_settled_run(connection: Connection) -> Run | None:
    """The newest run that has ended and was not skipped."""
    return _run_or_none(connection.execute(sql.last_settled_run).one_or_none())


def last_applied_run(connection: Connection) -> Run | None:
    """The newest run whose delta went into the table."""
    return _run_or_none(connection.execute(sql.last_applied_run).one_or_none())


def last_success(connection: Connection) -> Run | None:
    """The newest run that succeeded."""
    return _run_or_none(connection.execute(sql.last_success).one_or_none())


def covering_run(connection: Connection, *, since: datetime, window_minutes: int) -> Run | None:
    """An applied run that looked, at or after *since*, as far back as *window_minutes*."""
    values = {"since": since, "window_minutes": window_minutes}
    return _run_or_none(connection.execute(sql.covering_run, values).one_or_none())


def last_totals(connection: Connection) -> Totals:
    """The size of the table, as the newest applied run counted it; zeros before the first."""
    row = connection.execute(sql.last_totals).one_or_none()
    return Totals(**row._mapping) if row is not None else Totals()


def run_changes(connection: Connection, run_id: int, limit: int) -> Changes:
    """The first *limit* logged changes of each kind."""
    return first_changes(connection, sql.list_run_changes, {"run_id": run_id}, limit)


def other_active_run_id(connection: Connection, run_id: int) -> int | None:
    """The newest run that is under way besides *run_id*."""
    values = {"run_id": run_id}
    active: int | None = connection.execute(sql.other_active_run_id, values).scalar_one_or_none()
    return active


def find_run(connection: Connection, run_id: int) -> Run | None:
    """The run of that id."""
    return _run_or_none(connection.execute(sql.find_run, {"run_id": run_id}).one_or_none())


def changes_of_pair(
    connection: Connection, device_id: str, parameter_id: str, limit: int
) -> list[LoggedChange]:
    """The last changes of a pair, newest first."""
    values = {"device_id": device_id, "parameter_id": parameter_id, "limit": limit}
    return [
        LoggedChange(
            run_id=row.run_id,
            change=Change(row.change),
            reason=Obstacle(row.reason) if row.reason else None,
            as_of=row.as_of,
            finished_at=row.finished_at,
        )
        for row in connection.execute(sql.list_changes_of_pair, values)
    ]


def prune_changes(connection: Connection, *, started_before: datetime, kept: list[int]) -> int:
    """Delete one batch of the changes of runs from before an instant; returns how many."""
    values = {"started_before": started_before, "kept": kept, "batch": PRUNE_BATCH}
    return connection.execute(sql.prune_changes, values).rowcount


def prune_runs(connection: Connection, *, started_before: datetime, kept: list[int]) -> int:
    """Delete one batch of runs from before an instant whose changes are gone; returns how many."""
    values = {"started_before": started_before, "kept": kept, "batch": PRUNE_BATCH}
    return connection.execute(sql.prune_runs, values).rowcount


def _run_or_none(row: Row[Any] | None) -> Run | None:
    return run_from_row(row) if row is not None else None
