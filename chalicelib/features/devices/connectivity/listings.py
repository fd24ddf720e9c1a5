"""Lists of what is held, and of the transitions of a device."""

from typing import Any

from sqlalchemy import Connection, Row, select

from chalicelib.features.devices.connectivity.bodies import (
    FleetHold,
    FleetHoldQuery,
    Transition,
    TransitionQuery,
)
from chalicelib.features.devices.connectivity.tables import connectivity_holds, device_transitions
from chalicelib.paging import start_after

_holds = connectivity_holds.c
_transitions = device_transitions.c
_SHOWN = [_holds[name] for name in FleetHold.__struct_fields__]


def list_holds(connection: Connection, query: FleetHoldQuery) -> list[FleetHold]:
    """What is held, by organization, one more than the page holds."""
    found = select(*_SHOWN).order_by(_holds.organization_id)
    if after := start_after(query, str):
        found = found.where(_holds.organization_id > after[0])
    rows = connection.execute(found.limit(query.limit + 1))
    return [FleetHold(**row._mapping) for row in rows]


def list_transitions(
    connection: Connection, device_id: str, query: TransitionQuery
) -> list[Transition]:
    """Transitions of a device, the newest first, one more than the page holds."""
    found = (
        select(device_transitions)
        .where(_transitions.device_id == device_id)
        .order_by(_transitions.transition_id.desc())
    )
    if after := start_after(query, int):
        found = found.where(_transitions.transition_id < after[0])
    return [_transition(row) for row in connection.execute(found.limit(query.limit + 1))]


def _transition(row: Row[Any]) -> Transition:
    return Transition(
        transition_id=row.transition_id,
        is_online=row.is_online,
        was=row.was,
        happened_at=row.happened_at,
        noticed_at=row.noticed_at,
        in_maintenance=row.in_maintenance,
    )
