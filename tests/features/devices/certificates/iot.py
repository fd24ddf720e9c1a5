"""IoT Core in moto's server, and what must hold between it and the database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.features.devices.certificates.keys import key_and_end_of
from tests.aws import Aws, moto_server
from tests.features.devices.certificates.stub import UnwillingIot
from tests.sandbox import Sandbox

POLICY = "devices"
_DOCUMENT = '{"Version": "2012-10-17", "Statement": []}'


@dataclass(frozen=True)
class Iot:
    """IoT Core, and what is in it."""

    client: Any

    def certificates(self) -> dict[str, str]:
        """The status of each certificate, by its id."""
        found = self.client.list_certificates(pageSize=250)["certificates"]
        return {one["certificateId"]: one["status"] for one in found}

    def attached(self, aws_id: str) -> tuple[list[str], list[str]]:
        """The policies and the things of a certificate."""
        arn = self.describe(aws_id)["certificateArn"]
        policies = self.client.list_attached_policies(target=arn)["policies"]
        things = self.client.list_principal_things(principal=arn)["things"]
        return [one["policyName"] for one in policies], things

    def describe(self, aws_id: str) -> dict[str, Any]:
        """A certificate."""
        found: dict[str, Any] = self.client.describe_certificate(certificateId=aws_id)[
            "certificateDescription"
        ]
        return found

    def things(self) -> list[str]:
        """The names of all things."""
        return sorted(one["thingName"] for one in self.client.list_things()["things"])

    def key_of(self, aws_id: str) -> str:
        """The fingerprint of a certificate's key."""
        return key_and_end_of(self.describe(aws_id)["certificatePem"])[0]


def make_policy(client: Any) -> None:
    """Make the policy that devices need."""
    client.create_policy(policyName=POLICY, policyDocument=_DOCUMENT)


@dataclass(frozen=True)
class Standing:
    """IoT Core that stands for many tests, what is before it, and how it is found."""

    iot: Iot
    stub: UnwillingIot
    aws: Aws

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that tell the application of it."""
        told = {"AWS_ENDPOINT_URL": self.stub.url, "DEVICE_IDENTITIES": "iot"}
        return {**self.aws.environment, **told, "IOT_POLICY_NAME": POLICY}

    def empty(self) -> None:
        """Have it be as new."""
        requests.post(f"{self.aws.endpoint}/moto-api/reset", timeout=10).raise_for_status()
        make_policy(self.iot.client)
        self.stub.judge = lambda call: None
        self.stub.calls.clear()


@contextmanager
def standing_iot() -> Iterator[Standing]:
    """IoT Core for as long as the context lasts."""
    with moto_server() as aws, UnwillingIot(aws.endpoint) as stub:
        yield Standing(Iot(aws.client("iot")), stub, aws)


@contextmanager
def configured_iot() -> Iterator[tuple[Iot, UnwillingIot]]:
    """IoT Core of which the application is told, and what stands before it."""
    with pytest.MonkeyPatch.context() as patch, standing_iot() as standing:
        standing.empty()
        for name, value in standing.environment.items():
            patch.setenv(name, value)
        yield standing.iot, standing.stub


@cache
def csr_of(name: str) -> str:
    """A request that a device of that *name* has signed; the same each time."""
    return make_csr(ec.generate_private_key(ec.SECP256R1()))


def make_csr(key: Any, algorithm: Any = None) -> str:
    """A request for *key*."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    algorithm = algorithm or hashes.SHA256()
    csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, algorithm)
    return csr.public_bytes(serialization.Encoding.PEM).decode()


def make_device(sandbox: Sandbox, device_id: str, organization_id: str = "org-789") -> str:
    """A device, in the database, of which IoT Core knows nothing."""
    sandbox.rows(
        "INSERT INTO iot_data.device_types "
        "(device_type_id, organization_id, name, reporting_interval_seconds) "
        "VALUES ('type-' || %(organization)s, %(organization)s, 'sensor', 60) "
        "ON CONFLICT DO NOTHING",
        {"organization": organization_id},
    )
    sandbox.rows(
        "INSERT INTO iot_data.devices (device_id, organization_id, device_type_id, name) "
        "VALUES (%s, %s, 'type-' || %s, 'Sensor') ON CONFLICT DO NOTHING",
        [device_id, organization_id, organization_id],
    )
    return device_id


def require_in_step(iot: Iot, sandbox: Sandbox) -> None:
    """Assert that nothing is at AWS that is not ours, and that nobody gets in unseen."""
    rows = sandbox.rows(
        "SELECT aws_certificate_id, state, wanted, device_id, lifecycle = 'deleted' "
        "FROM iot_data.device_certificates JOIN iot_data.devices USING (device_id)"
    )
    at_aws = iot.certificates()
    assert sandbox.value("SELECT count(*) FROM iot_data.device_identity_work") == 0
    assert [row for row in rows if row[1] != row[2]] == []
    there = {row[0] for row in rows if row[1] != "undone"}
    assert set(at_aws) == there, "orphaned, or lost"
    for aws_id, state, _, device_id, is_deleted in rows:
        if state == "undone":
            continue
        assert at_aws[aws_id] == state.upper()
        assert iot.attached(aws_id) == (([POLICY], [device_id]) if state == "active" else ([], []))
        assert not (is_deleted and state == "active")
    things = sandbox.rows("SELECT device_id FROM iot_data.device_things WHERE state = 'there'")
    assert set(iot.things()) >= {name for (name,) in things}
    gone = sandbox.rows(
        "SELECT device_id FROM iot_data.devices "
        "WHERE lifecycle = 'deleted' AND device_id = ANY(%s)",
        [iot.things()],
    )
    assert gone == []
