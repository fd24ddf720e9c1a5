"""Pages of silent devices and their sites: queries whose shape depends on what is asked."""

from datetime import datetime

from sqlalchemy import Connection, func, select, tuple_

from chalicelib.database.schema import device_state
from chalicelib.features.heartbeats.model import StaleDevice, StaleSite
from chalicelib.http.paging import PageRequest

_state = device_state.c


def list_stale(
    connection: Connection, page: PageRequest, *, seen_before: datetime, site_id: str | None
) -> list[StaleDevice]:
    """Devices last seen before an instant, longest silence first, one more than the page holds."""
    key = (_state.last_seen_ts, _state.device_id)
    query = (
        select(_state.device_id, _state.site_id, _state.last_seen_ts)
        .where(_state.last_seen_ts < seen_before)
        .order_by(*key)
    )
    if site_id is not None:
        query = query.where(_state.site_id == site_id)
    if page.after is not None:
        query = query.where(tuple_(*key) > tuple_(*page.after))
    return [StaleDevice(*row) for row in connection.execute(query.limit(page.limit + 1))]


def list_stale_sites(
    connection: Connection, page: PageRequest, *, seen_before: datetime
) -> list[StaleSite]:
    """Sites with devices last seen before an instant, by name, one more than the page holds."""
    query = (
        select(_state.site_id, func.count(), func.min(_state.last_seen_ts))
        .where(_state.last_seen_ts < seen_before)
        .group_by(_state.site_id)
        .order_by(_state.site_id)
    )
    if page.after is not None:
        query = query.where(_state.site_id > page.after[0])
    return [StaleSite(*row) for row in connection.execute(query.limit(page.limit + 1))]
