"""Bringing a certificate into use, step by step; whoever is killed between two is taken over.

Each step is written down before the next one, so that nothing at AWS is out of sight: that there
may be a certificate before it is made, and which one it is before anybody gets in with it.
"""

from chalicelib.features.devices.certificates import gateway, store
from chalicelib.features.devices.certificates.context import Context
from chalicelib.features.devices.certificates.errors import (
    IdentityRefusedError,
    IdentityServiceError,
)
from chalicelib.features.devices.certificates.model import (
    AtAws,
    Certificate,
    Thing,
    ThingState,
    is_thing_name,
)

_UNWANTED = "it is not wanted any more"


def make(context: Context, certificate: Certificate, csr: str) -> None:
    """Have AWS make the certificate, and let the device in with it.

    Raises `IdentityServiceError` where that is to be tried again, and `IdentityRefusedError` where
    it is to be undone.
    """
    thing = ensure_thing(context, certificate.device_id)
    made = _known(certificate) or _made(context, certificate, csr)
    context.require_time()
    gateway.attach_policy(context.policy, made.arn)
    context.require_time()
    gateway.attach_thing(thing.name, made.arn)
    context.require_time()
    gateway.switch(made.aws_id, "ACTIVE")


def ensure_thing(context: Context, device_id: str) -> Thing:
    """The thing of the device; raises `IdentityRefusedError` where somebody else has the name."""
    with context.transaction() as connection:
        thing = store.find_thing(connection, device_id)
    if not is_thing_name(thing.name):
        raise IdentityRefusedError("no thing can be called like the device")
    context.require_time()
    mark = gateway.mark_of(thing.name)
    if mark is None and _create(context, thing):
        mark = thing.mark
    if mark != thing.mark:
        raise IdentityRefusedError("IoT Core has another thing that is called like the device")
    with context.transaction() as connection:
        store.note_thing(connection, device_id, ThingState.THERE)
    return thing


def _create(context: Context, thing: Thing) -> bool:
    with context.transaction() as connection:
        store.note_thing(connection, thing.name, ThingState.MAKING)
    context.require_time()
    return gateway.create_thing(thing)


def _known(certificate: Certificate) -> AtAws | None:
    if certificate.aws_id is None:
        return None
    return AtAws(certificate.aws_id, str(certificate.arn), str(certificate.pem))


def _made(context: Context, certificate: Certificate, csr: str) -> AtAws:
    context.require_time()
    with context.transaction() as connection:
        if not store.note_attempt(connection, certificate.certificate_id):
            raise IdentityServiceError(_UNWANTED)
    made = gateway.create_certificate(csr)
    with context.transaction() as connection:
        store.note_made(connection, certificate.certificate_id, made)
    return made
