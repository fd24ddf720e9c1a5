"""A device gets a certificate: from what it has signed, or with a key that is made here."""

import logging
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.features.devices.certificates.keys import _fingerprint
from tests.features.devices.certificates.conftest import DEVICE, Shop
from tests.features.devices.certificates.iot import POLICY, csr_of


def test_a_device_connects_with_what_it_has_signed(shop: Shop) -> None:
    body = shop.made()
    [(aws_id, status)] = shop.iot.certificates().items()
    assert (status, shop.iot.attached(aws_id)) == ("ACTIVE", ([POLICY], [DEVICE]))
    assert shop.iot.things() == [DEVICE]
    credentials = body["provisioningCredentials"]
    assert credentials["certificateArn"].endswith(f"cert/{aws_id}")
    assert credentials["certificatePem"] == shop.iot.describe(aws_id)["certificatePem"]
    assert credentials["privateKey"] is None
    assert ".iot." in credentials["endpoint"]
    [listed] = shop.listed()
    assert (listed["status"], listed["pem"]) == ("active", credentials["certificatePem"])
    assert listed["expiresAt"] > listed["createdAt"]
    shop.require_in_step()


def test_a_key_that_is_made_here_is_the_certificate_s_and_is_shown_once(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    first = shop.ask(Idempotency_Key="k")
    again = shop.ask(Idempotency_Key="k")
    pem = first.json_body["provisioningCredentials"]["privateKey"]
    assert pem.startswith("-----BEGIN RSA PRIVATE KEY-----")
    [aws_id] = shop.iot.certificates()
    key: Any = load_pem_private_key(pem.encode(), None)
    assert _fingerprint(key.public_key()) == shop.iot.key_of(aws_id)
    assert (first.status_code, again.status_code) == (201, 201)
    credentials = again.json_body["provisioningCredentials"]
    assert credentials == {
        **first.json_body["provisioningCredentials"],
        "privateKey": None,
    }
    assert "first answer only" in again.json_body["provisioning"]["reason"]
    assert f"POST /devices/{DEVICE}/certificates" in again.json_body["provisioning"]["reason"]
    # Nowhere else.
    secret = pem.splitlines()[1]
    assert secret not in caplog.text
    assert secret not in repr(all_rows(shop))
    shop.require_in_step()


def all_rows(shop: Shop) -> list[Any]:
    tables = ("idempotency_keys", "device_certificates", "device_identity_work", "audit_log")
    return [shop.sandbox.rows(f"SELECT * FROM iot_data.{table}") for table in tables]


def test_a_request_that_is_sent_again_shows_what_has_been_made_meanwhile(shop: Shop) -> None:
    shop.stub.judge = lambda call: (503, "ServiceUnavailableException")
    first = shop.ask(csr_of("a"), Idempotency_Key="k")
    assert (first.status_code, first.json_body["provisioning"]["status"]) == (201, "pending")
    assert first.json_body["provisioningCredentials"] is None
    shop.stub.judge = lambda call: None
    assert shop.provision() == 0
    again = shop.ask(csr_of("a"), Idempotency_Key="k").json_body
    assert again["provisioning"]["status"] == "ready"
    assert again["provisioningCredentials"]["certificatePem"] == shop.listed()[0]["pem"]
    assert len(shop.iot.certificates()) == 1
    shop.require_in_step()


def test_a_new_certificate_stands_beside_the_old_one(shop: Shop) -> None:
    shop.made("a")
    shop.made("b")
    assert shop.statuses() == ["active", "active"]
    shop.require_in_step()


def test_a_new_certificate_takes_the_place_of_the_others_once_it_is_in_use(shop: Shop) -> None:
    shop.made("a")
    shop.made("b", revokeOthers=True)
    assert shop.provision() == 0
    assert shop.statuses() == ["active", "revoked"]
    assert sorted(shop.iot.certificates().values()) == ["ACTIVE", "REVOKED"]
    shop.require_in_step()


def test_one_that_is_refused_takes_nobody_s_place(shop: Shop) -> None:
    shop.made("a")
    shop.stub.judge = lambda call: (
        (400, "InvalidRequestException") if call == "CreateCertificateFromCsr" else None
    )
    answer = shop.ask(csr_of("b"), revokeOthers=True).json_body
    assert answer["provisioning"]["status"] == "refused"
    assert shop.provision() == 0
    assert shop.statuses() == ["refused", "active"]
    shop.require_in_step()


def test_a_revoked_certificate_lets_nobody_in_and_its_key_gets_no_other(shop: Shop) -> None:
    made = shop.made("a")
    answer = shop.revoke(made["provisioning"]["certificateId"])
    assert (answer.status_code, answer.json_body["status"]) == (200, "revoked")
    assert list(shop.iot.certificates().values()) == ["REVOKED"]
    assert shop.provision() == 0
    again = shop.ask(csr_of("a"))
    assert (again.status_code, again.json_body["error"]["code"]) == (409, "KEY_IN_USE")
    shop.require_in_step()


def test_revoking_twice_is_revoking_once(shop: Shop) -> None:
    made = shop.made("a")["provisioning"]["certificateId"]
    shop.revoke(made)
    shop.provision()
    before = len(shop.stub.calls)
    assert shop.revoke(made).json_body["status"] == "revoked"
    assert shop.provision() == 0
    assert len(shop.stub.calls) == before
    actions = shop.sandbox.rows("SELECT action FROM iot_data.audit_log ORDER BY audit_id")
    assert actions == [("device.certificate_requested",), ("device.certificate_revoked",)]


def test_a_key_is_for_one_device(shop: Shop) -> None:
    from tests.features.devices.certificates.iot import make_device

    make_device(shop.sandbox, "dev-other")
    shop.made("a")
    answer = shop.ask(csr_of("a"), device="dev-other")
    assert (answer.status_code, answer.json_body["error"]["code"]) == (409, "KEY_IN_USE")


def test_a_device_has_a_few_certificates_at_most(shop: Shop) -> None:
    for name in "abcde":
        shop.made(name)
    answer = shop.ask(csr_of("f"))
    assert answer.json_body["error"]["code"] == "TOO_MANY_CERTIFICATES"
    shop.revoke(shop.listed()[0]["certificateId"])
    shop.made("f")


def test_a_thing_that_is_somebody_else_s_is_left_alone(shop: Shop) -> None:
    shop.iot.client.create_thing(thingName=DEVICE, attributePayload={"attributes": {"a": "b"}})
    answer = shop.ask(csr_of("a")).json_body
    assert answer["provisioning"]["status"] == "refused"
    assert "another thing" in answer["provisioning"]["reason"]
    assert shop.provision() == 0
    assert shop.iot.certificates() == {}
    assert shop.iot.client.describe_thing(thingName=DEVICE)["attributes"] == {"a": "b"}
    # Once the name is free, another try is as good as the first.
    shop.iot.client.delete_thing(thingName=DEVICE)
    shop.made("a")
    shop.require_in_step()


def test_a_device_that_no_thing_can_be_called_like_is_refused_by_name(shop: Shop) -> None:
    from tests.features.devices.certificates.iot import make_device

    make_device(shop.sandbox, "Halle 7/Süd")
    answer = shop.ask(csr_of("a"), device="Halle%207%2FS%C3%BCd")
    assert (answer.status_code, answer.json_body["error"]["code"]) == (409, "NO_THING_NAME")


def test_without_identities_a_request_waits_and_a_key_is_not_made(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVICE_IDENTITIES", "none")
    answer = shop.ask(csr_of("a")).json_body
    assert answer["provisioning"]["status"] == "unmanaged"
    refused = shop.ask()
    assert (refused.status_code, refused.json_body["error"]["code"]) == (
        409,
        "NO_DEVICE_IDENTITIES",
    )
    assert shop.stub.calls == []
    monkeypatch.setenv("DEVICE_IDENTITIES", "iot")
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]
    shop.require_in_step()


def test_viewers_see_certificates_and_make_none(shop: Shop) -> None:
    made = shop.made("a")["provisioning"]["certificateId"]
    viewer = shop.people.user("eve")
    path = f"/devices/{DEVICE}/certificates"
    assert viewer.get(path).status_code == 200
    assert viewer.ask("POST", path, {}).status_code == 403
    assert viewer.ask("POST", f"{path}/{made}/revoke").status_code == 403
    assert viewer.ask("POST", "/device-certificates", {"certificates": []}).status_code == 403


def test_nothing_is_begun_where_nobody_has_said_what_devices_may_do(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IOT_POLICY_NAME")
    answer = shop.people.platform().ask("POST", f"/devices/{DEVICE}/certificates", {})
    assert (answer.status_code, answer.json_body["error"]["code"]) == (500, "INVALID_SETTING")
    assert shop.listed() == []


def test_what_was_done_to_certificates_is_among_the_changes_of_the_device(shop: Shop) -> None:
    made = shop.made()["provisioning"]["certificateId"]
    shop.revoke(made)
    changes = shop.operator.get(f"/devices/{DEVICE}/changes").json_body["items"]
    assert [(each["action"], each["after"]["certificateId"]) for each in changes] == [
        ("certificate_revoked", made),
        ("certificate_requested", made),
    ]
