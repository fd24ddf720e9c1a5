"""Pages of runs, changes and pairs: queries whose shape depends on what is asked.

Each returns one item more than the page holds, if there is one, which tells that a page follows.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Select,
    Text,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from chalicelib.bodies import UNSET
from chalicelib.features.device_parameters.bodies import DeviceParameter, LoggedPair, Run
from chalicelib.features.device_parameters.request_bodies import (
    ChangeQuery,
    DeviceParameterQuery,
    RunQuery,
)
from chalicelib.features.device_parameters.rows import run_from_row
from chalicelib.features.device_parameters.tables import (
    device_parameter_changes,
    device_parameter_sets_hourly,
    device_parameters,
    sync_runs,
)
from chalicelib.paging import start_after

_INDEXED: ColumnElement[int] = literal_column("500")


def list_runs(connection: Connection, query: RunQuery) -> list[Run]:
    """Runs, newest first."""
    found = select(sync_runs).order_by(sync_runs.c.run_id.desc())
    if query.status is not UNSET:
        found = found.where(sync_runs.c.status == query.status)
    if query.trigger is not UNSET:
        found = found.where(sync_runs.c.trigger == query.trigger)
    if after := start_after(query, int):
        found = found.where(sync_runs.c.run_id < after[0])
    return [run_from_row(row) for row in connection.execute(found.limit(query.limit + 1))]


def list_changes(connection: Connection, run_id: int, query: ChangeQuery) -> list[LoggedPair]:
    """The changes of a run by kind and key."""
    logged = device_parameter_changes.c
    key = (logged.change, logged.device_id, logged.parameter_id)
    found = (
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
    if query.change is not UNSET:
        found = found.where(logged.change == query.change)
    if after := start_after(query, str, str, str):
        found = found.where(tuple_(*key) > tuple_(*after))
    rows = connection.execute(found.limit(query.limit + 1))
    return [LoggedPair(**row._mapping) for row in rows]


def list_pairs(connection: Connection, query: DeviceParameterQuery) -> list[DeviceParameter]:
    """Pairs in key order."""
    known = device_parameters.c
    found = select(
        known.device_id,
        known.device_name,
        known.parameter_id,
        known.parameter_name,
        known.created_at,
        known.updated_at,
    ).order_by(known.device_id, known.parameter_id)
    if query.device_id is not UNSET:
        found = found.where(known.device_id == query.device_id)
    if query.parameter_id is not UNSET:
        found = found.where(known.parameter_id == query.parameter_id)
    if query.q is not UNSET:
        found = found.where(
            or_(
                *(
                    searched.icontains(query.q, autoescape=True)
                    for searched in (
                        known.device_id,
                        known.device_name,
                        known.parameter_id,
                        known.parameter_name,
                    )
                )
            )
        )
    if after := start_after(query, str, str):
        found = found.where(tuple_(known.device_id, known.parameter_id) > tuple_(*after))
    rows = connection.execute(_with_last_seen(found.limit(query.limit + 1)))
    return [DeviceParameter(**row._mapping) for row in rows]


def _with_last_seen(page: Select[Any]) -> Select[Any]:
    """The rows of *page*, each with the newest measurement the aggregate knows of.

    It is looked up for the rows of the page only, pair by pair and newest bucket first, so that the
    work depends on the page and not on the fleet.
    """
    pair = page.subquery("pair")
    hourly = device_parameter_sets_hourly.c
    seen = (
        func.unnest(cast(hourly.parameter_ids, ARRAY(Text)), hourly.last_seen_ats)
        .table_valued("parameter_id", "last_seen_at")
        .render_derived()
        .lateral("seen")
    )
    newest = (
        select(seen.c.last_seen_at)
        .select_from(device_parameter_sets_hourly.join(seen, true()))
        .where(
            # As the index has it.
            func.left(hourly.device_id, _INDEXED) == func.left(pair.c.device_id, _INDEXED),
            hourly.device_id == pair.c.device_id,
            seen.c.parameter_id == pair.c.parameter_id,
        )
        .order_by(hourly.bucket.desc())
        .limit(1)
        .lateral("newest")
    )
    return (
        select(pair, newest.c.last_seen_at)
        .select_from(pair.outerjoin(newest, true()))
        .order_by(pair.c.device_id, pair.c.parameter_id)
    )
