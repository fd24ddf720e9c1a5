"""What the suite over all features cannot read from the declarations of certificates."""

from collections.abc import Iterator

from chalicelib.features.devices.certificates.invocations import provision_devices
from tests.features.devices.certificates.iot import configured_iot, csr_of, make_device
from tests.isolation.probes import Probe, Probes
from tests.roles.doing import invocation, request
from tests.sandbox import Sandbox

_DUE = "UPDATE iot_data.device_identity_work SET due_at = now()"


def everything(sandbox: Sandbox) -> Iterator[str]:
    """Certificates that are made, by a request and later, seen and revoked; a device that goes."""
    sandbox.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('of-certificates', 'O')"
    )
    device_id = make_device(sandbox, "dev-certified", "of-certificates")
    path = f"/devices/{device_id}/certificates"
    with configured_iot() as (_, stub):
        yield from request("POST", path, {"csr": csr_of("use 1")})
        stub.judge = lambda call: (503, "ServiceUnavailableException")
        yield from request("POST", path, {"csr": csr_of("use 2"), "revokeOthers": True})
        stub.judge = lambda call: None
        rows = [{"deviceId": device_id, "csr": csr_of("use 3")}]
        yield from request("POST", "/device-certificates", {"certificates": rows})
        yield from request("GET", path)
        for _ in range(2):
            sandbox.rows(_DUE)
            yield from invocation(lambda: provision_devices(None))
        made = sandbox.value(
            "SELECT certificate_id FROM iot_data.device_certificates WHERE state = 'active' LIMIT 1"
        )
        yield from request("POST", f"{path}/{made}/revoke")
        yield from invocation(lambda: provision_devices(None))


def _make(sandbox: Sandbox, organization_id: str) -> str:
    return make_device(sandbox, f"dev-{organization_id}", organization_id)


def _make_certificate(sandbox: Sandbox, organization_id: str) -> str:
    """One of a device that both have: that of whoever asks, else that of the other."""
    certificate_id = f"cert-{organization_id.replace('-', '')}"
    device_id = _make(sandbox, organization_id)
    sandbox.rows(
        "INSERT INTO iot_data.device_certificates (certificate_id, device_id, organization_id, "
        "public_key_sha256, state, aws_certificate_id, arn, pem, expires_at) "
        "VALUES (%(id)s, %(device)s, %(organization)s, %(id)s, 'active', %(id)s, 'arn', 'pem', "
        "now()) ON CONFLICT DO NOTHING",
        {"id": certificate_id, "device": device_id, "organization": organization_id},
    )
    return certificate_id


def _make_with_certificate(sandbox: Sandbox, organization_id: str) -> str:
    _make_certificate(sandbox, organization_id)
    return f"dev-{organization_id}"


_MISSING = "dev-org-missing"
_PATH = "/devices/{id}/certificates"
PROBES = {
    "list_certificates": Probes((Probe("device_id", _PATH, _make, _MISSING),)),
    "create_certificate": Probes(
        (Probe("device_id", _PATH, _make, _MISSING, {"csr": csr_of("probe")}),)
    ),
    "revoke_certificate": Probes(
        (
            Probe(
                "device_id",
                "/devices/{id}/certificates/cert-orgown/revoke",
                _make_with_certificate,
                _MISSING,
            ),
            Probe(
                "certificate_id",
                "/devices/dev-org-own/certificates/{id}/revoke",
                _make_certificate,
                "cert-orgmissing",
            ),
        )
    ),
    "create_certificates": Probes(
        why_none="each row of the body names a device of its own: see test_fleet.py"
    ),
}
