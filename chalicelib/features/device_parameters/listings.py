"""Pages of runs, changes and pairs: queries whose shape depends on what is asked."""

from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    or_,
    select,
    true,
    tuple_,
)

from chalicelib.database.schema import (
    device_parameter_changes,
    device_parameters,
    device_parameters_hourly,
    sync_runs,
)
from chalicelib.features.device_parameters.model import (
    Change,
    Pair,
    PairChange,
    Run,
    RunStatus,
    Trigger,
)
from chalicelib.features.device_parameters.rows import run_from_row
from chalicelib.http.paging import PageRequest


def list_runs(
    connection: Connection, page: PageRequest, status: RunStatus | None, trigger: Trigger | None
) -> list[Run]:
    """Runs, newest first, one more than the page holds."""
    query = select(sync_runs).order_by(sync_runs.c.run_id.desc())
    if status is not None:
        query = query.where(sync_runs.c.status == status)
    if trigger is not None:
        query = query.where(sync_runs.c.trigger == trigger)
    if page.after is not None:
        query = query.where(sync_runs.c.run_id < page.after[0])
    return [run_from_row(row) for row in connection.execute(query.limit(page.limit + 1))]


def list_changes(
    connection: Connection, run_id: int, page: PageRequest, change: Change | None
) -> list[PairChange]:
    """The changes of a run by kind and key, one more than the page holds."""
    logged = device_parameter_changes.c
    key = (logged.change, logged.device_id, logged.parameter_id)
    query = (
        select(
            logged.change,
            logged.device_id,
            logged.device_name,
            logged.parameter_id,
            logged.parameter_name,
            logged.reason,
        )
        .where(logged.run_id == run_id)
        .order_by(*key)
    )
    if change is not None:
        query = query.where(logged.change == change)
    if page.after is not None:
        query = query.where(tuple_(*key) > tuple_(*page.after))
    rows = connection.execute(query.limit(page.limit + 1))
    return [PairChange(Change(row.change), *row[1:]) for row in rows]


def list_pairs(
    connection: Connection,
    page: PageRequest,
    *,
    device_id: str | None,
    parameter_id: str | None,
    words: str | None,
) -> list[Pair]:
    """Pairs in key order, one more than the page holds; *words* are part of a name."""
    known = device_parameters.c
    query = select(
        known.device_id,
        known.device_name,
        known.parameter_id,
        known.parameter_name,
        known.created_at,
        known.updated_at,
    ).order_by(known.device_id, known.parameter_id)
    if device_id is not None:
        query = query.where(known.device_id == device_id)
    if parameter_id is not None:
        query = query.where(known.parameter_id == parameter_id)
    if words is not None:
        query = query.where(
            or_(
                known.device_name.icontains(words, autoescape=True),
                known.parameter_name.icontains(words, autoescape=True),
            )
        )
    if page.after is not None:
        query = query.where(tuple_(known.device_id, known.parameter_id) > tuple_(*page.after))
    return [Pair(*row) for row in connection.execute(_with_last_seen(query.limit(page.limit + 1)))]


def _with_last_seen(page: Select[Any]) -> Select[Any]:
    """The rows of *page*, each with the newest measurement the aggregate knows of.

    Looked up after the page is cut, pair by pair, newest bucket first: the work depends on the
    page, not on the fleet.
    """
    pair = page.subquery("pair")
    hourly = device_parameters_hourly.c
    newest = (
        select(hourly.last_seen_at)
        .where(hourly.device_id == pair.c.device_id, hourly.parameter_id == pair.c.parameter_id)
        .order_by(hourly.bucket.desc())
        .limit(1)
        .lateral("newest")
    )
    return (
        select(pair, newest.c.last_seen_at)
        .select_from(pair.outerjoin(newest, true()))
        .order_by(pair.c.device_id, pair.c.parameter_id)
    )
