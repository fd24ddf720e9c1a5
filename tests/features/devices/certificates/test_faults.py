"""IoT Core is slow, refuses, is gone, or answers when nobody listens any more."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from chalicelib.features.devices.certificates import gateway, issue
from chalicelib.features.devices.certificates.context import LEASE
from chalicelib.features.devices.certificates.invocations import (
    TIME_LIMIT_SECONDS,
    provision_devices,
)
from chalicelib.features.devices.certificates.undoing import gateway as undoing
from tests.features.devices.certificates.conftest import DEVICE, Shop
from tests.features.devices.certificates.iot import csr_of, make_device
from tests.features.devices.certificates.stub import HANGS, LOSES_ANSWER, Verdict

MAKING = (
    "DescribeThing",
    "CreateThing",
    "CreateCertificateFromCsr",
    "AttachPolicy",
    "AttachThingPrincipal",
    "UpdateCertificate",
)
REFUSALS: list[tuple[str, Verdict]] = [
    *((call, (429, "ThrottlingException")) for call in MAKING),
    ("AttachPolicy", (410, "LimitExceededException")),
    ("AttachPolicy", (404, "ResourceNotFoundException")),
    ("CreateThing", (401, "UnauthorizedException")),
    ("CreateCertificateFromCsr", (503, "ServiceUnavailableException")),
    ("UpdateCertificate", (500, "InternalFailureException")),
]
each_refusal = pytest.mark.parametrize(("call", "verdict"), REFUSALS, ids=str)


@each_refusal
def test_what_is_refused_for_now_is_tried_again(
    call: str, verdict: tuple[int, str], shop: Shop
) -> None:
    shop.stub.judge = lambda each: verdict if each == call else None
    answer = shop.ask(csr_of("a"))
    assert (answer.status_code, answer.json_body["provisioning"]["status"]) == (201, "pending")
    assert shop.provision() == 1
    assert waiting(shop)[0] == f"{call}: {verdict[1]}"
    # Not at once, and not for ever later.
    assert 0 < waiting(shop)[1] <= 3600
    shop.stub.judge = lambda each: None
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]
    shop.require_in_step()


@each_refusal
def test_a_key_that_cannot_be_given_away_is_undone(
    call: str, verdict: tuple[int, str], shop: Shop
) -> None:
    shop.stub.judge = lambda each: verdict if each == call else None
    answer = shop.ask()
    assert (answer.status_code, answer.json_body["provisioning"]["status"]) == (201, "undone")
    assert f"POST /devices/{DEVICE}/certificates" in answer.json_body["provisioning"]["reason"]
    assert answer.json_body["provisioningCredentials"] is None
    shop.stub.judge = lambda each: None
    assert shop.provision() == 0
    assert shop.iot.certificates() == {}
    shop.require_in_step()


def waiting(shop: Shop) -> tuple[str, int]:
    [row] = shop.sandbox.rows(
        "SELECT last_error, extract(epoch FROM due_at - now())::int "
        "FROM iot_data.device_identity_work"
    )
    return row[0], row[1]


@pytest.mark.parametrize("csr", [csr_of("a"), None], ids=["csr", "key made here"])
def test_a_request_that_aws_refuses_for_good_is_not_sent_again(csr: str, shop: Shop) -> None:
    shop.stub.judge = lambda call: (
        (400, "InvalidRequestException") if call == "CreateCertificateFromCsr" else None
    )
    body = shop.ask(csr).json_body
    assert body["provisioning"]["status"] == "refused"
    assert body["provisioning"]["reason"] == "CreateCertificateFromCsr: InvalidRequestException"
    for _ in range(2):
        assert shop.provision() == 0
    assert shop.stub.calls.count("CreateCertificateFromCsr") == 1
    assert shop.statuses() == ["refused"]
    shop.require_in_step()


@pytest.mark.parametrize("call", [*MAKING, "ListCertificates", "DescribeCertificate"])
@pytest.mark.parametrize("csr", [csr_of("a"), None], ids=["csr", "key made here"])
def test_an_answer_that_is_lost_leaves_nothing_behind(
    csr: str | None, call: str, shop: Shop
) -> None:
    lost = {call, "CreateCertificateFromCsr"} if call.startswith(("List", "Desc")) else {call}
    lost -= {"DescribeThing"} if call == "DescribeCertificate" else set()
    shop.stub.judge = lambda each: LOSES_ANSWER if each in lost else None
    shop.ask(csr)
    shop.provision()
    shop.stub.judge = lambda each: None
    assert shop.provision() == 0
    assert shop.statuses() == ["active" if csr else "undone"]
    assert len(shop.iot.certificates()) == (1 if csr else 0)
    shop.require_in_step()


def test_who_is_slow_is_left_in_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "patience", hurried)
    forget_clients()
    shop.stub.judge = lambda call: HANGS
    assert shop.ask(csr_of("a")).json_body["provisioning"]["status"] == "pending"
    forget_clients()
    assert waiting(shop)[0] == "ReadTimeoutError"


def hurried() -> Any:
    from botocore.config import Config

    return Config(connect_timeout=1, read_timeout=0.2, retries={"total_max_attempts": 1})


def test_iot_core_that_cannot_be_reached_is_tried_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        forget_clients()
        assert shop.ask(csr_of("a")).json_body["provisioning"]["status"] == "pending"
        assert waiting(shop)[0] == "EndpointConnectionError"
    forget_clients()
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]


def forget_clients() -> None:
    gateway.client.cache_clear()
    undoing.client.cache_clear()


def test_a_request_does_not_take_the_time_that_its_answer_needs(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issue, "ATTEMPT_SECONDS", 0.0)
    assert shop.ask(csr_of("a")).json_body["provisioning"]["status"] == "pending"
    assert shop.stub.calls == []
    assert shop.provision() == 0
    shop.require_in_step()


def test_one_that_is_refused_keeps_no_other_device_waiting(shop: Shop) -> None:
    make_device(shop.sandbox, "dev-other")
    shop.stub.judge = lambda call: (503, "ServiceUnavailableException")
    shop.ask(csr_of("a"))
    shop.ask(csr_of("b"), device="dev-other")
    # The first that comes is refused once.
    refused = iter([(429, "ThrottlingException")])
    shop.stub.judge = lambda call: next(refused, None) if call == "CreateThing" else None
    assert shop.provision() == 1
    assert sorted([*shop.statuses(), *shop.statuses("dev-other")]) == ["active", "pending"]


def test_a_certificate_that_is_detached_with_delay_is_deleted_later(shop: Shop) -> None:
    """AWS says so by refusing to delete what it has not detached yet."""
    shop.stub.judge = lambda call: (
        (429, "ThrottlingException") if call == "UpdateCertificate" else None
    )
    shop.ask()
    conflict = iter([(409, "DeleteConflictException")])
    shop.stub.judge = lambda call: next(conflict, None) if call == "DeleteCertificate" else None
    assert shop.provision() == 1
    assert shop.provision() == 0
    assert shop.iot.certificates() == {}


def test_what_somebody_has_deleted_at_aws_is_not_looked_for_for_ever(shop: Shop) -> None:
    made = shop.made()["provisioning"]["certificateId"]
    [aws_id] = shop.iot.certificates()
    shop.stub.judge = lambda call: (429, "ThrottlingException")
    shop.revoke(made)
    shop.stub.judge = lambda call: None
    arn = shop.iot.describe(aws_id)["certificateArn"]
    shop.iot.client.update_certificate(certificateId=aws_id, newStatus="INACTIVE")
    shop.iot.client.detach_policy(policyName="devices", target=arn)
    shop.iot.client.detach_thing_principal(thingName=DEVICE, principal=arn)
    shop.iot.client.delete_certificate(certificateId=aws_id)
    assert shop.provision() == 0
    assert shop.statuses() == ["revoked"]


STEPS = ("mark_of", "create_certificate", "attach_policy", "attach_thing", "switch")


@pytest.mark.parametrize("step", STEPS)
def test_a_device_that_is_deleted_while_it_gets_a_certificate_loses_it(
    step: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(shop, monkeypatch, step, shop.delete)
    answer = shop.ask()
    assert answer.json_body["provisioningCredentials"] is None
    assert shop.provision() == 0
    assert (shop.iot.certificates(), shop.iot.things()) == ({}, [])
    shop.require_in_step()


@pytest.mark.parametrize("step", STEPS)
def test_a_certificate_that_is_revoked_while_it_is_made_does_not_stay(
    step: str, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def revoke() -> None:
        shop.revoke(shop.listed()[0]["certificateId"])

    meanwhile(shop, monkeypatch, step, revoke)
    answer = shop.ask(csr_of("a"))
    assert answer.json_body["provisioningCredentials"] is None
    assert shop.provision() == 0
    assert shop.iot.certificates() == {}
    shop.require_in_step()


def meanwhile(shop: Shop, patch: pytest.MonkeyPatch, step: str, work: Any) -> None:
    """Have *work* be done right after the first *step* at AWS."""
    genuine = getattr(gateway, step)

    def interrupted(*arguments: Any) -> Any:
        patch.setattr(gateway, step, genuine)
        answer = genuine(*arguments)
        work()
        return answer

    patch.setattr(gateway, step, interrupted)


@pytest.mark.postgresql
def test_nobody_else_is_at_a_device_while_a_request_is(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_made, may_go_on = Event(), Event()
    genuine = gateway.create_certificate

    def pausing(*arguments: Any) -> Any:
        made = genuine(*arguments)
        is_made.set()
        may_go_on.wait(20)
        return made

    monkeypatch.setattr(gateway, "create_certificate", pausing)
    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(shop.ask)
        assert is_made.wait(20)
        before = len(shop.stub.calls)
        assert provision_devices(None)["waiting"] == 1
        busy = shop.ask()
        assert (busy.status_code, busy.json_body["error"]["code"]) == (409, "CERTIFICATES_CHANGING")
        waits = shop.ask(csr_of("b")).json_body["provisioning"]["status"]
        assert (waits, len(shop.stub.calls)) == ("pending", before)
        may_go_on.set()
        assert asking.result(30).json_body["provisioningCredentials"]["privateKey"]
    # What was wanted meanwhile is due at once.
    assert provision_devices(None)["waiting"] == 0
    assert shop.statuses() == ["active", "active"]
    shop.require_in_step()


@pytest.mark.postgresql
def test_two_at_once_do_each_device_once(shop: Shop) -> None:
    shop.stub.judge = lambda call: (503, "ServiceUnavailableException")
    devices = [make_device(shop.sandbox, f"dev-{number}") for number in range(4)]
    for device in devices:
        shop.ask(csr_of(device), device=device)
    shop.stub.judge = lambda call: None
    shop.sandbox.rows("UPDATE iot_data.device_identity_work SET due_at = now()")
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda _: provision_devices(None), range(2)))
    assert shop.stub.calls.count("CreateCertificateFromCsr") == len(devices)
    shop.require_in_step()


def test_the_schedule_tells_how_many_wait(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.stub.judge = lambda call: (503, "ServiceUnavailableException")
    shop.ask(csr_of("a"))
    shop.sandbox.rows("UPDATE iot_data.device_identity_work SET asked_at = now() - interval '1 h'")
    capsys.readouterr()
    assert shop.provision() == 1
    assert '"DevicesWaiting":[1.0]' in capsys.readouterr().out
    assert LEASE.total_seconds() > TIME_LIMIT_SECONDS
