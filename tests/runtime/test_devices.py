"""Devices, from the package: the requests that the requirement shows, as a function gets them."""

from collections.abc import Iterator

import pytest

from tests.aws import Aws, moto_server
from tests.features.devices.registry import SAMPLE, TYPE
from tests.runtime.asking import ask
from tests.runtime.conftest import StartContainer
from tests.sandbox import Sandbox

HANDLER = "app.app"
_NEW_TYPE = {
    "name": TYPE,
    "isShared": True,
    "reportingIntervalSeconds": 300,
    "metrics": [{"name": name} for name in ("temperature", "humidity", "co2")],
}


@pytest.fixture
def aws() -> Iterator[Aws]:
    """Moto's server, with the policy that certificates of devices get."""
    with moto_server() as running:
        running.make_device_policy()
        yield running


def test_the_samples_of_the_requirement(
    start: StartContainer, as_the_functions: dict[str, str], migrated: Sandbox, aws: Aws
) -> None:
    identities = {"DEVICE_IDENTITIES": "iot", "IOT_POLICY_NAME": "devices"}
    container = start(HANDLER, **as_the_functions, **aws.environment, **identities)
    organization = {"organizationId": "org-789", "name": "Acme"}
    assert ask(container, "POST", "/organizations", organization)[0] == 201
    status, device_type = ask(container, "POST", "/device-types", _NEW_TYPE)
    assert status == 201

    status, made = ask(container, "POST", "/devices", SAMPLE)
    assert (status, made["name"], made["status"]) == (201, SAMPLE["name"], "registered")
    credentials = made["provisioningCredentials"]
    assert credentials["certificateArn"].startswith("arn:aws:iot:")
    assert credentials["certificatePem"].startswith("-----BEGIN CERTIFICATE-----")
    assert credentials["privateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    device = {"device_id": made["deviceId"]}

    migrated.rows("UPDATE iot_data.device_presence SET last_seen_at = date_trunc('second', now())")
    migrated.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
        "SELECT last_seen_at, device_id, %s || metric, value FROM iot_data.device_presence, "
        "(VALUES ('temperature', 23.5), ('humidity', 45), ('co2', 450)) AS sent (metric, value)",
        [f"{device_type['deviceTypeId']}."],
    )
    status, shown = ask(container, "GET", "/devices/{device_id}", **device)
    reading = shown["lastReading"]
    assert (status, shown["type"], reading.pop("timestamp")) == (200, TYPE, shown["lastSeen"])
    assert reading == {"temperature": 23.5, "humidity": 45, "co2": 450}

    change = {"name": "Office-Temp-Sensor-2", "status": "maintenance"}
    status, changed = ask(container, "PUT", "/devices/{device_id}", change, **device)
    assert (status, changed["name"], changed["status"]) == (200, change["name"], "maintenance")
    status, listed = ask(container, "GET", "/devices")
    assert [each["deviceId"] for each in listed["items"]] == [made["deviceId"]]
    assert listed["pagination"] == {
        "page": 1,
        "pageSize": 25,
        "totalItems": 1,
        "totalPages": 1,
        "hasNext": False,
        "hasPrevious": False,
    }
    assert ask(container, "DELETE", "/devices/{device_id}", **device)[0] == 200
    assert ask(container, "GET", "/devices/{device_id}", **device)[0] == 404
