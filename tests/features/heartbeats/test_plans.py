"""The work depends on the batch and the page, not on the fleet: indexes find what is asked for."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.bodies import UNSET, UnsetType
from chalicelib.database import Deadline
from chalicelib.features.heartbeats import store
from chalicelib.features.heartbeats.bodies import StaleDeviceQuery, StaleSiteQuery
from chalicelib.features.heartbeats.model import (
    DEFAULT_ADMISSION,
    MAX_UNKNOWN_DEVICES,
    Knock,
    Objection,
    Report,
    merge,
)
from chalicelib.paging import cursor
from tests.plans import plans
from tests.sandbox import Sandbox

DEVICES = 20_000


@pytest.fixture
def large_fleet(migrated: Sandbox) -> Sandbox:
    """One device in a hundred is silent."""
    migrated.rows(
        "INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) "
        "SELECT 'device-' || n, 'site-' || n % 50, "
        "now() - CASE WHEN n % 101 = 0 THEN interval '1 hour' ELSE interval '0' END "
        f"FROM generate_series(1, {DEVICES}) AS n"
    )
    migrated.rows(
        "INSERT INTO iot_data.device_state_fields "
        "SELECT device_id, last_seen_ts, '-infinity', last_seen_ts, '-infinity', '-infinity', "
        "'-infinity', '-infinity', '-infinity' FROM iot_data.device_state"
    )
    migrated.rows(
        "INSERT INTO iot_data.redshift_devices (device_id, status) "
        f"SELECT 'device-' || n, true FROM generate_series(1, 2 * {DEVICES}) AS n"
    )
    migrated.rows(
        "INSERT INTO iot_data.unknown_devices "
        "SELECT 'stranger-' || n, 'a', now(), now() - n * interval '1 minute', 1, '{}' "
        f"FROM generate_series(1, {MAX_UNKNOWN_DEVICES}) AS n"
    )
    for table in ("device_state", "device_state_fields", "redshift_devices", "unknown_devices"):
        migrated.rows(f"ANALYZE iot_data.{table}")
    return migrated


@pytest.mark.parametrize(
    ("site_id", "index"),
    [(UNSET, "idx_device_state_last_seen"), ("site-7", "idx_device_state_site")],
)
@pytest.mark.parametrize("is_later", [False, True])
def test_a_page_of_silent_devices_is_read_from_an_index(
    large_fleet: Sandbox, engine: Engine, site_id: str | UnsetType, index: str, is_later: bool
) -> None:
    now = large_fleet.now()
    query = StaleDeviceQuery(site_id=site_id)
    if is_later:
        query.after = cursor((now - timedelta(hours=2), "device-7"))
    seen_before = now - timedelta(minutes=2)
    with database.transaction(engine, Deadline.after(60)) as connection, plans(connection) as found:
        store.list_stale_devices(connection, query, now, seen_before)
    [plan] = found
    assert index in plan
    assert "Seq Scan" not in plan


def test_counting_by_site_reads_the_silent_devices_only(
    large_fleet: Sandbox, engine: Engine
) -> None:
    now = large_fleet.now()
    with database.transaction(engine, Deadline.after(60)) as connection, plans(connection) as found:
        store.list_stale_sites(connection, StaleSiteQuery(), now, now - timedelta(minutes=2))
    assert "Seq Scan" not in found[0]


def _batch(large_fleet: Sandbox, name: str, size: int) -> Any:
    now = large_fleet.now()
    return merge(Report(f"{name}-{n}", now, {"site_id": "a"}) for n in range(1, size + 1))


@pytest.mark.parametrize("size", [1, 1_000])
def test_devices_are_found_to_be_unknown_by_looking_them_up(
    large_fleet: Sandbox, engine: Engine, size: int
) -> None:
    strangers = _batch(large_fleet, "stranger", size)
    with database.transaction(engine, Deadline.after(60)) as connection, plans(connection) as found:
        objections = store.merge_heartbeats(connection, strangers, DEFAULT_ADMISSION)
    assert set(objections.values()) == {Objection.UNKNOWN_DEVICE}
    [plan] = found
    assert "Seq Scan" not in plan


def test_the_quarantine_is_pruned_by_an_index(large_fleet: Sandbox, engine: Engine) -> None:
    knocks = [Knock(name, fields, 1) for name, fields in _batch(large_fleet, "new", 3).items()]
    with database.transaction(engine, Deadline.after(60)) as connection, plans(connection) as found:
        store.quarantine(connection, knocks)
    assert "idx_unknown_devices_last_seen" in found[-1]


@pytest.mark.parametrize("size", [1, 1_000])
def test_a_batch_looks_its_devices_up(large_fleet: Sandbox, engine: Engine, size: int) -> None:
    batch = _batch(large_fleet, "device", size)
    with database.transaction(engine, Deadline.after(60)) as connection, plans(connection) as found:
        store.merge_heartbeats(connection, batch, DEFAULT_ADMISSION)
    [plan] = found
    assert "Seq Scan" not in plan
