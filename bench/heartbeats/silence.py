"""How long it takes to find silent devices, and to notice that thousands fell silent."""

import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, text

from bench.heartbeats.fleet import Fleet
from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import StaleDeviceQuery, StaleSiteQuery
from chalicelib.features.heartbeats.check import notice
from chalicelib.paging import cursor

STALE_AFTER_SECONDS = 120
_HOUR = timedelta(hours=1)
# Nobody may fall silent while it is measured.
_ALL_ALIVE = "UPDATE iot_data.device_state SET last_seen_ts = now() + interval '1 hour'"
_ONE_IN_A_HUNDRED_SILENT = """
    UPDATE iot_data.device_state
    SET last_seen_ts
        = now() - interval '2 hours' + make_interval(secs => hashtext(device_id) % 600)
    WHERE hashtext(device_id) % 100 = 0
"""
_ONE_IN_TEN_SILENT = """
    UPDATE iot_data.device_state
    SET last_seen_ts = now() - interval '1 hour'
    WHERE hashtext(device_id) % 10 = 0
"""
_ONE_IN_TEN_ALIVE = """
    UPDATE iot_data.device_state SET last_seen_ts = now() WHERE hashtext(device_id) % 10 = 0
"""
_VIEW = "SELECT count(*) FROM iot_data.v_devices_stale"


def measure_reads(fleet: Fleet, repeats: int) -> dict[str, float]:
    """Milliseconds of the routes' queries and of the view, one device in a hundred being silent."""
    fleet.execute(_ALL_ALIVE)
    fleet.execute(_ONE_IN_A_HUNDRED_SILENT)
    fleet.settle()
    now = datetime.now(UTC)
    seen_before = now - timedelta(seconds=STALE_AFTER_SECONDS)
    later = cursor((seen_before - 2 * _HOUR, "hvac-unit-0500000"))

    def devices(query: StaleDeviceQuery) -> Callable[[Connection], object]:
        return lambda connection: store.list_stale_devices(connection, query, now, seen_before)

    queries: dict[str, Callable[[Connection], object]] = {
        "first page": devices(StaleDeviceQuery()),
        "later page": devices(StaleDeviceQuery(after=later)),
        "page of a site": devices(StaleDeviceQuery(site_id="building-100")),
        "counts by site": lambda connection: store.list_stale_sites(
            connection, StaleSiteQuery(), now, seen_before
        ),
        "the view, counted": lambda connection: connection.execute(text(_VIEW)).all(),
    }
    return {name: _milliseconds(fleet, query, repeats) for name, query in queries.items()}


def measure_checks(fleet: Fleet) -> dict[str, Any]:
    """One device in ten falls silent at once, stays silent, and comes back."""
    fleet.execute(_ALL_ALIVE)
    found = {"nobody is silent": _check(fleet)}
    fleet.execute(_ONE_IN_TEN_SILENT)
    fleet.settle()
    found["a tenth fell silent"] = _check(fleet)
    found["nothing new"] = _check(fleet)
    fleet.execute(_ONE_IN_TEN_ALIVE)
    found["a tenth came back"] = _check(fleet)
    return found


def _check(fleet: Fleet) -> dict[str, Any]:
    """The transaction of a check; what it queues is counted, not sent."""
    started = time.perf_counter()
    seen = notice(
        fleet.engine,
        Deadline.after(600),
        stale_after_seconds=STALE_AFTER_SECONDS,
        is_told=True,
    )
    seconds = time.perf_counter() - started
    events = fleet.value("SELECT count(*) FROM iot_data.outbox_events")
    fleet.execute("TRUNCATE iot_data.outbox_events")
    return {
        "seconds": round(seconds, 3),
        "became_stale": seen.became_stale,
        "recovered": seen.recovered,
        "events": events,
    }


def _milliseconds(fleet: Fleet, query: Callable[[Connection], object], repeats: int) -> float:
    samples = []
    with database.transaction(fleet.engine, Deadline.after(600)) as connection:
        for _ in range(repeats):
            started = time.perf_counter()
            query(connection)
            samples.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(samples), 2)
