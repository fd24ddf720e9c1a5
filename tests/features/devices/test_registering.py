"""Registering devices: what is answered, what is kept, and what the platform is told."""

import re

import pytest

from tests.features.devices.registry import LEAST, SAMPLE, TYPE, Registry, add_type, refusal


def test_the_sample_is_registered(registry: Registry) -> None:
    answer = registry.operator.ask("POST", "/devices", SAMPLE)
    assert answer.status_code == 201
    made = answer.json_body
    assert re.fullmatch("dev-[0-9a-f]{20}", made["deviceId"])
    assert (made["name"], made["status"]) == ("Office-Temp-Sensor-1", "registered")
    assert made["createdAt"].endswith("Z")
    assert answer.headers["Location"] == f"devices/{made['deviceId']}"
    assert answer.headers["ETag"] == '"1"'


def test_a_device_is_shown_as_it_was_registered(registry: Registry) -> None:
    device_id = registry.operator.ask("POST", "/devices", SAMPLE).json_body["deviceId"]
    shown = registry.get(device_id)
    given = {name: shown[name] for name in ("name", "location", "connectivity", "metadata", "tags")}
    assert given == {name: SAMPLE[name] for name in given}
    assert (shown["type"], shown["organizationId"]) == (TYPE, "org-789")
    assert (shown["lifecycle"], shown["connectivityStatus"]) == ("registered", "never")
    assert (shown["lastSeen"], shown["lastReading"], shown["firmwareVersion"]) == (None,) * 3
    assert shown["health"] == {"uptime": 0.0, "dataQuality": None}


def test_the_least_that_can_be_said_suffices(registry: Registry) -> None:
    shown = registry.get(registry.register())
    assert (shown["location"], shown["connectivity"]) == (None, None)
    assert (shown["metadata"], shown["tags"]) == ({}, [])


def test_the_master_table_knows_the_device_at_once(registry: Registry) -> None:
    device_id = registry.register(name="Boiler")
    row = registry.sandbox.rows(
        "SELECT device_name, status, is_active, device_type_id FROM iot_data.redshift_devices "
        "WHERE device_id = %s",
        [device_id],
    )
    assert row == [("Boiler", True, True, f"type-{TYPE}-shared")]


def test_a_master_table_need_not_have_more_than_is_read_of_it(registry: Registry) -> None:
    registry.sandbox.expect_rebuild()
    registry.sandbox.rows(
        "ALTER TABLE iot_data.redshift_devices DROP COLUMN device_type_id, DROP COLUMN is_active"
    )
    assert registry.master(registry.register(name="Boiler")) == ("Boiler", True)


def test_a_master_table_with_types_of_its_own_is_not_given_ours(registry: Registry) -> None:
    registry.sandbox.expect_rebuild()
    registry.sandbox.rows(
        "ALTER TABLE iot_data.redshift_devices DROP COLUMN device_type_id, "
        "ADD COLUMN device_type_id integer"
    )
    assert registry.master(registry.register(name="Boiler")) == ("Boiler", True)


def test_what_a_master_table_has_no_room_for_is_refused_or_left_out(registry: Registry) -> None:
    registry.sandbox.expect_rebuild()
    registry.sandbox.rows(
        "ALTER TABLE iot_data.redshift_devices ALTER device_name TYPE varchar(6), "
        "ALTER device_type_id TYPE varchar(10)"
    )
    device_id = registry.register(name="Boiler")
    assert registry.master(device_id) == ("Boiler", True)
    long = {**LEAST, "name": "Boilers"}
    for method, path in (("POST", "/devices"), ("PUT", f"/devices/{device_id}")):
        answer = registry.operator.ask(method, path, long)
        assert refusal(answer) == (400, "INVALID_REQUEST", "name")


def test_an_own_type_goes_before_a_shared_one_of_the_same_name(registry: Registry) -> None:
    own = add_type(registry.sandbox, organization_id="org-789")
    device_id = registry.register()
    used = registry.sandbox.value(
        "SELECT device_type_id FROM iot_data.devices WHERE device_id = %s", [device_id]
    )
    assert used == own


@pytest.mark.parametrize("name", ["no-such-type", "foreign"])
def test_a_type_that_is_not_there_is_named(name: str, registry: Registry) -> None:
    add_type(registry.sandbox, "foreign", "org-other")
    answer = registry.operator.ask("POST", "/devices", {**LEAST, "deviceType": name})
    assert refusal(answer) == (400, "INVALID_REQUEST", "deviceType")


def test_a_serial_number_is_one_device_s_in_its_organization(registry: Registry) -> None:
    device_id = registry.register(metadata={"serialNumber": "SN1"})
    again = {**LEAST, "metadata": {"serialNumber": "SN1"}}
    answer = registry.operator.ask("POST", "/devices", again)
    assert refusal(answer) == (409, "DEVICE_EXISTS", "metadata.serialNumber")
    assert answer.json_body["error"]["details"]["serialNumber"] == "SN1"
    # Another organization's is another one, and one that is deleted gives it back.
    other = registry.people.user("other", "org-other", role="operator")
    assert other.ask("POST", "/devices", again).status_code == 201
    registry.admin.ask("DELETE", f"/devices/{device_id}")
    assert registry.operator.ask("POST", "/devices", again).status_code == 201


def test_a_refused_registration_leaves_nothing_behind(registry: Registry) -> None:
    registry.register(metadata={"serialNumber": "SN1"})
    before = registry.sandbox.value("SELECT count(*) FROM iot_data.redshift_devices")
    registry.operator.ask("POST", "/devices", {**LEAST, "metadata": {"serialNumber": "SN1"}})
    assert registry.sandbox.value("SELECT count(*) FROM iot_data.redshift_devices") == before


def test_the_same_key_registers_once(registry: Registry) -> None:
    first, second = (
        registry.operator.ask("POST", "/devices", SAMPLE, Idempotency_Key="k") for _ in range(2)
    )
    assert second.json_body == first.json_body
    assert second.headers["Location"] == first.headers["Location"]
    assert registry.list()["pagination"]["totalItems"] == 1
    other = registry.operator.ask("POST", "/devices", LEAST, Idempotency_Key="k")
    assert refusal(other)[:2] == (409, "IDEMPOTENCY_KEY_REUSED")


def test_viewers_register_nothing(registry: Registry) -> None:
    viewer = registry.people.user("viewer")
    assert viewer.ask("POST", "/devices", LEAST).status_code == 403


def test_tags_are_kept_once_each_and_in_order(registry: Registry) -> None:
    assert registry.get(registry.register(tags=["b", "a", "b"]))["tags"] == ["b", "a"]


def test_what_was_registered_and_by_whom_is_written_down(registry: Registry) -> None:
    device_id = registry.operator.ask("POST", "/devices", SAMPLE).json_body["deviceId"]
    [(actor, action, before, after)] = registry.sandbox.rows(
        "SELECT actor, action, before, after FROM iot_data.audit_log WHERE subject = %s",
        [f"device {device_id}"],
    )
    assert (actor, action, before) == ("sub-operator", "device.registered", None)
    assert {name: after[name] for name in SAMPLE} == SAMPLE
    [change] = registry.operator.get(f"/devices/{device_id}/changes").json_body["items"]
    assert (change["action"], change["actor"]) == ("registered", "sub-operator")
    assert (change["before"], change["after"]) == ({}, after)
