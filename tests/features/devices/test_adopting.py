"""Devices that the platform's master table knows already, and a master table kept elsewhere."""

import pytest

from tests.features.devices.registry import LEAST, Registry, refusal
from tests.fleet import Fleet

ADOPTED = {**LEAST, "deviceId": "boiler/7"}


@pytest.fixture
def known(registry: Registry) -> Registry:
    """The master table knows a device that is switched off."""
    Fleet(registry.sandbox).add_device("boiler/7", "Old name", status=False)
    registry.sandbox.rows("UPDATE iot_data.redshift_devices SET location_id = 'cellar'")
    return registry


def test_an_admin_of_the_platform_adopts_a_device(known: Registry) -> None:
    path = "/devices?organizationId=org-789"
    answer = known.people.platform().ask("POST", path, ADOPTED)
    assert (answer.status_code, answer.json_body["deviceId"]) == (201, "boiler/7")
    assert answer.headers["Location"] == "devices/boiler%2F7"
    assert known.operator.get("/devices/boiler%2F7").json_body["name"] == "Least"
    row = known.sandbox.rows(
        "SELECT device_name, status, location_id, device_type_id FROM iot_data.redshift_devices"
    )
    assert row == [("Least", True, "cellar", None)]


def test_a_device_is_registered_once(known: Registry) -> None:
    platform = known.people.platform()
    platform.ask("POST", "/devices?organizationId=org-789", ADOPTED)
    for organization in ("org-789", "org-other"):
        again = platform.ask("POST", f"/devices?organizationId={organization}", ADOPTED)
        assert refusal(again) == (409, "DEVICE_EXISTS", "deviceId")


def test_what_the_master_table_does_not_know_cannot_be_adopted(registry: Registry) -> None:
    path = "/devices?organizationId=org-789"
    answer = registry.people.platform().ask("POST", path, ADOPTED)
    assert refusal(answer) == (400, "INVALID_REQUEST", "deviceId")


@pytest.mark.parametrize("device_id", ["boiler/7", "missing"])
def test_nobody_else_names_a_device(device_id: str, known: Registry) -> None:
    body = {**LEAST, "deviceId": device_id}
    operator = known.people.platform("operator")
    for answer in (
        known.admin.ask("POST", "/devices", body),
        operator.ask("POST", "/devices?organizationId=org-789", body),
    ):
        assert (answer.status_code, answer.json_body["error"]["code"]) == (403, "FORBIDDEN")


@pytest.fixture
def external(known: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The same, where the master table is kept elsewhere."""
    monkeypatch.setenv("DEVICE_MASTER", "external")
    return known


def test_a_master_table_kept_elsewhere_is_left_alone(external: Registry) -> None:
    path = "/devices?organizationId=org-789"
    assert external.people.platform().ask("POST", path, ADOPTED).status_code == 201
    external.operator.ask("PUT", "/devices/boiler%2F7", {"name": "New"})
    external.admin.ask("DELETE", "/devices/boiler%2F7")
    assert external.master("boiler/7") == ("Old name", False)


def test_only_what_it_holds_is_registered_then(external: Registry) -> None:
    answer = external.operator.ask("POST", "/devices", LEAST)
    assert refusal(answer) == (400, "INVALID_REQUEST", "deviceId")
