"""Fixtures: an organization with a device, and IoT Core."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.features.devices.certificates import gateway
from chalicelib.features.devices.certificates.invocations import provision_devices
from tests.features.devices.certificates.iot import (
    Iot,
    Standing,
    csr_of,
    make_device,
    require_in_step,
    standing_iot,
)
from tests.features.devices.certificates.stub import UnwillingIot
from tests.people import Caller, People
from tests.sandbox import Sandbox

DEVICE = "dev-abc123"


@dataclass(frozen=True)
class Shop:
    """An operator with a device, and IoT Core."""

    operator: Caller
    admin: Caller
    people: People
    iot: Iot
    stub: UnwillingIot

    @property
    def sandbox(self) -> Sandbox:
        """The database."""
        return self.people.sandbox

    def ask(self, csr: str | None = None, device: str = DEVICE, **others: Any) -> HTTPResponse:
        """Ask for a certificate."""
        headers = {name: others.pop(name) for name in ("Idempotency_Key",) if name in others}
        body = {**({} if csr is None else {"csr": csr}), **others}
        return self.operator.ask("POST", f"/devices/{device}/certificates", body, **headers)

    def made(self, name: str = "a", **others: Any) -> dict[str, Any]:
        """A certificate from the request of *name*, in use."""
        answer = self.ask(csr_of(name), **others)
        assert answer.json_body["provisioning"]["status"] == "ready", answer.json_body
        made: dict[str, Any] = answer.json_body
        return made

    def revoke(self, certificate_id: str, device: str = DEVICE) -> HTTPResponse:
        """Revoke a certificate."""
        path = f"/devices/{device}/certificates/{certificate_id}/revoke"
        return self.operator.ask("POST", path)

    def delete(self, device: str = DEVICE) -> None:
        """Delete the device."""
        assert self.admin.ask("DELETE", f"/devices/{device}").status_code == 200

    def made_elsewhere(self, name: str) -> str:
        """A certificate of which nothing stands in the database; returns its id at AWS."""
        made: str = gateway.create_certificate(csr_of(name)).aws_id
        return made

    def listed(self, device: str = DEVICE) -> list[dict[str, Any]]:
        """The certificates of the device, as the API shows them."""
        answer = self.operator.get(f"/devices/{device}/certificates")
        found: list[dict[str, Any]] = answer.json_body["certificates"]
        return found

    def statuses(self, device: str = DEVICE) -> list[str]:
        """The same, only how they are."""
        return [one["status"] for one in self.listed(device)]

    def provision(self) -> int:
        """All that waits is tried now; returns how much waits then."""
        self.sandbox.rows("UPDATE iot_data.device_identity_work SET due_at = now()")
        left: int = provision_devices(None)["waiting"]
        return left

    def require_in_step(self) -> None:
        """Assert that IoT Core and the database agree."""
        require_in_step(self.iot, self.sandbox)


@pytest.fixture(scope="module")
def standing() -> Iterator[Standing]:
    """IoT Core, for all tests of a module: to start it takes longer than most of them."""
    with standing_iot() as standing:
        yield standing


@pytest.fixture
def shop(people: People, standing: Standing, monkeypatch: pytest.MonkeyPatch) -> Shop:
    standing.empty()
    for name, value in standing.environment.items():
        monkeypatch.setenv(name, value)
    people.organization()
    operator, admin = people.user("ops", role="operator"), people.user("boss", role="admin")
    make_device(people.sandbox, DEVICE)
    return Shop(operator, admin, people, standing.iot, standing.stub)
