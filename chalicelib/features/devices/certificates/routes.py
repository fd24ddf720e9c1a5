"""The HTTP side of certificates."""

from uuid import uuid4

from sqlalchemy import Connection

from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.errors import KeyReusedError
from chalicelib.features.devices.certificates import fleet, issue, store
from chalicelib.features.devices.certificates.bodies import (
    CertificateId,
    DeviceCertificate,
    DeviceCertificates,
    FleetAnswer,
    FleetCertificates,
    IssuedCertificate,
    NewCertificate,
)
from chalicelib.features.devices.certificates.errors import (
    IdentityBusyError,
    KeyInUseError,
    NoIdentitiesError,
    NoThingNameError,
    TooManyCertificatesError,
    UnknownCertificateError,
)
from chalicelib.features.devices.certificates.model import Certificate
from chalicelib.features.devices.certificates.register import completed
from chalicelib.features.devices.certificates.want import require_device, revoke, want
from chalicelib.features.devices.errors import UnknownDeviceError
from chalicelib.features.devices.feature import FEATURE
from chalicelib.features.devices.fields import DeviceId
from chalicelib.http import (
    IDEMPOTENCY_KEY,
    Answer,
    Asked,
    Nothing,
    Routes,
    reading_for,
    seen_by_caller,
    writing_for,
)

routes = Routes(__name__, FEATURE)

_CSR = "-----BEGIN CERTIFICATE REQUEST-----\n…\n-----END CERTIFICATE REQUEST-----\n"


@routes.get(
    "/devices/{device_id}/certificates",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=DeviceCertificates,
    refuses=(UnknownDeviceError,),
)
def list_certificates(asked: Asked[Nothing, None], device_id: DeviceId) -> DeviceCertificates:
    """Which certificates does the device have, and which did it have? The newest comes first."""
    with reading_for(asked) as connection:
        if store.find_device(connection, device_id, seen_by_caller(asked)) is None:
            raise UnknownDeviceError(device_id)
        found = store.list_certificates(connection, device_id)
    return DeviceCertificates(certificates=[_shown(each) for each in found])


@routes.post(
    "/devices/{device_id}/certificates",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    body=NewCertificate,
    answers={201: IssuedCertificate},
    refuses=(
        UnknownDeviceError,
        KeyInUseError,
        TooManyCertificatesError,
        IdentityBusyError,
        NoIdentitiesError,
        NoThingNameError,
        KeyReusedError,
    ),
    takes=(IDEMPOTENCY_KEY,),
    examples={"rotate": {"csr": _CSR}, "key made here": {"revokeOthers": True}},
)
def create_certificate(
    asked: Asked[Nothing, NewCertificate], device_id: DeviceId
) -> Answer[IssuedCertificate]:
    """Give the device another certificate, beside those that it has.

    With a `csr` the private key stays where it is: on the device. Without one a key is made, shown
    in this answer and kept nowhere; a request that is sent again gets the same answer without it.
    """
    csr = None if asked.body.csr is UNSET else asked.body.csr
    wish = issue.require_wish(csr)

    def work(connection: Connection) -> Answer[IssuedCertificate]:
        device = require_device(connection, device_id, seen_by_caller(asked))
        revokes_others = asked.body.revoke_others
        wanted = want(connection, asked.actor, device, wish, revokes_others=revokes_others)
        issued = IssuedCertificate(
            device_id=device_id,
            provisioning=issue.provisioning_of(wanted),
            provisioning_credentials=None,
        )
        return Answer(issued, 201)

    return completed(writing_for(asked, work), IssuedCertificate, wish)


@routes.post(
    "/devices/{device_id}/certificates/{certificate_id}/revoke",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    answers=DeviceCertificate,
    refuses=(UnknownDeviceError, UnknownCertificateError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
)
def revoke_certificate(
    asked: Asked[Nothing, None], device_id: DeviceId, certificate_id: CertificateId
) -> Answer[DeviceCertificate]:
    """Have nobody get in with the certificate any more; its key gets no other one.

    `revoking` in the answer says that IoT Core has still to be told, which is tried again until it
    is done.
    """
    claim_id = uuid4() if issue.is_managed() else None

    def work(connection: Connection) -> DeviceCertificate:
        device = require_device(connection, device_id, seen_by_caller(asked))
        return _shown(revoke(connection, asked.actor, device, certificate_id, claim_id))

    answer = writing_for(asked, work)
    if claim_id is not None:
        issue.switch_off(certificate_id, claim_id)
    return Answer(_shown(issue.find(certificate_id)), answer.status, answer.headers)


@routes.post(
    "/device-certificates",
    least=Role.OPERATOR,
    scope=Scope.ORGANIZATION,
    body=FleetCertificates,
    answers=FleetAnswer,
    refuses=(NoIdentitiesError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
    examples={"two": {"certificates": [{"deviceId": "dev-abc123", "csr": _CSR}]}},
)
def create_certificates(asked: Asked[Nothing, FleetCertificates]) -> Answer[FleetAnswer]:
    """Give many devices a certificate each, from what they have signed.

    Each row is answered by itself. The certificates are made within minutes: `GET
    /devices/{device_id}/certificates` has them then.
    """
    fleet.require_managed()
    rows = asked.body.certificates
    read = fleet.read_all(rows)

    def work(connection: Connection) -> FleetAnswer:
        organization = seen_by_caller(asked)
        done = fleet.want_all(connection, asked.actor, organization, rows, read)
        return FleetAnswer(certificates=done)

    return writing_for(asked, work)


def _shown(certificate: Certificate) -> DeviceCertificate:
    return DeviceCertificate(
        certificate_id=certificate.certificate_id,
        status=certificate.status,
        reason=certificate.refusal,
        certificate_arn=certificate.arn,
        pem=certificate.pem,
        public_key_sha256=certificate.public_key_sha256,
        created_at=certificate.created_at,
        expires_at=certificate.expires_at,
    )
