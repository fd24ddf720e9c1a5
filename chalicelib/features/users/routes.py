"""The HTTP side of users: of oneself, and of others for admins."""

from typing import Any

from sqlalchemy import Connection

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.errors import KeyReusedError, StaleVersionError
from chalicelib.features.users import administer, device_tokens, profile, store
from chalicelib.features.users.bodies import (
    DeviceToken,
    NewDeviceToken,
    NewUser,
    Profile,
    ProfileChange,
    RemovedDeviceToken,
    RemovedUser,
    RoleChange,
    SubjectChange,
    Token,
    User,
    UserId,
    UserListQuery,
)
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import (
    LastAdminError,
    NoProfileError,
    UnknownDeviceTokenError,
    UnknownUserError,
    UserExistsError,
)
from chalicelib.features.users.feature import FEATURE, USER_POOL_ID
from chalicelib.features.users.preference_bodies import PreferencesChange
from chalicelib.features.users.store import Stored
from chalicelib.http import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    LOCATION,
    Answer,
    Asked,
    Nothing,
    OrganizationQuery,
    Routes,
    organization_of,
    reading_for,
    seen_by_caller,
    writing_for,
)
from chalicelib.ids import new_id
from chalicelib.listing import Listing

routes = Routes(__name__, FEATURE)

_QUIET = {"enabled": True, "start": "22:00", "end": "08:00", "timezone": "America/New_York"}


@routes.get(
    "/users/me",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=Profile,
    refuses=(NoProfileError,),
    headers=ETAG,
)
def get_profile(asked: Asked[Nothing, None]) -> Answer[Profile]:
    """Who am I, and what do I want?"""
    with reading_for(asked) as connection:
        return _own(connection, profile.find_own(connection, _request(asked)))


@routes.put(
    "/users/me",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    body=ProfileChange,
    answers=Profile,
    refuses=(NoProfileError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"name": {"name": "John Doe"}, "number": {"phoneNumber": "+4915112345678"}},
)
def update_profile(asked: Asked[Nothing, ProfileChange]) -> Answer[Profile]:
    """Change one's own name, phone number and preferences, field by field."""
    if asked.body.preferences is not UNSET:
        profile.require_zone(asked.body.preferences, "preferences.")
    return _change_own(asked, asked.body)


@routes.put(
    "/users/me/preferences",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    body=PreferencesChange,
    answers=Profile,
    refuses=(NoProfileError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"quiet": {"quietHours": _QUIET}, "text messages": {"notifications": {"sms": True}}},
)
def update_preferences(asked: Asked[Nothing, PreferencesChange]) -> Answer[Profile]:
    """Change by which ways one is told, and when not, field by field."""
    profile.require_zone(asked.body)
    return _change_own(asked, ProfileChange(preferences=asked.body))


@routes.post(
    "/users/me/device-tokens",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    body=NewDeviceToken,
    answers=DeviceToken,
    refuses=(NoProfileError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
    examples={"phone": {"token": "fcm-token-xyz", "platform": "android"}},
)
def register_device_token(asked: Asked[Nothing, NewDeviceToken]) -> Answer[DeviceToken]:
    """Have one's push messages sent to a device.

    A device belongs to whoever has registered it last. Registering it again does no harm.
    """
    request = _request(asked)
    return writing_for(
        asked, lambda connection: device_tokens.register(connection, request, asked.body)
    )


@routes.delete(
    "/users/me/device-tokens/{token}",
    least=Role.VIEWER,
    scope=Scope.ORGANIZATION,
    answers=RemovedDeviceToken,
    refuses=(NoProfileError, UnknownDeviceTokenError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY,),
)
def remove_device_token(asked: Asked[Nothing, None], token: Token) -> Answer[RemovedDeviceToken]:
    """Have one's push messages sent there no longer, as when one signs out."""

    def work(connection: Connection) -> RemovedDeviceToken:
        device_tokens.remove(connection, _request(asked), token)
        return RemovedDeviceToken(token=token)

    return writing_for(asked, work)


@routes.get(
    "/users",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=UserListQuery,
    answers=Listing[User],
    refuses=(UnknownOrganizationError,),
)
def list_users(asked: Asked[UserListQuery, None]) -> Listing[User]:
    """Which users are there?"""
    request = _request(asked)
    with reading_for(asked) as connection:
        return store.list_users(
            connection, asked.query, request.organization, has_pool=request.has_pool
        )


@routes.post(
    "/users",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=OrganizationQuery,
    body=NewUser,
    answers={201: User},
    refuses=(UnknownOrganizationError, UserExistsError, KeyReusedError),
    headers={**ETAG, **LOCATION},
    takes=(IDEMPOTENCY_KEY,),
    examples={"new": {"email": "john.doe@example.com", "name": "John Doe", "role": "operator"}},
)
def create_user(asked: Asked[OrganizationQuery, NewUser]) -> Answer[User]:
    """Add a user to an organization.

    Where a user pool is configured, it invites the user within about a minute; `identity` says how
    far that is. Without one, the user can sign in once the platform's own people say as which
    `subject`.
    """
    administer.require_subject_to_name(asked.principal, asked.body.subject)
    user_id = new_id("user")

    def work(connection: Connection) -> Answer[User]:
        organization_id = organization_of(connection, asked)
        request = _request(asked)
        made = administer.create(connection, request, user_id, organization_id, asked.body)
        return Answer.versioned(made.user, made.version, 201, Location=f"users/{user_id}")

    return writing_for(asked, work)


@routes.get(
    "/users/{user_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=User,
    refuses=(UnknownUserError,),
    headers=ETAG,
)
def get_user(asked: Asked[Nothing, None], user_id: UserId) -> Answer[User]:
    """Who is it, and can they sign in?"""
    with reading_for(asked) as connection:
        found = administer.find(connection, _request(asked), user_id)
    return Answer.versioned(found.user, found.version)


@routes.put(
    "/users/{user_id}/role",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    body=RoleChange,
    answers=User,
    refuses=(UnknownUserError, LastAdminError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"promotion": {"role": "admin"}},
)
def update_user_role(asked: Asked[Nothing, RoleChange], user_id: UserId) -> Answer[User]:
    """Say what a user may do, from the next request on.

    The last admin of an organization stays one.
    """

    def work(connection: Connection) -> Answer[User]:
        request = _request(asked)
        changed = administer.change_role(connection, request, user_id, asked.body.role)
        return Answer.versioned(changed.user, changed.version)

    return writing_for(asked, work)


@routes.put(
    "/users/{user_id}/subject",
    least=Role.ADMIN,
    scope=Scope.PLATFORM,
    body=SubjectChange,
    answers=User,
    refuses=(UnknownUserError, UserExistsError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"known to the issuer": {"subject": "0b5c7f1e-6f0e-4a62-9a3b-0d4f5f4d9a11"}},
)
def change_user_subject(asked: Asked[Nothing, SubjectChange], user_id: UserId) -> Answer[User]:
    """Say as whom a user signs in, where the issuer has the identity already."""
    administer.require_subject_to_name(asked.principal, asked.body.subject)

    def work(connection: Connection) -> Answer[User]:
        changed = administer.change_subject(
            connection, _request(asked), user_id, asked.body.subject
        )
        return Answer.versioned(changed.user, changed.version)

    return writing_for(asked, work)


@routes.delete(
    "/users/{user_id}",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    answers=RemovedUser,
    refuses=(UnknownUserError, LastAdminError, StaleVersionError, KeyReusedError),
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
)
def remove_user(asked: Asked[Nothing, None], user_id: UserId) -> Answer[RemovedUser]:
    """Remove a user, who is not let in from the next request on.

    The last admin of an organization cannot be removed. The audit log goes on naming the user.
    """

    def work(connection: Connection) -> RemovedUser:
        administer.remove(connection, _request(asked), user_id)
        return RemovedUser(user_id=user_id)

    return writing_for(asked, work)


def _change_own(asked: Asked[Any, Any], change: ProfileChange) -> Answer[Profile]:
    def work(connection: Connection) -> Answer[Profile]:
        return _own(connection, profile.change_profile(connection, _request(asked), change))

    return writing_for(asked, work)


def _own(connection: Connection, own: Stored) -> Answer[Profile]:
    return Answer.versioned(store.profile_of(connection, own), own.version)


def _request(asked: Asked[Any, Any]) -> Request:
    has_pool = USER_POOL_ID.value_if_set() is not None
    return Request(asked.actor, seen_by_caller(asked), asked.require_version, has_pool)
