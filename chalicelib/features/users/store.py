"""The statements of users, as functions: a connection first, values out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, Select, select
from sqlalchemy.exc import IntegrityError

from chalicelib import due
from chalicelib.bodies import UNSET
from chalicelib.database import EVERY_ORGANIZATION, is_of, seeing
from chalicelib.database.statements import statements_beside
from chalicelib.due import Claimed
from chalicelib.features.users.bodies import (
    DeviceToken,
    Identity,
    NewUser,
    Profile,
    User,
    UserListQuery,
)
from chalicelib.features.users.model import (
    MAX_DEVICE_TOKENS,
    Platform,
    UserRole,
    UserSort,
    WantedIdentity,
    identity_status,
)
from chalicelib.features.users.preference_bodies import Preferences
from chalicelib.features.users.tables import user_identity_work, users
from chalicelib.listing import Listing, Sorting, listed

sql = statements_beside(__file__)

_KNOWN = users.c
_SORTINGS = {
    UserSort.NAME: Sorting("name", _KNOWN.name, str, _KNOWN.user_id),
    UserSort.EMAIL: Sorting("email", _KNOWN.email, str, _KNOWN.user_id),
    UserSort.ROLE: Sorting("role", _KNOWN.role, str, _KNOWN.user_id),
    UserSort.CREATED_AT: Sorting("createdAt", _KNOWN.created_at, datetime, _KNOWN.user_id),
}


@dataclass(frozen=True)
class Caller:
    """What is kept of a subject: *role* is None where it is no user, and never was."""

    role: UserRole | None
    organization_id: str | None
    is_removed: bool
    organization_status: str | None


@dataclass(frozen=True)
class Admin:
    """An admin of an organization, whom the issuer knows, or does not know yet."""

    user_id: str
    can_sign_in: bool


@dataclass(frozen=True)
class Stored:
    """A user, in the version that is there."""

    user: User
    preferences: Preferences
    version: int


def find_caller(connection: Connection, subject: str, organization_id: str | None) -> Caller:
    """Who *subject* is; the organization is that of the user, or else the one that is given."""
    values = {"subject": subject, "organization": organization_id}
    row = connection.execute(sql.find_caller, values).one()
    role = UserRole(row.role) if row.role else None
    return Caller(role, row.organization_id, row.is_removed, row.organization_status)


def add(connection: Connection, user_id: str, organization_id: str, asked: NewUser) -> bool:
    """Add a user; False where the address, or the subject, is another user's."""
    values = {
        "user_id": user_id,
        "organization_id": organization_id,
        "subject": None if asked.subject is UNSET else asked.subject,
        # Mail finds people however their address is spelled, and so do we.
        "email": asked.email.lower(),
        "name": asked.name,
        "role": asked.role.value,
        "phone_number": asked.phone_number,
        "preferences": _json(Preferences()),
    }
    return connection.execute(sql.add, values).first() is not None


def has_email(connection: Connection, organization_id: str, email: str) -> bool:
    """Whether a user of the organization has that address."""
    values = {"organization_id": organization_id, "email": email}
    return bool(connection.execute(sql.has_email, values).scalar_one())


def find(
    connection: Connection, user_id: str, organization: str, *, has_pool: bool
) -> Stored | None:
    """The user of that id in *organization*, if there is one and it was not removed."""
    found = _found(organization).where(_KNOWN.user_id == user_id)
    row = connection.execute(found).one_or_none()
    return None if row is None else _stored(row, has_pool=has_pool)


def find_id_of_subject(connection: Connection, subject: str) -> str | None:
    """The user that *subject* is."""
    found = connection.execute(sql.find_id_of_subject, {"subject": subject})
    user_id: str | None = found.scalar_one_or_none()
    return user_id


def lock(connection: Connection, user_id: str) -> bool:
    """Keep others from changing the user until the transaction ends; False where it is gone."""
    return connection.execute(sql.lock, {"user_id": user_id}).first() is not None


def lock_admins(connection: Connection, organization_id: str) -> list[Admin]:
    """The admins of the organization, whom nobody else changes until the transaction ends."""
    values = {"organization_id": organization_id}
    return [Admin(*row) for row in connection.execute(sql.lock_admins, values)]


def change_profile(connection: Connection, user: User, preferences: Preferences) -> None:
    """Keep the name and the phone number of *user*, and *preferences*."""
    values = {
        "user_id": user.user_id,
        "name": user.name,
        "phone_number": user.phone_number,
        "preferences": _json(preferences),
    }
    connection.execute(sql.change_profile, values)


def change_role(connection: Connection, user_id: str, role: UserRole) -> None:
    """Give the user *role*."""
    connection.execute(sql.change_role, {"user_id": user_id, "role": role.value})


def change_subject(connection: Connection, user_id: str, subject: str) -> bool:
    """Have *subject* be the user; False where it is another user."""
    values = {"user_id": user_id, "subject": subject}
    # Whose it is may be of another organization.
    with seeing(connection, EVERY_ORGANIZATION):
        try:
            # Whoever has become it at this moment is seen by the index only.
            with connection.begin_nested():
                return connection.execute(sql.change_subject, values).first() is not None
        except IntegrityError:
            return False


def remove(connection: Connection, user_id: str) -> None:
    """Have the user be none any more; push messages go nowhere."""
    connection.execute(sql.remove, {"user_id": user_id})
    connection.execute(sql.remove_tokens, {"user_id": user_id})


def profile_of(connection: Connection, stored: Stored) -> Profile:
    """*stored* as the user sees it."""
    user = stored.user
    tokens = connection.execute(sql.list_tokens, {"user_id": user.user_id}).scalars()
    return Profile(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        organization_id=user.organization_id,
        role=user.role,
        phone_number=user.phone_number,
        preferences=stored.preferences,
        device_tokens=list(tokens),
        created_at=user.created_at,
    )


def register_token(
    connection: Connection, user: User, token: str, platform: Platform
) -> DeviceToken:
    """Have push messages for *user* go to the device of *token*, and no one else's."""
    values = {
        "token": token,
        "user_id": user.user_id,
        "organization_id": user.organization_id,
        "platform": platform.value,
    }
    # Whoever had the device before may be of another organization.
    with seeing(connection, EVERY_ORGANIZATION):
        row = connection.execute(sql.register_token, values).one()
    surplus = {"user_id": user.user_id, "kept": token, "most": MAX_DEVICE_TOKENS}
    connection.execute(sql.drop_surplus_tokens, surplus)
    return DeviceToken(
        token=row.token, platform=Platform(row.platform), registered_at=row.registered_at
    )


def remove_token(connection: Connection, user_id: str, token: str) -> bool:
    """Have no push messages go there any more; False where none did for this user."""
    values = {"user_id": user_id, "token": token}
    return connection.execute(sql.remove_token, values).first() is not None


def list_users(
    connection: Connection, query: UserListQuery, organization: str, *, has_pool: bool
) -> Listing[User]:
    """A page of the users of *organization*."""
    found = _found(organization)
    if query.role is not UNSET:
        found = found.where(_KNOWN.role == query.role.value)
    sorting = _SORTINGS[query.sort_by]
    return listed(connection, found, query, sorting, lambda row: _read(row, has_pool=has_pool))


def want_identity(connection: Connection, user: User) -> None:
    """Have the user pool be told of *user*."""
    key = {"user_id": user.user_id, "organization_id": user.organization_id}
    due.put(connection, user_identity_work, key)


def find_wanted_identity(connection: Connection, claimed: Claimed) -> WantedIdentity:
    """What the user pool is to be told of the user of *claimed*."""
    row = connection.execute(sql.find_wanted_identity, dict(claimed.key)).one()
    return WantedIdentity(
        email=row.email,
        name=row.name,
        role=UserRole(row.role),
        organization_id=row.organization_id,
        subject=row.subject,
        is_removed=row.is_removed,
    )


def has_only_removed(connection: Connection, user_id: str, subject: str) -> bool:
    """Whether *subject* was other users than this one, and is none of them any more."""
    values = {"user_id": user_id, "subject": subject}
    return bool(connection.execute(sql.has_only_removed, values).scalar_one())


def is_somebody_else(connection: Connection, user_id: str, subject: str) -> bool:
    """Whether *subject* is another user than this one."""
    values = {"user_id": user_id, "subject": subject}
    return bool(connection.execute(sql.is_somebody_else, values).scalar_one())


def note_identity(
    connection: Connection, user_id: str, *, subject: str | None, refusal: str | None
) -> None:
    """Keep who the user pool says the user is, or why it has nobody for it."""
    values = {"user_id": user_id, "subject": subject, "refusal": refusal}
    connection.execute(sql.note_identity, values)


def _found(organization: str) -> Select[Any]:
    work = user_identity_work.c
    is_waiting: ColumnElement[bool] = work.user_id.is_not(None)
    return (
        select(users, is_waiting.label("is_waiting"), work.last_error)
        .select_from(users.outerjoin(user_identity_work, work.user_id == _KNOWN.user_id))
        .where(_KNOWN.removed_at.is_(None), is_of(_KNOWN.organization_id, organization))
    )


def _stored(row: Row[Any], *, has_pool: bool) -> Stored:
    preferences = msgspec.convert(row.preferences, Preferences)
    return Stored(_read(row, has_pool=has_pool), preferences, row.version)


def _read(row: Row[Any], *, has_pool: bool) -> User:
    return User(
        user_id=row.user_id,
        email=row.email,
        name=row.name,
        organization_id=row.organization_id,
        role=UserRole(row.role),
        phone_number=row.phone_number,
        identity=_identity(row, has_pool=has_pool),
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def _identity(row: Row[Any], *, has_pool: bool) -> Identity:
    status = identity_status(
        has_pool=has_pool,
        subject=row.subject,
        is_waiting=row.is_waiting,
        refusal=row.identity_error,
    )
    return Identity(status=status, reason=row.identity_error or row.last_error)


def _json(preferences: Preferences) -> str:
    return msgspec.json.encode(preferences).decode()
