"""A page of devices is read from indexes, also where policies hold whoever asks.

With a policy in force, an index takes conditions of comparisons only that could tell nobody
anything of the rows that the policy hides. To a superuser everything would look fine.
"""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.bodies import read_texts
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.devices import readings, store
from chalicelib.features.devices.bodies import ChangeQuery
from chalicelib.features.devices.listing.find import list_devices
from chalicelib.features.devices.listing.query import DeviceListQuery
from tests.features.devices.registry import add_type
from tests.plans import plans
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
DEVICES = 20_000


BY_INDEX: list[tuple[dict[str, str], str]] = [
    ({}, "idx_devices_by_name"),
    ({"sortOrder": "desc"}, "idx_devices_by_name"),
    ({"sortBy": "createdAt"}, "idx_devices_by_created_at"),
    ({"sortBy": "status"}, "idx_devices_by_status"),
    ({"status": "offline"}, "idx_devices_by_status_and_name"),
    ({"deviceType": "gate"}, "idx_devices_by_type_and_name"),
    ({"tags": "hundredth-7"}, "device_terms_pkey"),
    ({"tags": "half-1"}, "idx_devices_by_name"),
    ({"tagsAll": "half-1,hundredth-7"}, "device_terms_pkey"),
    ({"q": "sn4711"}, "device_terms_pkey"),
    ({"location": "street 471"}, "device_terms_pkey"),
    ({"near": "38,12,2"}, "idx_devices_place"),
    ({"near": "38,12,2", "status": "online"}, "idx_devices_place"),
]
KEPT: list[dict[str, str]] = [
    {},
    {"status": "online"},
    {"lifecycle": "registered", "connectivity": "online"},
    {"deviceType": "gate", "tags": "half-1"},
    {"tags": "half-1", "status": "offline"},
]


@pytest.fixture
def large_fleet(runtime_login: Sandbox) -> Iterator[Sandbox]:
    """One organization has nearly all devices, and another one a few."""
    runtime_login.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) "
        "VALUES ('big', 'Big'), ('small', 'Small')"
    )
    for name in ("meter", "gate"):
        add_type(runtime_login, name, metrics={"temperature": "t"})
    runtime_login.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name, "
        "serial_number, latitude, longitude, address, tags, connectivity) "
        "SELECT 'd-' || n, CASE WHEN n % 1000 = 0 THEN 'small' ELSE 'big' END, "
        "CASE WHEN n % 10 = 0 THEN 'type-gate-shared' ELSE 'type-meter-shared' END, "
        "'Sensor ' || n, 'SN' || n, 37 + n % 200 * 0.01, "
        "11 + n % 307 * 0.01, 'Street ' || n % 500, "
        "ARRAY['half-' || n % 2, 'hundredth-' || n % 100], "
        "CASE WHEN n % 100 = 0 THEN 'offline' ELSE 'online' END "
        f"FROM generate_series(1, {DEVICES}) AS n"
    )
    runtime_login.rows(
        "INSERT INTO iot_data.device_presence (device_id, organization_id, last_seen_at) "
        "SELECT device_id, organization_id, now() FROM iot_data.devices"
    )
    runtime_login.rows(
        "INSERT INTO iot_data.device_changes "
        "(device_id, organization_id, action, actor, before, after) "
        "SELECT device_id, organization_id, 'registered', 'somebody', '{}', '{}' "
        "FROM iot_data.devices"
    )
    tables = ("devices", "device_presence", "device_terms", "device_counts", "device_changes")
    for table in tables:
        runtime_login.rows(f"VACUUM ANALYZE iot_data.{table}")
    yield runtime_login
    runtime_login.rows("DELETE FROM iot_data.devices")


def test_what_is_asked_for_is_found_by_an_index(
    large_fleet: Sandbox, runtime_engine: Engine
) -> None:
    """One test, because to make the fleet takes most of its time."""
    for query, index in BY_INDEX:
        plan = plan_of(runtime_engine, query, "big")
        assert index in plan, query
        assert scanned(plan) == [], query
        # Nor does a small organization wait for a large one.
        assert scanned(plan_of(runtime_engine, query, "small")) == [], query
    for query in KEPT:
        plan = plan_of(runtime_engine, query, "big")
        assert "device_counts" in plan
        assert plan.count("Aggregate") == 1, query
    plan = plan_of(runtime_engine, {}, EVERY_ORGANIZATION)
    assert "idx_devices_by_name_of_all" in plan
    assert scanned(plan) == []
    assert scanned(plan_of_a_device(runtime_engine, large_fleet)) == []


def plan_of_a_device(engine: Engine, large_fleet: Sandbox) -> str:
    """How a device is looked up, with all that is known of it."""
    with (
        database.transaction(engine, Deadline.after(60), "big") as connection,
        plans(connection) as found,
    ):
        stored = store.find(connection, "d-7", "big")
        assert stored is not None
        now = large_fleet.now()
        readings.last_readings(connection, [stored], now)
        readings.data_quality(connection, stored, now)
        store.list_changes(connection, "d-7", ChangeQuery())
    return "\n".join(found)


def scanned(plan: str) -> list[str]:
    """The tables that grow with the fleet, and that *plan* would read as a whole."""
    large = ("devices", "device_presence", "device_terms", "device_changes")
    return [table for table in large if f"Seq Scan on {table}" in plan]


def plan_of(engine: Engine, query: dict[str, str], organization: str) -> str:
    """How the last statement of the list is carried out, which has the page and the total."""
    asked = read_texts(DeviceListQuery, query)
    with (
        database.transaction(engine, Deadline.after(60), organization) as connection,
        plans(connection) as found,
    ):
        list_devices(connection, asked, organization)
    return found[-1]
