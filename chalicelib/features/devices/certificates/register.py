"""The certificate of a device that is being registered: wanted with it, made after the commit."""

from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection

from chalicelib.audit import Actor
from chalicelib.features.devices.certificates import issue
from chalicelib.features.devices.certificates.bodies import Provisioning
from chalicelib.features.devices.certificates.model import (
    Certificate,
    ProvisioningStatus,
    is_thing_name,
)
from chalicelib.features.devices.certificates.store import Owned
from chalicelib.features.devices.certificates.want import Wish, want
from chalicelib.http import Answer

T = TypeVar("T", bound=msgspec.Struct)


def want_for_new(
    connection: Connection, actor: Actor, device: Owned, wish: Wish | None
) -> Provisioning:
    """Have the new device get the certificate of *wish*, in the transaction that registers it."""
    if wish is None:
        sentence = "this deployment makes no certificates"
        return _without_certificate(ProvisioningStatus.UNMANAGED, sentence)
    if not is_thing_name(device.device_id):
        sentence = "no thing can be called like the device, which so gets no certificate"
        return _without_certificate(ProvisioningStatus.REFUSED, sentence)
    return issue.provisioning_of(want(connection, actor, device, wish))


def completed(answer: Answer[T], kind: type[T], wish: Wish | None) -> Answer[T]:
    """*answer* with what has become of the certificate by now, for which a first attempt is made.

    *kind* has `provisioning` and `provisioning_credentials`. The private key is put in here, after
    the answer was kept for whoever sends the request again: they get all but the key.
    """
    body: Any = answer.body
    if isinstance(body, msgspec.Raw):
        body = msgspec.json.decode(body, type=kind)
    certificate_id = body.provisioning.certificate_id
    if certificate_id is None:
        return answer
    private_key = None
    if wish is not None and certificate_id == wish.certificate_id:
        issue.attempt(certificate_id, wish)
        private_key = wish.key.private_key
    certificate: Certificate = issue.find(certificate_id)
    changed = msgspec.structs.replace(
        body,
        provisioning=issue.provisioning_of(certificate, private_key),
        provisioning_credentials=issue.credentials_of(certificate, private_key),
    )
    return Answer(changed, answer.status, answer.headers)


def _without_certificate(status: ProvisioningStatus, reason: str) -> Provisioning:
    return Provisioning(status=status, certificate_id=None, reason=reason)
