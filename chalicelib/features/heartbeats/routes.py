"""The HTTP side of heartbeats."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Blueprint
from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError, UnknownResourceError
from chalicelib.features.heartbeats import documents, listings, metrics, store
from chalicelib.features.heartbeats.record import record, require_stored
from chalicelib.features.heartbeats.settings import (
    MAX_STALE_AFTER_SECONDS,
    HeartbeatSettings,
    heartbeats_from_environment,
)
from chalicelib.http import REQUEST_SECONDS, endpoint, json_body, query_parameters
from chalicelib.http.paging import PageRequest, page_document, page_request
from chalicelib.instants import instant

routes = Blueprint(__name__)
READ = ["GET", "HEAD"]


@routes.route("/heartbeat", methods=["POST"])
@endpoint(routes)
def post_heartbeat() -> dict[str, Any]:
    """Store one heartbeat or a batch."""
    query_parameters(routes)
    engine = database.engine_for(heartbeats_from_environment().database)
    recorded = record(engine, Deadline.after(REQUEST_SECONDS), json_body(routes))
    metrics.publish_recorded(recorded)
    require_stored(recorded)
    return documents.recorded_document(recorded)


@routes.route("/devices/stale", methods=READ)
@endpoint(routes)
def list_stale_devices() -> dict[str, Any]:
    """Devices that are silent, longest first."""
    given = query_parameters(routes, "limit", "after", "site_id", "min_age_seconds")
    page = _instant_page(page_request(given.get("limit"), given.get("after"), (str, str)))
    min_age = _min_age(given.get("min_age_seconds"))
    with _read() as (connection, settings):
        now = store.database_clock(connection)
        seen_before = now - max(min_age, timedelta(seconds=settings.stale_after_seconds))
        devices = listings.list_stale(
            connection, page, seen_before=seen_before, site_id=given.get("site_id")
        )
    return page_document(
        devices,
        page,
        lambda device: documents.stale_device_document(device, now),
        lambda device: (instant(device.last_seen_ts), device.device_id),
    )


@routes.route("/devices/stale/sites", methods=READ)
@endpoint(routes)
def list_stale_sites() -> dict[str, Any]:
    """How many devices of which site are silent."""
    given = query_parameters(routes, "limit", "after", "min_age_seconds")
    page = page_request(given.get("limit"), given.get("after"), (str,))
    min_age = _min_age(given.get("min_age_seconds"))
    with _read() as (connection, settings):
        now = store.database_clock(connection)
        seen_before = now - max(min_age, timedelta(seconds=settings.stale_after_seconds))
        sites = listings.list_stale_sites(connection, page, seen_before=seen_before)
    return page_document(
        sites,
        page,
        lambda site: documents.stale_site_document(site, now),
        lambda site: (site.site_id,),
    )


@routes.route("/devices/{device_id}/state", methods=READ)
@endpoint(routes)
def get_device_state(device_id: str) -> dict[str, Any]:
    """The last state of one device."""
    query_parameters(routes)
    with _read() as (connection, settings):
        now = store.database_clock(connection)
        state = store.find_state(connection, device_id)
    if state is None:
        raise UnknownResourceError(f"no heartbeat of {device_id[:40]!r} was ever stored")
    return documents.state_document(state, now, settings.stale_after_seconds)


def _min_age(raw: str | None) -> timedelta:
    if raw is None:
        return timedelta(0)
    is_number = raw.isascii() and raw.isdecimal() and len(raw) <= len(str(MAX_STALE_AFTER_SECONDS))
    if not is_number or int(raw) > MAX_STALE_AFTER_SECONDS:
        raise InvalidRequestError(
            f"min_age_seconds must be a whole number from 0 to {MAX_STALE_AFTER_SECONDS}",
            parameter="min_age_seconds",
        )
    return timedelta(seconds=int(raw))


def _instant_page(page: PageRequest) -> PageRequest:
    """The same, with the instant that a key begins with read as one."""
    if page.after is None:
        return page
    spelled, device_id = page.after
    try:
        last_seen_ts = datetime.fromisoformat(spelled)
    except ValueError:
        last_seen_ts = None
    if last_seen_ts is None or last_seen_ts.tzinfo is None:
        raise InvalidRequestError(
            "after must be the `next` of an earlier page, unchanged", parameter="after"
        )
    return PageRequest(page.limit, (last_seen_ts, device_id))


@contextmanager
def _read() -> Iterator[tuple[Connection, HeartbeatSettings]]:
    settings = heartbeats_from_environment()
    engine = database.engine_for(settings.database)
    with database.transaction(engine, Deadline.after(REQUEST_SECONDS)) as connection:
        yield connection, settings
