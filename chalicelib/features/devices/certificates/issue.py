"""A request's own attempt to have IoT Core make, or switch off, a certificate.

It comes right after the commit that wants it, takes some seconds at most, and leaves to the
schedule whatever it does not get done.
"""

import logging
from functools import cache
from uuid import UUID

from chalicelib import database, due
from chalicelib.database import Deadline
from chalicelib.due import Claimed
from chalicelib.features.devices.certificates import gateway, store
from chalicelib.features.devices.certificates.bodies import (
    Provisioning,
    ProvisioningCredentials,
)
from chalicelib.features.devices.certificates.context import Context
from chalicelib.features.devices.certificates.errors import (
    IdentityRefusedError,
    IdentityServiceError,
    NoIdentitiesError,
)
from chalicelib.features.devices.certificates.feature import (
    DEVICE_IDENTITIES,
    IOT_ENDPOINT,
    IOT_POLICY_NAME,
)
from chalicelib.features.devices.certificates.keys import make_key, read_csr
from chalicelib.features.devices.certificates.make import make
from chalicelib.features.devices.certificates.model import (
    Certificate,
    CertificateStatus,
    ProvisioningStatus,
    State,
    provisioning_status,
)
from chalicelib.features.devices.certificates.tables import device_identity_work
from chalicelib.features.devices.certificates.want import Wish
from chalicelib.settings import database_from_environment

logger = logging.getLogger(__name__)

# Of a request, which is answered within 29 seconds; the last call may take some more.
ATTEMPT_SECONDS = 10.0


def is_managed() -> bool:
    """Whether this deployment makes certificates.

    Raises `InvalidSettingError` where it should, and nobody has said what devices may do.
    """
    return DEVICE_IDENTITIES.value() == "iot" and bool(IOT_POLICY_NAME.value())


def wish_for(csr: str | None) -> Wish | None:
    """What a request that brings *csr* wants; None where it is not possible without one.

    The key is made before the transaction, which it would hold up.
    """
    if csr is not None:
        key = read_csr(csr)
    elif is_managed():
        key = make_key()
    else:
        return None
    return Wish(key) if is_managed() else Wish(key, claim_id=None)


def require_wish(csr: str | None) -> Wish:
    """The same; raises `NoIdentitiesError` where it is not possible."""
    wish = wish_for(csr)
    if wish is None:
        raise no_identities()
    return wish


def no_identities() -> NoIdentitiesError:
    """What is said where nobody makes certificates."""
    return NoIdentitiesError("this deployment makes no certificates: DEVICE_IDENTITIES is none")


def attempt(certificate_id: str, wish: Wish) -> None:
    """Have the certificate of *wish*, which is committed, made now, if that can be."""
    if wish.claim_id is None:
        return
    context = _context()
    with context.transaction() as connection:
        certificate = store.find_certificate(connection, certificate_id)
        if not store.is_claimed(connection, certificate.device_id, wish.claim_id):
            return
    claimed = Claimed({"device_id": certificate.device_id}, wish.claim_id, 1, {})
    try:
        make(context, certificate, wish.key.csr)
    except IdentityServiceError as error:
        _leave(context, certificate, claimed, error.message)
    except IdentityRefusedError as error:
        with context.transaction() as connection:
            store.give_up(connection, certificate_id, error.message)
            store.settle(connection, certificate.device_id, wish.claim_id)
    else:
        with context.transaction() as connection:
            store.note_active(connection, certificate_id)
            store.settle(connection, certificate.device_id, wish.claim_id)


def switch_off(certificate_id: str, claim_id: UUID) -> None:
    """Have nobody get in with the certificate, whose revocation is committed, from now on.

    What else there is to do is left to the schedule.
    """
    context = _context()
    with context.transaction() as connection:
        certificate = store.find_certificate(connection, certificate_id)
        if not store.is_claimed(connection, certificate.device_id, claim_id):
            return
    claimed = Claimed({"device_id": certificate.device_id}, claim_id, 1, {})
    try:
        # One that never came into use is deleted, by the schedule.
        if certificate.wanted is State.REVOKED:
            gateway.switch(str(certificate.aws_id), "REVOKED")
    except IdentityServiceError as error:
        _leave(context, certificate, claimed, error.message)
        return
    with context.transaction() as connection:
        if certificate.wanted is State.REVOKED:
            store.note_switched_off(connection, certificate_id)
        store.settle(connection, certificate.device_id, claim_id)


def provisioning_of(certificate: Certificate, private_key: str | None = None) -> Provisioning:
    """How far things are with *certificate*; the caller is given *private_key*, if any."""
    status = provisioning_status(certificate, is_managed=is_managed())
    return Provisioning(
        status=status,
        certificate_id=certificate.certificate_id,
        reason=_reason(certificate, status, private_key),
    )


def credentials_of(
    certificate: Certificate, private_key: str | None = None
) -> ProvisioningCredentials | None:
    """What the device needs to connect, where it can."""
    if certificate.status is not CertificateStatus.ACTIVE:
        return None
    return ProvisioningCredentials(
        certificate_arn=str(certificate.arn),
        certificate_pem=str(certificate.pem),
        private_key=private_key,
        endpoint=_endpoint(),
    )


def find(certificate_id: str) -> Certificate:
    """What stands of the certificate by now."""
    with _context().transaction() as connection:
        return store.find_certificate(connection, certificate_id)


def _reason(
    certificate: Certificate, status: ProvisioningStatus, private_key: str | None
) -> str | None:
    again = f"make another certificate by POST /devices/{certificate.device_id}/certificates"
    if status is ProvisioningStatus.READY and certificate.csr is None and private_key is None:
        return f"the private key was in the first answer only: {again} if it is lost"
    if status is ProvisioningStatus.PENDING and certificate.csr is None:
        return "IoT Core is being asked"
    if status is ProvisioningStatus.PENDING:
        return f"see GET /devices/{certificate.device_id}/certificates in a minute"
    if status is ProvisioningStatus.UNDONE:
        return f"IoT Core did not answer in time, and nobody has the key: {again}"
    return certificate.refusal


def _leave(context: Context, certificate: Certificate, claimed: Claimed, reason: str) -> None:
    """Leave it to the schedule, which undoes what nobody will have the key of.

    Not at once: IoT Core may still be at what it has not answered.
    """
    facts = {"device_id": certificate.device_id, "attempt": 1, "reasons": [reason]}
    logger.warning("device_not_provisioned", extra=facts)
    with context.transaction() as connection:
        if certificate.csr is None and certificate.state is State.PENDING:
            store.give_up(connection, certificate.certificate_id)
        due.postpone(connection, device_identity_work, claimed, reason)


def _context() -> Context:
    engine = database.engine_for(database_from_environment())
    policy = IOT_POLICY_NAME.value() if is_managed() else ""
    return Context(engine, Deadline.after(ATTEMPT_SECONDS), policy)


def _endpoint() -> str | None:
    if configured := IOT_ENDPOINT.value_if_set():
        return configured
    try:
        return _endpoint_of_account()
    except IdentityServiceError as error:
        logger.warning("iot_endpoint_unknown", extra={"reason": error.message})
        return None


@cache
def _endpoint_of_account() -> str:
    """The same for as long as the account is: it is asked for once."""
    return gateway.endpoint()
