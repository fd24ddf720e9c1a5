"""Whoever is killed between two steps leaves a device that is completed, or undone, by the next."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.features.devices.certificates import gateway, keys, store
from chalicelib.features.devices.certificates.invocations import provision_devices
from chalicelib.features.devices.certificates.undoing import gateway as undoing
from tests.features.devices.certificates.conftest import DEVICE, Shop
from tests.features.devices.certificates.iot import csr_of

# In the order in which they are taken.
MAKING: list[tuple[Any, str]] = [
    (gateway, "mark_of"),
    (gateway, "create_thing"),
    (store, "note_thing"),
    (store, "note_attempt"),
    (gateway, "create_certificate"),
    (gateway, "attach_policy"),
    (gateway, "attach_thing"),
    (gateway, "switch"),
    (store, "note_active"),
    (store, "settle"),
]
SWITCHING_OFF: list[tuple[Any, str]] = [
    (undoing, "switch_off"),
    (store, "note_switched_off"),
    (undoing, "detach"),
    (store, "settle"),
]
FORGETTING: list[tuple[Any, str]] = [*SWITCHING_OFF, (undoing, "delete_thing")]
UNDOING: list[tuple[Any, str]] = [
    (undoing, "switch_off"),
    (undoing, "detach"),
    (undoing, "delete_certificate"),
    (store, "settle"),
]


class Killed(BaseException):
    """The process ends here: nobody catches it."""


def each(steps: list[tuple[Any, str]]) -> pytest.MarkDecorator:
    """After each step: one of the store is undone with its transaction, as if it had not begun."""
    return pytest.mark.parametrize(("module", "name"), steps, ids=[name for _, name in steps])


@pytest.fixture
def killing(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Does something in a process that is killed after a step."""
    # It is not the strength of the key that is tested.
    monkeypatch.setattr(keys, "_KEY_BITS", 1024)

    def kill(work: Callable[[], object], module: Any, name: str) -> None:
        genuine = getattr(module, name)

        def killed(*arguments: Any, **named: Any) -> Any:
            genuine(*arguments, **named)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(module, name, killed)
            with pytest.raises(Killed):
                work()

    return kill


@each(MAKING)
def test_a_request_with_a_csr_is_completed_by_the_schedule(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    killing(lambda: shop.ask(csr_of("a")), module, name)
    # It is left alone for as long as whoever was at it may still be.
    assert provision_devices(None)["waiting"] == 1
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]
    shop.require_in_step()


@each(MAKING)
def test_a_key_that_was_made_for_nobody_is_undone(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    killing(lambda: shop.ask(Idempotency_Key="k"), module, name)
    assert shop.provision() == 0
    assert shop.statuses() == ["undone"]
    assert (shop.iot.certificates(), shop.iot.things()) == ({}, [DEVICE])
    again = shop.ask(Idempotency_Key="k").json_body
    assert again["provisioning"]["status"] == "undone"
    assert again["provisioningCredentials"] is None
    assert shop.ask().json_body["provisioningCredentials"]["privateKey"]
    shop.require_in_step()


@each(MAKING)
def test_the_schedule_goes_on_where_it_was_killed(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    shop.stub.judge = lambda call: (503, "ServiceUnavailableException")
    shop.ask(csr_of("a"))
    shop.stub.judge = lambda call: None
    killing(shop.provision, module, name)
    assert shop.provision() == 0
    assert shop.statuses() == ["active"]
    shop.require_in_step()


@each(SWITCHING_OFF)
def test_what_is_revoked_is_switched_off_in_the_end(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    made = shop.made()["provisioning"]["certificateId"]
    shop.stub.judge = lambda call: (429, "ThrottlingException")
    assert shop.revoke(made).json_body["status"] == "revoking"
    shop.stub.judge = lambda call: None
    killing(shop.provision, module, name)
    assert shop.provision() == 0
    assert shop.statuses() == ["revoked"]
    shop.require_in_step()


@each(FORGETTING)
def test_a_device_that_is_deleted_leaves_nothing_that_lets_anybody_in(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    shop.made("a")
    shop.made("b")
    shop.delete()
    killing(shop.provision, module, name)
    assert shop.provision() == 0
    assert set(shop.iot.certificates().values()) == {"INACTIVE"}
    assert shop.iot.things() == []
    shop.require_in_step()


@each(UNDOING)
def test_what_is_undone_is_undone_once(
    module: Any, name: str, shop: Shop, killing: Callable[..., None]
) -> None:
    """It had been made, and the process that had its key was killed."""
    killing(shop.ask, gateway, "switch")
    killing(shop.provision, module, name)
    assert shop.provision() == 0
    assert shop.iot.certificates() == {}
    shop.require_in_step()


def test_a_certificate_that_was_made_unseen_is_found_among_others(
    shop: Shop, killing: Callable[..., None]
) -> None:
    """More of them than a page holds, which are somebody else's."""
    killing(lambda: shop.ask(csr_of("a")), gateway, "create_certificate")
    [lost] = shop.iot.certificates()
    others = {shop.made_elsewhere(f"other {number}") for number in range(7)}
    assert shop.provision() == 0
    assert set(shop.iot.certificates()) == {lost, *others}
    assert shop.iot.certificates()[lost] == "ACTIVE"
    assert {shop.iot.certificates()[other] for other in others} == {"INACTIVE"}
    assert shop.listed()[0]["certificateArn"].endswith(lost)


def test_of_two_that_were_made_unseen_one_stays(shop: Shop, killing: Callable[..., None]) -> None:
    killing(lambda: shop.ask(csr_of("a")), gateway, "create_certificate")
    shop.made_elsewhere("a")
    assert len(shop.iot.certificates()) == 2
    assert shop.provision() == 0
    assert list(shop.iot.certificates().values()) == ["ACTIVE"]
    shop.require_in_step()
