"""Telling IoT Core of devices: after the commit, as often as it takes.

One device at a time, and nobody else is at it meanwhile: what is switched off by one must not be
switched on by another that has read too early.
"""

import logging
from dataclasses import replace

from sqlalchemy import Engine

from chalicelib import database, due
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.due import Claimed, Waiting
from chalicelib.features.devices.certificates import store
from chalicelib.features.devices.certificates.context import CALL_SECONDS, LEASE, Context
from chalicelib.features.devices.certificates.errors import (
    IdentityRefusedError,
    IdentityServiceError,
)
from chalicelib.features.devices.certificates.make import ensure_thing, make
from chalicelib.features.devices.certificates.model import Certificate, State, ThingState
from chalicelib.features.devices.certificates.store import Unfinished
from chalicelib.features.devices.certificates.tables import device_identity_work
from chalicelib.features.devices.certificates.undoing.undo import recovered, undo, undo_thing

logger = logging.getLogger(__name__)

# What is kept back for a device for which IoT Core is slow.
_SECONDS_A_DEVICE = 3 * CALL_SECONDS


def provision(engine: Engine, deadline: Deadline, policy: str) -> Waiting:
    """Tell IoT Core of the devices of which it has to be told; returns what is left then.

    One that fails is tried again later, and keeps none of the others waiting.
    """
    context = Context(engine, deadline, policy)
    while deadline.leaves_time_after(_SECONDS_A_DEVICE):
        claimed = _claim(context)
        if claimed is None:
            break
        _provision_one(context, claimed)
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        return due.waiting(connection, device_identity_work)


def _claim(context: Context) -> Claimed | None:
    with context.transaction() as connection:
        found = due.claim(connection, device_identity_work, limit=1, lease=LEASE)
    return found[0] if found else None


def _provision_one(context: Context, claimed: Claimed) -> None:
    device_id = str(claimed.key["device_id"])
    with context.transaction() as connection:
        unfinished = store.find_unfinished(connection, device_id)
    problems = _bring_in_step(context, unfinished)
    with context.transaction() as connection:
        if problems:
            due.postpone(connection, device_identity_work, claimed, problems[0])
        else:
            store.settle(connection, device_id, claimed.claim_id)
    facts = {"device_id": device_id, "attempt": claimed.attempt_count, "reasons": problems}
    if problems:
        logger.warning("device_not_provisioned", extra=facts)
    else:
        logger.info("device_provisioned", extra=facts)


def _bring_in_step(context: Context, unfinished: Unfinished) -> list[str]:
    """Why something could not be done; nothing is left undone because of something else."""
    problems = []
    for certificate in unfinished.certificates:
        try:
            _bring(context, certificate)
        except IdentityServiceError as error:
            problems.append(error.message)
    try:
        _bring_thing(context, unfinished)
    except IdentityServiceError as error:
        problems.append(error.message)
    except IdentityRefusedError:
        # Its certificates say so, and are undone.
        with context.transaction() as connection:
            store.unwant_refused_thing(connection, unfinished.thing.name)
    return problems


def _bring(context: Context, certificate: Certificate) -> None:
    if certificate.wanted is not State.ACTIVE:
        undo(context, certificate)
    elif certificate.csr is None:
        # The key was made by whoever has not come to give it away: nobody has it.
        _give_up(context, certificate, None)
    else:
        _make(context, certificate, certificate.csr)


def _make(context: Context, certificate: Certificate, csr: str) -> None:
    found = recovered(context, certificate)
    if found is not None:
        with context.transaction() as connection:
            store.note_made(connection, certificate.certificate_id, found)
        certificate = replace(certificate, aws_id=found.aws_id, arn=found.arn, pem=found.pem)
    try:
        make(context, certificate, csr)
    except IdentityRefusedError as error:
        _give_up(context, certificate, error.message)
        return
    with context.transaction() as connection:
        store.note_active(connection, certificate.certificate_id)


def _give_up(context: Context, certificate: Certificate, reason: str | None) -> None:
    with context.transaction() as connection:
        store.give_up(connection, certificate.certificate_id, reason)
    undo(context, replace(certificate, wanted=State.UNDONE))


def _bring_thing(context: Context, unfinished: Unfinished) -> None:
    if unfinished.is_thing_wanted:
        if unfinished.thing_state is not ThingState.THERE:
            ensure_thing(context, unfinished.thing.name)
    elif unfinished.thing_state is not ThingState.ABSENT:
        undo_thing(context, unfinished.thing)
