"""What admins do to users: add them, give them another role, remove them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from chalicelib import audit
from chalicelib.access.errors import ForbiddenError
from chalicelib.access.model import Principal
from chalicelib.bodies import UNSET, UnsetType
from chalicelib.features.users import store
from chalicelib.features.users.bodies import NewUser, User
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import LastAdminError, UnknownUserError, UserExistsError
from chalicelib.features.users.model import UserRole
from chalicelib.features.users.store import Admin, Stored


def find(connection: Connection, request: Request, user_id: str) -> Stored:
    """The user of that id; raises `UnknownUserError` where whoever asks sees none."""
    organization, has_pool = request.organization, request.has_pool
    stored = store.find(connection, user_id, organization, has_pool=has_pool)
    if stored is None:
        raise UnknownUserError(user_id)
    return stored


def require_subject_to_name(principal: Principal, subject: str | UnsetType) -> None:
    """Raise `ForbiddenError` where *principal* may not say that *subject* is to be a user."""
    if subject is UNSET:
        return
    if principal.organization is not None:
        # Whoever names a subject decides where somebody else belongs.
        raise ForbiddenError("only the platform's own people may name a subject")
    if principal.is_from_issuer and subject == principal.subject:
        # With the next request they would be a customer's, and could not take it back.
        raise ForbiddenError("this is your own subject, and you would be the platform's no longer")


def create(
    connection: Connection, request: Request, user_id: str, organization_id: str, asked: NewUser
) -> Stored:
    """A new user of the organization, of whom the user pool is told soon.

    Raises `UserExistsError` where the address, or the subject, is another user's.
    """
    if not store.add(connection, user_id, organization_id, asked):
        raise _taken(connection, organization_id, asked)
    user = find(connection, request, user_id).user
    store.want_identity(connection, user)
    _note(connection, request, "user.created", user, after=_facts(user))
    return find(connection, request, user_id)


def change_role(connection: Connection, request: Request, user_id: str, role: UserRole) -> Stored:
    """The user with *role*; raises `LastAdminError` where the organization would have no admin."""
    known, admins = _locked(connection, request, user_id)
    request.require_version(known.version)
    if known.user.role is role:
        return known
    _require_another(admins, known.user)
    store.change_role(connection, user_id, role)
    store.want_identity(connection, known.user)
    before, after = {"role": known.user.role.value}, {"role": role.value}
    _note(connection, request, "user.role_changed", known.user, before=before, after=after)
    return find(connection, request, user_id)


def change_subject(connection: Connection, request: Request, user_id: str, subject: str) -> Stored:
    """The user, who signs in as *subject*; raises `UserExistsError` where that is another user."""
    known, _ = _locked(connection, request, user_id)
    request.require_version(known.version)
    if not store.change_subject(connection, user_id, subject):
        raise UserExistsError("this subject is another user's", parameter="subject")
    store.want_identity(connection, known.user)
    after = {"subject": subject}
    _note(connection, request, "user.subject_changed", known.user, after=after)
    return find(connection, request, user_id)


def remove(connection: Connection, request: Request, user_id: str) -> None:
    """Have the user be none any more; raises `LastAdminError` likewise."""
    known, admins = _locked(connection, request, user_id)
    request.require_version(known.version)
    _require_another(admins, known.user)
    store.remove(connection, user_id)
    store.want_identity(connection, known.user)
    _note(connection, request, "user.removed", known.user, before=_facts(known.user))


def _locked(connection: Connection, request: Request, user_id: str) -> tuple[Stored, list[Admin]]:
    """The user, and the admins of its organization, whom nobody else changes now.

    The admins are locked first: everybody does so in that order.
    """
    organization_id = find(connection, request, user_id).user.organization_id
    admins = store.lock_admins(connection, organization_id)
    store.lock(connection, user_id)
    return find(connection, request, user_id), admins


def _require_another(admins: list[Admin], user: User) -> None:
    """Raise `LastAdminError` where *user* is the only admin: of *admins*, or since they were read.

    Somebody who became one while we waited for the lock is not among them. In the place of an
    admin who can sign in there has to be another who can: an invitation may never be accepted.
    """
    if user.role is not UserRole.ADMIN:
        return
    others = [admin for admin in admins if admin.user_id != user.user_id]
    if Admin(user.user_id, can_sign_in=True) in admins:
        others = [admin for admin in others if admin.can_sign_in]
    if not others:
        raise LastAdminError(
            "this is the last admin of the organization who can sign in, or the last of all: "
            "make somebody else an admin first",
            userId=user.user_id,
        )


def _taken(connection: Connection, organization_id: str, asked: NewUser) -> UserExistsError:
    if store.has_email(connection, organization_id, asked.email):
        return UserExistsError(f"there is a user {asked.email} already", email=asked.email)
    return UserExistsError("this subject is another user's", parameter="subject")


def _note(
    connection: Connection,
    request: Request,
    action: str,
    user: User,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    subject = f"user {user.user_id}"
    audit.record(
        connection,
        request.actor,
        action,
        subject,
        organization_id=user.organization_id,
        before=before,
        after=after,
    )


def _facts(user: User) -> dict[str, Any]:
    return {
        "organizationId": user.organization_id,
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
    }
