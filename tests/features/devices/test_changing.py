"""Changing devices field by field, and deleting them."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.instants import instant
from tests.features.devices.registry import SAMPLE, Registry, add_type, refusal


@pytest.fixture
def device_id(registry: Registry) -> str:
    """The device of the sample."""
    answer = registry.operator.ask("POST", "/devices", SAMPLE)
    made: str = answer.json_body["deviceId"]
    return made


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "New"}, {"name": "New"}),
        (
            {"location": {"address": "Cellar"}},
            {"location": {**SAMPLE["location"], "address": "Cellar"}},
        ),
        (
            {"location": {"lat": None, "lon": None}},
            {"location": {"address": "Office 301, Building A"}},
        ),
        ({"location": None}, {"location": None}),
        ({"tags": ["b", "b", "a"]}, {"tags": ["b", "a"]}),
        ({"tags": []}, {"tags": []}),
        (
            {"metadata": {"model": None, "colour": "red"}},
            {
                "metadata": {
                    "manufacturer": "SensorCorp",
                    "serialNumber": "SN123456789",
                    "colour": "red",
                }
            },
        ),
        (
            {"connectivity": {"simId": None, "signalStrength": -45}},
            {"connectivity": {"type": "cellular", "signalStrength": -45.0}},
        ),
        ({"connectivity": None}, {"connectivity": None}),
        ({"deviceType": "other"}, {"type": "other"}),
    ],
)
def test_what_is_left_out_stays(
    change: dict[str, Any], expected: dict[str, Any], device_id: str, registry: Registry
) -> None:
    add_type(registry.sandbox, "other")
    before = registry.get(device_id)
    answer = registry.change(device_id, **change)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    after = registry.get(device_id)
    assert after == answer.json_body
    assert after == {**before, **expected, "updatedAt": after["updatedAt"]}
    assert after["updatedAt"] > before["updatedAt"]


def test_a_new_name_reaches_the_master_table(device_id: str, registry: Registry) -> None:
    registry.change(device_id, name="New")
    assert registry.master(device_id) == ("New", True)


def test_a_change_is_written_down_with_what_of_it_changed(
    device_id: str, registry: Registry
) -> None:
    registry.change(device_id, name="New", tags=SAMPLE["tags"])
    [change, _] = registry.operator.get(f"/devices/{device_id}/changes").json_body["items"]
    assert (change["action"], change["actor"]) == ("changed", "sub-operator")
    assert change["before"] == {"name": "Office-Temp-Sensor-1"}
    assert change["after"] == {"name": "New"}
    audited = registry.sandbox.rows(
        "SELECT before, after FROM iot_data.audit_log WHERE action = 'device.changed'"
    )
    assert audited == [(change["before"], change["after"])]


def test_what_changes_nothing_is_no_change(device_id: str, registry: Registry) -> None:
    answer = registry.change(device_id, name=SAMPLE["name"], metadata={"colour": None})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    changes = registry.operator.get(f"/devices/{device_id}/changes").json_body["items"]
    assert [change["action"] for change in changes] == ["registered"]


def test_a_version_that_is_gone_is_not_changed(device_id: str, registry: Registry) -> None:
    registry.change(device_id, name="First")
    path = f"/devices/{device_id}"
    late = registry.operator.ask("PUT", path, {"name": "Late"}, If_Match='"1"')
    assert refusal(late)[:2] == (412, "STALE_VERSION")
    assert registry.admin.ask("DELETE", path, If_Match='"1"').status_code == 412
    assert registry.get(device_id)["name"] == "First"
    assert registry.operator.ask("PUT", path, {"name": "New"}, If_Match='"2"').status_code == 200


def test_a_serial_number_of_another_device_is_refused(device_id: str, registry: Registry) -> None:
    other = registry.register(metadata={"serialNumber": "SN1"})
    answer = registry.change(other, metadata={"serialNumber": "SN123456789"})
    assert refusal(answer) == (409, "DEVICE_EXISTS", "metadata.serialNumber")
    assert registry.get(other)["metadata"] == {"serialNumber": "SN1"}
    registry.change(device_id, metadata={"serialNumber": None})
    assert registry.change(other, metadata={"serialNumber": "SN123456789"}).status_code == 200


def test_degrees_come_in_pairs(device_id: str, registry: Registry) -> None:
    answer = registry.change(device_id, location={"lat": None})
    assert refusal(answer) == (400, "INVALID_REQUEST", "location.lat")


def test_maintenance_lasts_until_it_is_over(device_id: str, registry: Registry) -> None:
    assert registry.change(device_id, status="maintenance").json_body["status"] == "maintenance"
    assert registry.get(device_id)["maintenanceUntil"] is None
    until = instant(registry.sandbox.now() + timedelta(hours=1))
    changed = registry.change(device_id, maintenanceUntil=until).json_body
    assert (changed["status"], changed["maintenanceUntil"]) == ("maintenance", until)
    changed = registry.change(device_id, status="active").json_body
    assert (changed["status"], changed["maintenanceUntil"]) == ("registered", None)


@pytest.mark.parametrize(
    ("change", "parameter"),
    [
        ({"status": "maintenance", "maintenanceUntil": "2020-01-01T00:00Z"}, "maintenanceUntil"),
        ({"status": "maintenance", "maintenanceUntil": "tomorrow"}, "maintenanceUntil"),
        ({"maintenanceUntil": None}, "maintenanceUntil"),
        ({"status": "active", "maintenanceUntil": None}, "maintenanceUntil"),
        ({"status": "online"}, "status"),
    ],
)
def test_what_cannot_be_said_of_maintenance_is_refused(
    change: dict[str, Any], parameter: str, device_id: str, registry: Registry
) -> None:
    assert refusal(registry.change(device_id, **change)) == (400, "INVALID_REQUEST", parameter)


def test_a_deleted_device_is_gone(device_id: str, registry: Registry) -> None:
    path = f"/devices/{device_id}"
    assert registry.operator.ask("DELETE", path).status_code == 403
    answer = registry.admin.ask("DELETE", path)
    assert answer.status_code == 200
    assert (answer.json_body["deviceId"], answer.json_body["status"]) == (device_id, "deleted")
    assert datetime.fromisoformat(answer.json_body["deletedAt"])
    for method, body in (("GET", None), ("PUT", {"name": "New"}), ("DELETE", None)):
        again = registry.admin.ask(method, path, body)
        assert refusal(again)[:2] == (404, "DEVICE_NOT_FOUND")
    assert registry.admin.get(f"{path}/changes").status_code == 404
    assert registry.list()["pagination"]["totalItems"] == 0
    assert registry.master(device_id) == ("Office-Temp-Sensor-1", False)


def test_the_master_table_has_what_was_deleted_switched_off(
    device_id: str, registry: Registry
) -> None:
    registry.admin.ask("DELETE", f"/devices/{device_id}")
    switches = "SELECT status, is_active FROM iot_data.redshift_devices WHERE device_id = %s"
    assert registry.sandbox.rows(switches, [device_id]) == [(False, False)]


def test_a_master_table_may_have_one_switch_only(device_id: str, registry: Registry) -> None:
    registry.sandbox.expect_rebuild()
    registry.sandbox.rows("ALTER TABLE iot_data.redshift_devices DROP COLUMN is_active")
    assert registry.admin.ask("DELETE", f"/devices/{device_id}").status_code == 200
    assert registry.master(device_id) == (SAMPLE["name"], False)


def test_what_was_deleted_stays_for_whoever_looks_back(device_id: str, registry: Registry) -> None:
    registry.admin.ask("DELETE", f"/devices/{device_id}")
    actions = registry.sandbox.rows("SELECT action FROM iot_data.device_changes ORDER BY change_id")
    assert actions == [("registered",), ("deleted",)]
    assert registry.sandbox.value("SELECT count(*) FROM iot_data.devices") == 1


def test_changes_come_by_pages_newest_first(device_id: str, registry: Registry) -> None:
    for number in range(3):
        registry.change(device_id, name=f"Name {number}")
    path = f"/devices/{device_id}/changes?limit=3"
    first = registry.operator.get(path).json_body
    assert [change["after"].get("name") for change in first["items"]] == [
        "Name 2",
        "Name 1",
        "Name 0",
    ]
    rest = registry.operator.get(f"{path}&after={first['next']}").json_body
    assert [change["action"] for change in rest["items"]] == ["registered"]
    assert rest["next"] is None
