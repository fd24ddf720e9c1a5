"""The bodies of certificates."""

from typing import Annotated

from chalicelib.bodies import END, UNSET, Body, Instant, Meta, Text, UnsetType
from chalicelib.features.devices.certificates.model import (
    MAX_BATCH,
    CertificateStatus,
    ProvisioningStatus,
)
from chalicelib.features.devices.fields import DeviceId

CertificateId = Annotated[
    str,
    Meta(
        pattern=rf"^cert-[0-9a-z]{{1,40}}{END}",
        description="The certificate.",
        examples=["cert-4f1c09a2b7d35e60c8aa"],
    ),
]
Csr = Annotated[
    Text,
    Meta(
        description="A certificate signing request in PEM, of at most 4096 bytes, for a key that "
        "the device has made and keeps: RSA of 2048 bits or more, or one of the curve P-256 or "
        "P-384.",
        examples=["-----BEGIN CERTIFICATE REQUEST-----\nMIIB…"],
    ),
]
_Arn = Annotated[str, Meta(description="The certificate's ARN at AWS.")]
_Pem = Annotated[str, Meta(description="The certificate.")]
_Status = Annotated[
    CertificateStatus,
    Meta(
        description="`pending`: it is being made. `active`: the device gets in with it. "
        "`revoking`: it is being switched off. `revoked`: nobody gets in with it. `undone`: it "
        "was taken back before it came into use. `refused`: AWS does not make it."
    ),
]
_CreatedAt = Annotated[Instant, Meta(description="When it was asked for.")]
_ExpiresAt = Annotated[Instant | None, Meta(description="Until when it is valid.")]


class Provisioning(Body, rename="camel"):
    """How far a device is with the certificate that was asked for."""

    status: Annotated[
        ProvisioningStatus,
        Meta(
            description="`ready`: the device can connect. `pending`: AWS has still to be told. "
            "`refused`: AWS does not make the certificate. `undone`: it was taken back. `revoked`: "
            "it was revoked since. `unmanaged`: this deployment makes no certificates."
        ),
    ]
    certificate_id: Annotated[
        CertificateId | None, Meta(description="The certificate; null where none is made.")
    ]
    reason: Annotated[str | None, Meta(description="What there is to know, or to do.")]


class ProvisioningCredentials(Body, rename="camel"):
    """What a device needs to connect."""

    certificate_arn: _Arn
    certificate_pem: _Pem
    private_key: Annotated[
        str | None,
        Meta(
            description="The private key, where it was made here: shown in this answer, and in no "
            "other. It is kept nowhere."
        ),
    ]
    endpoint: Annotated[str | None, Meta(description="Where the device connects.")]


class NewCertificate(Body, rename="camel"):
    """A certificate that is to be."""

    csr: Csr | UnsetType = UNSET
    revoke_others: Annotated[
        bool,
        Meta(
            description="Whether the device's other certificates are revoked as soon as the new "
            "one is in use. Otherwise they stay."
        ),
    ] = False


class IssuedCertificate(Body, rename="camel"):
    """A certificate that was asked for."""

    device_id: DeviceId
    provisioning: Provisioning
    provisioning_credentials: ProvisioningCredentials | None


class DeviceCertificate(Body, rename="camel"):
    """A certificate of a device."""

    certificate_id: CertificateId
    status: _Status
    reason: Annotated[str | None, Meta(description="Why AWS does not make it.")]
    certificate_arn: Annotated[
        str | None, Meta(description="The certificate's ARN at AWS; null until there is one.")
    ]
    pem: Annotated[str | None, Meta(description="The certificate; null until there is one.")]
    public_key_sha256: Annotated[
        str, Meta(description="The SHA-256 of its public key, as SubjectPublicKeyInfo.")
    ]
    created_at: _CreatedAt
    expires_at: _ExpiresAt


class DeviceCertificates(Body, rename="camel"):
    """The certificates of a device, the newest first."""

    certificates: list[DeviceCertificate]


class FleetCertificate(Body, rename="camel"):
    """A certificate that is to be, of one of many devices."""

    device_id: DeviceId
    csr: Csr


class FleetCertificates(Body, rename="camel"):
    """Certificates that are to be."""

    certificates: Annotated[list[FleetCertificate], Meta(min_length=1, max_length=MAX_BATCH)]


class RowError(Body, rename="camel"):
    """Why there will be no such certificate."""

    code: Annotated[str, Meta(description="What it is, for programs.")]
    message: Annotated[str, Meta(description="What it is, for people.")]


class FleetRow(Body, rename="camel"):
    """What becomes of one of them."""

    device_id: DeviceId
    certificate_id: Annotated[
        CertificateId | None, Meta(description="The certificate; null where none is made.")
    ]
    error: RowError | None


class FleetAnswer(Body, rename="camel"):
    """What becomes of each, in the order of the request."""

    certificates: list[FleetRow]
