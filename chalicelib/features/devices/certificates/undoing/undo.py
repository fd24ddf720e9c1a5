"""Taking back what a device has at AWS; whoever is killed on the way is taken over."""

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.features.devices.certificates import gateway as iot
from chalicelib.features.devices.certificates import store
from chalicelib.features.devices.certificates.context import Context
from chalicelib.features.devices.certificates.keys import key_and_end_of
from chalicelib.features.devices.certificates.model import (
    AtAws,
    Certificate,
    State,
    Thing,
    ThingState,
)
from chalicelib.features.devices.certificates.undoing import gateway

# How far the clocks of AWS and of the database may be apart.
_SKEW = timedelta(minutes=5)
_STATUS_AT_AWS = {State.REVOKED: "REVOKED", State.INACTIVE: "INACTIVE", State.UNDONE: "INACTIVE"}


def recovered(context: Context, certificate: Certificate) -> AtAws | None:
    """What AWS has made for *certificate* in an attempt of which the answer was lost.

    One that was made besides it is deleted.
    """
    found = list(_made_unseen(context, certificate))
    for surplus in found[1:]:
        _delete(context, certificate, surplus)
    return found[0] if found else None


def undo(context: Context, certificate: Certificate) -> None:
    """Have nobody get in with the certificate; one that never came into use is deleted."""
    for at_aws in _those_of(context, certificate):
        if certificate.wanted is State.UNDONE:
            _delete(context, certificate, at_aws)
        else:
            _switch_off(context, certificate, at_aws)
    with context.transaction() as connection:
        store.note_finished(connection, certificate.certificate_id, certificate.wanted)


def undo_thing(context: Context, thing: Thing) -> None:
    """Have AWS forget the thing, if it is ours."""
    context.require_time()
    if iot.mark_of(thing.name) == thing.mark:
        context.require_time()
        gateway.delete_thing(thing.name)
    with context.transaction() as connection:
        store.note_thing(connection, thing.name, ThingState.ABSENT)


def _those_of(context: Context, certificate: Certificate) -> list[AtAws]:
    if certificate.aws_id is not None:
        return [AtAws(certificate.aws_id, str(certificate.arn), str(certificate.pem))]
    return list(_made_unseen(context, certificate))


def _made_unseen(context: Context, certificate: Certificate) -> Iterator[AtAws]:
    """Certificates with that key of which nothing stands here."""
    if certificate.attempted_at is None or certificate.aws_id is not None:
        return
    context.require_time()
    for aws_ids in gateway.ids_since(certificate.attempted_at - _SKEW):
        for aws_id in _unknown(context, aws_ids):
            context.require_time()
            found = gateway.describe(aws_id)
            if found and key_and_end_of(found.pem)[0] == certificate.public_key_sha256:
                yield found
        context.require_time()


def _unknown(context: Context, aws_ids: list[str]) -> list[str]:
    with context.transaction() as connection:
        known = store.list_known(connection, aws_ids)
    return [aws_id for aws_id in aws_ids if aws_id not in known]


def _switch_off(context: Context, certificate: Certificate, at_aws: AtAws) -> None:
    context.require_time()
    gateway.switch_off(at_aws.aws_id, _STATUS_AT_AWS[certificate.wanted])
    with context.transaction() as connection:
        store.note_switched_off(connection, certificate.certificate_id)
    context.require_time()
    gateway.detach(certificate.device_id, at_aws.arn)


def _delete(context: Context, certificate: Certificate, at_aws: AtAws) -> None:
    context.require_time()
    gateway.switch_off(at_aws.aws_id, _STATUS_AT_AWS[State.UNDONE])
    context.require_time()
    gateway.detach(certificate.device_id, at_aws.arn)
    context.require_time()
    gateway.delete_certificate(at_aws.aws_id)
