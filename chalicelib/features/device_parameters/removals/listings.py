"""Held removals, by what is asked."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from chalicelib.bodies import UNSET
from chalicelib.features.device_parameters.model import Budget, Obstacle
from chalicelib.features.device_parameters.removals.bodies import (
    GROUPS_SHOWN,
    GroupCount,
    HeldRemoval,
    RemovalFilter,
    RemovalQuery,
)
from chalicelib.features.device_parameters.tables import held_removals
from chalicelib.paging import start_after

_held = held_removals.c
_KEY = (_held.device_id, _held.parameter_id)
_FACETS = (_held.reason, _held.scope, _held.site_id, _held.device_type_id, _held.parameter_id)


def matching(wanted: RemovalFilter | RemovalQuery) -> list[ColumnElement[bool]]:
    """The conditions of *wanted*."""
    columns = (*_FACETS, _held.device_id)
    asked = ((column, getattr(wanted, column.name)) for column in columns)
    return [column == value for column, value in asked if value is not UNSET]


def list_removals(connection: Connection, query: RemovalQuery) -> list[HeldRemoval]:
    """Held removals in key order, one more than the page holds."""
    found = select(held_removals).where(*matching(query)).order_by(*_KEY)
    if after := start_after(query, str, str):
        found = found.where(tuple_(*_KEY) > tuple_(*after))
    return [_removal(row._mapping) for row in connection.execute(found.limit(query.limit + 1))]


def reviewed(wanted: RemovalFilter, up_to: int) -> list[ColumnElement[bool]]:
    """The conditions of what waits, is meant by *wanted*, and was held when *up_to* was newest."""
    return [*matching(wanted), _held.released_at.is_(None), _held.held_id <= up_to]


def count_groups(
    connection: Connection, conditions: list[ColumnElement[bool]]
) -> dict[str, list[GroupCount]]:
    """How many removals have which reason, scope, site, device type and parameter, most first."""
    sets = func.grouping_sets(*(tuple_(facet) for facet in _FACETS))
    found = (
        select(*_FACETS, func.grouping(*_FACETS).label("set"), func.count().label("pairs"))
        .where(*conditions)
        .group_by(sets)
        .order_by(func.count().desc(), *_FACETS)
    )
    groups: dict[str, list[GroupCount]] = {facet.name: [] for facet in _FACETS}
    for row in connection.execute(found):
        name = _facet_of(row.set)
        if len(groups[name]) < GROUPS_SHOWN:
            groups[name].append(GroupCount(value=row._mapping[name], count=row.pairs))
    return groups


def _facet_of(grouping: int) -> str:
    """PostgreSQL has a bit for each facet, from the left, and clears that of the facet at hand."""
    bits = f"{grouping:0{len(_FACETS)}b}"
    return _FACETS[bits.index("0")].name


def _removal(row: Any) -> HeldRemoval:
    facts = {name: value for name, value in row.items() if name != "held_id"}
    return HeldRemoval(
        **{**facts, "reason": Obstacle(row["reason"]), "scope": Budget(row["scope"])}
    )
