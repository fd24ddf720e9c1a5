"""Many devices get a certificate each, by one request."""

from typing import Any

import pytest
from chalice.test import HTTPResponse

from tests.features.devices.certificates.conftest import DEVICE, Shop
from tests.features.devices.certificates.iot import csr_of, make_device


def send(shop: Shop, *rows: tuple[str, str], **headers: str) -> HTTPResponse:
    body = {"certificates": [{"deviceId": device, "csr": csr} for device, csr in rows]}
    return shop.operator.ask("POST", "/device-certificates", body, **headers)


def outcomes(answer: HTTPResponse) -> list[Any]:
    rows = answer.json_body["certificates"]
    return [(row["deviceId"], row["error"] and row["error"]["code"]) for row in rows]


def test_each_row_is_answered_by_itself_and_in_its_order(shop: Shop) -> None:
    shop.people.organization("org-other")
    make_device(shop.sandbox, "dev-foreign", "org-other")
    make_device(shop.sandbox, "dev-z")
    make_device(shop.sandbox, "dev-b")
    answer = send(
        shop,
        ("dev-z", csr_of("z")),
        ("dev-foreign", csr_of("foreign")),
        ("dev-missing", csr_of("missing")),
        (DEVICE, "not a request"),
        ("dev-b", csr_of("z")),
        (DEVICE, csr_of("a")),
    )
    assert answer.status_code == 200
    # Rows are taken in the order of their devices: of two with one key the first of these has it.
    assert outcomes(answer) == [
        ("dev-z", "KEY_IN_USE"),
        ("dev-foreign", "DEVICE_NOT_FOUND"),
        ("dev-missing", "DEVICE_NOT_FOUND"),
        (DEVICE, "INVALID_REQUEST"),
        ("dev-b", None),
        (DEVICE, None),
    ]
    rows = answer.json_body["certificates"]
    foreign, missing = (row["error"]["message"] for row in rows[1:3])
    assert foreign.replace("dev-foreign", "") == missing.replace("dev-missing", "")
    assert "certificates[3].csr" in rows[3]["error"]["message"]
    assert shop.stub.calls == []
    assert shop.provision() == 0
    assert (shop.statuses("dev-b"), shop.statuses()) == (["active"], ["active"])
    assert len(shop.iot.certificates()) == 2
    shop.require_in_step()


def test_a_hundred_are_taken_and_no_more(shop: Shop) -> None:
    device = make_device(shop.sandbox, "dev-of-many")
    rows = [(device, "x")] * 100
    assert len(send(shop, *rows).json_body["certificates"]) == 100
    refused = send(shop, *rows, (device, "x"))
    assert refused.status_code == 400
    assert refused.json_body["error"]["details"] == {"parameter": "certificates"}
    assert send(shop).status_code == 400


def test_a_request_that_is_sent_again_is_carried_out_once(shop: Shop) -> None:
    first = send(shop, (DEVICE, csr_of("a")), Idempotency_Key="k")
    again = send(shop, (DEVICE, csr_of("a")), Idempotency_Key="k")
    assert again.json_body == first.json_body
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]


def test_without_identities_none_are_taken(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVICE_IDENTITIES", "none")
    answer = send(shop, (DEVICE, csr_of("a")))
    assert (answer.status_code, answer.json_body["error"]["code"]) == (409, "NO_DEVICE_IDENTITIES")
