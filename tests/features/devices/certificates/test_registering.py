"""A device is registered with its certificate, as the requirement's sample shows it."""

import pytest

from tests.features.devices.certificates.conftest import DEVICE, Shop
from tests.features.devices.certificates.iot import csr_of
from tests.features.devices.registry import LEAST, SAMPLE, add_type


@pytest.fixture
def registering(shop: Shop) -> Shop:
    add_type(shop.sandbox)
    return shop


def test_the_sample_of_the_requirement_gives_what_a_device_needs(registering: Shop) -> None:
    answer = registering.operator.ask("POST", "/devices", SAMPLE)
    body = answer.json_body
    assert (answer.status_code, body["status"]) == (201, "registered")
    credentials = body["provisioningCredentials"]
    assert credentials["certificateArn"].startswith("arn:aws:iot:")
    assert credentials["certificatePem"].startswith("-----BEGIN CERTIFICATE-----")
    assert credentials["privateKey"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    assert ".iot." in credentials["endpoint"]
    assert body["provisioning"]["status"] == "ready"
    assert registering.iot.things() == [body["deviceId"]]
    registering.require_in_step()


def test_a_request_that_is_sent_again_registers_nothing_twice(registering: Shop) -> None:
    first = registering.operator.ask("POST", "/devices", SAMPLE, Idempotency_Key="k")
    again = registering.operator.ask("POST", "/devices", SAMPLE, Idempotency_Key="k")
    assert again.json_body["deviceId"] == first.json_body["deviceId"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert first.json_body["provisioningCredentials"]["privateKey"]
    assert again.json_body["provisioningCredentials"]["privateKey"] is None
    assert "first answer only" in again.json_body["provisioning"]["reason"]
    assert len(registering.iot.certificates()) == 1


def test_a_device_that_keeps_its_key_is_never_given_one(registering: Shop) -> None:
    body = {**LEAST, "csr": csr_of("a")}
    answer = registering.operator.ask("POST", "/devices", body).json_body
    assert answer["provisioningCredentials"]["privateKey"] is None
    assert registering.statuses(answer["deviceId"]) == ["active"]


def test_a_device_is_registered_while_iot_core_is_down(registering: Shop) -> None:
    registering.stub.judge = lambda call: (503, "ServiceUnavailableException")
    body = {**LEAST, "csr": csr_of("a")}
    answer = registering.operator.ask("POST", "/devices", body)
    assert (answer.status_code, answer.json_body["provisioning"]["status"]) == (201, "pending")
    registering.stub.judge = lambda call: None
    assert registering.provision() == 0
    assert registering.statuses(answer.json_body["deviceId"]) == ["active"]
    registering.require_in_step()


@pytest.mark.parametrize("csr", ["", "x", "-----BEGIN CERTIFICATE REQUEST-----\nx", 7, None])
def test_a_bad_request_registers_nothing(csr: object, registering: Shop) -> None:
    answer = registering.operator.ask("POST", "/devices", {**LEAST, "csr": csr})
    assert answer.status_code == 400
    assert answer.json_body["error"]["details"] == {"parameter": "csr"}
    assert registering.sandbox.value("SELECT count(*) FROM iot_data.devices") == 1
    assert registering.stub.calls == []


def test_without_identities_iot_core_hears_nothing(
    registering: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICE_IDENTITIES", "none")
    body = registering.operator.ask("POST", "/devices", SAMPLE).json_body
    assert body["provisioning"]["status"] == "unmanaged"
    assert body["provisioningCredentials"] is None
    path = f"/devices/{body['deviceId']}"
    assert registering.admin.ask("DELETE", path).status_code == 200
    assert registering.stub.calls == []
    assert registering.sandbox.value("SELECT count(*) FROM iot_data.device_identity_work") == 0


def test_a_device_that_is_adopted_leaves_a_thing_of_its_name_alone(registering: Shop) -> None:
    registering.sandbox.rows("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('pump-1')")
    registering.iot.client.create_thing(thingName="pump-1")
    body = {**LEAST, "deviceId": "pump-1", "csr": csr_of("a")}
    platform = registering.people.platform()
    answer = platform.ask("POST", "/devices?organizationId=org-789", body)
    assert (answer.status_code, answer.json_body["provisioning"]["status"]) == (201, "refused")
    assert registering.provision() == 0
    assert registering.admin.ask("DELETE", "/devices/pump-1").status_code == 200
    assert registering.provision() == 0
    assert registering.iot.things() == ["pump-1"]


def test_a_device_whose_id_is_no_name_of_a_thing_is_adopted_without(registering: Shop) -> None:
    registering.sandbox.rows("INSERT INTO iot_data.redshift_devices (device_id) VALUES ('a b')")
    platform = registering.people.platform()
    body = {**LEAST, "deviceId": "a b"}
    answer = platform.ask("POST", "/devices?organizationId=org-789", body).json_body
    assert answer["provisioning"]["status"] == "refused"
    assert "no thing" in answer["provisioning"]["reason"]


def test_a_deleted_device_gets_in_no_more_and_its_thing_is_gone(shop: Shop) -> None:
    shop.made("a")
    shop.made("b")
    shop.delete()
    assert shop.provision() == 0
    assert set(shop.iot.certificates().values()) == {"INACTIVE"}
    assert shop.iot.things() == []
    assert shop.operator.get(f"/devices/{DEVICE}/certificates").status_code == 404
    assert shop.ask(csr_of("c")).status_code == 404
    shop.require_in_step()
