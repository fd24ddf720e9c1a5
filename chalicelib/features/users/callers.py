"""Who somebody with a token of the issuer is, asked on each request: a change holds at once."""

from dataclasses import replace

from chalicelib.access.errors import ForbiddenError
from chalicelib.access.model import Principal, Role
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.features.users import store
from chalicelib.features.users.store import Caller
from chalicelib.http import reading

_ACTIVE = "active"


def look_up(principal: Principal) -> Principal:
    """*principal* with the role and the organization that users have, where it is one of them.

    Otherwise the token says both. Raises `ForbiddenError` for somebody who was removed, for one who
    is no user and whose token cannot say both, and where the organization is suspended or not
    known.
    """
    # Nobody knows yet to which organization the subject belongs.
    with reading(EVERY_ORGANIZATION) as connection:
        caller = store.find_caller(connection, principal.subject, principal.organization)
    if caller.is_removed:
        raise ForbiddenError("this user has been removed")
    if caller.role is None and principal.is_partial:
        # It may be that of somebody whose organization the pool knows, and would open everything.
        raise ForbiddenError(
            "an access token does not say where its bearer belongs: send the id token"
        )
    known = principal if caller.role is None else _as_user(principal, caller)
    if known.organization is not None:
        _require_active(known.organization, caller.organization_status)
    return known


def _as_user(principal: Principal, caller: Caller) -> Principal:
    return replace(
        principal,
        role=Role(str(caller.role)),
        organization=caller.organization_id,
        device_id=None,
        site_id=None,
        is_partial=False,
    )


def _require_active(organization_id: str, status: str | None) -> None:
    if status is None:
        raise ForbiddenError(f"the organization {organization_id[:40]!r} is not known here")
    if status != _ACTIVE:
        raise ForbiddenError("the organization is suspended")
