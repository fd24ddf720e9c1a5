"""Telling the user pool of users: after the commit, as often as it takes.

The pool is brought to what stands in the database, whatever it has by then. So it does not matter
how often that is done, in which order, or where somebody was interrupted.
"""

import logging
from datetime import timedelta

from sqlalchemy import Connection, Engine

from chalicelib import database, due
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.due import Claimed, Waiting
from chalicelib.features.users import gateway, store
from chalicelib.features.users.errors import IdentityProviderError
from chalicelib.features.users.model import FoundIdentity, WantedIdentity
from chalicelib.features.users.tables import user_identity_work

logger = logging.getLogger(__name__)

# Longer than an invocation can take.
LEASE = timedelta(minutes=5)
# What is kept back for a user on whom the pool is slow.
_SECONDS_A_USER = 20.0
_TAKEN = "the user pool has another identity with this address"
_GONE = "the user pool has no identity with this address any more"


def follow(engine: Engine, deadline: Deadline, pool: str) -> Waiting:
    """Tell the user pool of the users of whom it has to be told; returns what is left then.

    One that fails is tried again later, and keeps none of the others waiting.
    """
    while deadline.leaves_time_after(_SECONDS_A_USER):
        claimed = _claim(engine, deadline)
        if claimed is None:
            break
        _follow_one(engine, deadline, pool, claimed)
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        return due.waiting(connection, user_identity_work)


def _claim(engine: Engine, deadline: Deadline) -> Claimed | None:
    # A claim whose answer was lost is due again when its lease is over.
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        found = due.claim(connection, user_identity_work, limit=1, lease=LEASE)
    return found[0] if found else None


def _follow_one(engine: Engine, deadline: Deadline, pool: str, claimed: Claimed) -> None:
    user_id = str(claimed.key["user_id"])
    try:
        subject, refusal = _bring_in_step(engine, deadline, pool, claimed)
    except IdentityProviderError as error:
        facts = {"user_id": user_id, "attempt": claimed.attempt_count, "reason": error.message}
        logger.warning("identity_not_followed", extra=facts)
        with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
            due.postpone(connection, user_identity_work, claimed, error.message)
        return
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        # In the order of whoever changes a user, or the two might wait for each other.
        store.lock(connection, user_id)
        if due.settle(connection, user_identity_work, claimed):
            store.note_identity(connection, user_id, subject=subject, refusal=refusal)
    logger.info("identity_followed", extra={"user_id": user_id, "refusal": refusal})


def _bring_in_step(
    engine: Engine, deadline: Deadline, pool: str, claimed: Claimed
) -> tuple[str | None, str | None]:
    """Who the pool says the user is, and why it has nobody for it."""
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        wanted = store.find_wanted_identity(connection, claimed)
    found = gateway.find(pool, wanted.email)
    if found is None and wanted.subject is None and not wanted.is_removed:
        # The address may have been taken a moment ago, by another attempt of ours.
        found = gateway.create(pool, wanted) or gateway.find(pool, wanted.email)
    if found is None:
        return None, None if wanted.is_removed else _GONE
    if not _made_ours(engine, deadline, claimed, wanted, found):
        return None, None if wanted.is_removed else _TAKEN
    _change(pool, wanted, found)
    return found.subject, None


def _made_ours(
    engine: Engine,
    deadline: Deadline,
    claimed: Claimed,
    wanted: WantedIdentity,
    found: FoundIdentity,
) -> bool:
    """Whether what the pool has is the identity of this user, who is known by it from now on.

    That is written down before the identity gets a group: a token that names a role, and no
    organization, would otherwise pass for that of one of the platform's own people.
    """
    user_id = str(claimed.key["user_id"])
    with database.transaction(engine, deadline, EVERY_ORGANIZATION) as connection:
        is_ours = _is_ours(connection, user_id, wanted, found)
        if is_ours:
            store.note_identity(connection, user_id, subject=found.subject, refusal=None)
    return is_ours


def _is_ours(
    connection: Connection, user_id: str, wanted: WantedIdentity, found: FoundIdentity
) -> bool:
    """Whether what the pool has is the identity of this user, rather than of a namesake.

    To take anybody else's would move them: whoever knows an address could have its owner, one of
    the platform's own people for instance, belong to another organization. And somebody who was
    removed, and is back as another user, is not to be shut out when the removal is told late.
    """
    if store.is_somebody_else(connection, user_id, found.subject):
        return False
    if wanted.subject is not None:
        return wanted.subject == found.subject
    # Whoever may sign up by themselves writes down any address, and any organization.
    if not found.is_address_verified:
        return False
    if found.organization_id == wanted.organization_id:
        return True
    return store.has_only_removed(connection, user_id, found.subject)


def _change(pool: str, wanted: WantedIdentity, found: FoundIdentity) -> None:
    if wanted.is_removed:
        gateway.disable(pool, wanted.email)
        return
    said = (found.organization_id, found.role, found.name)
    if said != (wanted.organization_id, wanted.role.value, wanted.name):
        gateway.update(pool, wanted)
    gateway.keep_one_group(pool, wanted.email, wanted.role)
    # Last: nobody comes in with a role of before.
    if not found.is_enabled:
        gateway.enable(pool, wanted.email)
