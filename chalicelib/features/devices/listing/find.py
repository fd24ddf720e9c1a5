"""A page of devices."""

from datetime import UTC, datetime

from sqlalchemy import Connection, func, literal

from chalicelib.bodies import UNSET
from chalicelib.features.devices import readings, store
from chalicelib.features.devices.bodies import Device, DeviceListing
from chalicelib.features.devices.listing.filters import column_conditions, read_filters
from chalicelib.features.devices.listing.query import DeviceListQuery, filters_in
from chalicelib.features.devices.listing.terms import conditions, find_terms
from chalicelib.features.devices.listing.totals import total
from chalicelib.features.devices.model import DeviceSort
from chalicelib.features.devices.store import Stored
from chalicelib.features.devices.tables import device_presence, devices
from chalicelib.listing import Sorting, listed

_KNOWN = devices.c
# Before anything was ever heard of.
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_SORTINGS = {
    DeviceSort.NAME: Sorting("name", _KNOWN.name, str, _KNOWN.device_id),
    DeviceSort.STATUS: Sorting("status", _KNOWN.status, str, _KNOWN.device_id),
    DeviceSort.CREATED_AT: Sorting("createdAt", _KNOWN.created_at, datetime, _KNOWN.device_id),
    DeviceSort.LAST_SEEN: Sorting(
        "lastSeen",
        func.coalesce(device_presence.c.last_seen_at, literal(_NEVER)),
        datetime,
        _KNOWN.device_id,
    ),
}


def list_devices(
    connection: Connection, query: DeviceListQuery, organization: str
) -> DeviceListing:
    """The page of the devices of *organization* that *query* asks for."""
    wanted = read_filters(connection, query)
    terms = find_terms(connection, wanted, organization)
    found = store.shown_devices(organization).where(
        *column_conditions(wanted), *conditions(terms, is_page=True)
    )
    page = listed(
        connection,
        found,
        query,
        _SORTINGS[query.sort_by],
        store.stored,
        total=total(wanted, terms, organization),
    )
    return DeviceListing(
        items=_shown(connection, query, page.items),
        pagination=page.pagination,
        next=page.next,
        filters=filters_in(query),
    )


def _shown(connection: Connection, query: DeviceListQuery, found: list[Stored]) -> list[Device]:
    if query.include is UNSET:
        return [stored.device for stored in found]
    now = store.database_clock(connection)
    last = readings.last_readings(connection, found, now)
    return [readings.with_last_reading(stored.device, last) for stored in found]
