"""What a device is at AWS IoT Core, and what it should be. Standard library only."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html
_THING_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
# More than a device needs while its certificates change.
MAX_LIVE_CERTIFICATES = 5
MAX_CSR_BYTES = 4096
MAX_BATCH = 100


class State(StrEnum):
    """What is made of a certificate; all but the first may be wanted as well."""

    PENDING = "pending"
    ACTIVE = "active"
    # Switched off, as those of devices that were deleted.
    INACTIVE = "inactive"
    REVOKED = "revoked"
    # Taken back before anybody had it: there is none at AWS.
    UNDONE = "undone"


class ThingState(StrEnum):
    """Whether there is a thing; one that is being made may be there or not."""

    ABSENT = "absent"
    MAKING = "making"
    THERE = "there"


class CertificateStatus(StrEnum):
    """What people are shown."""

    PENDING = "pending"
    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"
    UNDONE = "undone"
    REFUSED = "refused"


class ProvisioningStatus(StrEnum):
    """Whether a device can connect with the certificate that was asked for."""

    READY = "ready"
    PENDING = "pending"
    REFUSED = "refused"
    UNDONE = "undone"
    REVOKED = "revoked"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True)
class Thing:
    """The thing of a device; one at AWS with another *mark* is somebody else's."""

    name: str
    mark: str


@dataclass(frozen=True)
class Certificate:
    """What stands here of a certificate."""

    certificate_id: str
    device_id: str
    public_key_sha256: str
    csr: str | None
    wanted: State
    state: State
    refusal: str | None
    aws_id: str | None
    arn: str | None
    pem: str | None
    expires_at: datetime | None
    created_at: datetime
    attempted_at: datetime | None
    switched_off_at: datetime | None

    @property
    def is_unfinished(self) -> bool:
        """Whether there is something to be done at AWS."""
        return self.state is not self.wanted

    @property
    def status(self) -> CertificateStatus:
        """How people are shown it."""
        if self.wanted is State.UNDONE:
            return CertificateStatus.REFUSED if self.refusal else CertificateStatus.UNDONE
        if self.wanted is State.ACTIVE:
            is_there = self.state is State.ACTIVE
            return CertificateStatus.ACTIVE if is_there else CertificateStatus.PENDING
        is_off = self.switched_off_at is not None or not self.is_unfinished
        return CertificateStatus.REVOKED if is_off else CertificateStatus.REVOKING


@dataclass(frozen=True)
class AtAws:
    """A certificate as AWS has it."""

    aws_id: str
    arn: str
    pem: str


def is_thing_name(device_id: str) -> bool:
    """Whether a thing can be called so; adopted devices have any id."""
    return _THING_NAME.fullmatch(device_id) is not None


def provisioning_status(certificate: Certificate, *, is_managed: bool) -> ProvisioningStatus:
    """Whether a device can connect with *certificate*."""
    status = certificate.status
    if status is CertificateStatus.PENDING and not is_managed:
        return ProvisioningStatus.UNMANAGED
    if status is CertificateStatus.ACTIVE:
        return ProvisioningStatus.READY
    if status is CertificateStatus.REVOKING:
        return ProvisioningStatus.REVOKED
    return ProvisioningStatus(status.value)
