"""The bodies of users."""

from typing import Annotated

from chalicelib.bodies import (
    END,
    UNSET,
    Body,
    Id,
    Instant,
    Meta,
    Name,
    UnsetType,
    spelled,
)
from chalicelib.features.users.model import (
    MAX_DEVICE_TOKENS,
    IdentityStatus,
    Platform,
    UserRole,
    UserSort,
)
from chalicelib.features.users.preference_bodies import Preferences, PreferencesChange
from chalicelib.http.organizations import OrganizationId, OwnedListQuery

UserId = Annotated[
    str,
    Meta(
        pattern=rf"^user-[0-9a-z]{{1,40}}{END}",
        description="The user.",
        examples=["user-456"],
    ),
]
# Addresses that mail can be sent to by SES, which takes letters of ASCII only before the `@`. What
# is no address, or longer than the name of a user may be, a user pool would refuse for ever.
_LABEL = "[A-Za-z0-9]+(-+[A-Za-z0-9]+)*"
_Email = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^(?![.])(?!.*[.][.@])[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}"
            rf"@{_LABEL}([.]{_LABEL})+{END}",
            "must be an e-mail address such as john.doe@example.com, in ASCII",
        ),
        max_length=128,
        description="The address with which the user signs in. Capitals count as small letters.",
        examples=["john.doe@example.com"],
    ),
]
_PhoneNumber = Annotated[
    str,
    Meta(
        pattern=spelled(
            rf"^[+][1-9][0-9]{{6,14}}{END}", "must be a number in E.164, such as +4915112345678"
        ),
        description="Where text messages go, in E.164.",
        examples=["+4915112345678"],
    ),
]
Token = Annotated[
    str,
    Meta(
        pattern=spelled(rf"^[!-~]{{1,1024}}{END}", "must be 1 to 1024 visible characters of ASCII"),
        description="What the push service has named this app on this device.",
        examples=["fcm-token-123"],
    ),
]
_UserName = Annotated[Name, Meta(description="What the user is called.", examples=["John Doe"])]
_Role = Annotated[UserRole, Meta(description="What the user may do.", examples=["operator"])]
_CreatedAt = Annotated[Instant, Meta(description="Since when the user is here.")]
_NumberOrNull = Annotated[
    _PhoneNumber | None, Meta(description="Where text messages go, in E.164; null for nowhere.")
]


class Profile(Body, rename="camel"):
    """Somebody, as they see themselves."""

    user_id: UserId
    email: _Email
    name: _UserName
    organization_id: OrganizationId
    role: _Role
    phone_number: _NumberOrNull
    preferences: Preferences
    device_tokens: Annotated[
        list[str],
        Meta(
            max_length=MAX_DEVICE_TOKENS,
            description="Where push messages go; the last registered comes first.",
        ),
    ]
    created_at: _CreatedAt


class ProfileChange(Body, rename="camel"):
    """What is to change of oneself. A field that is left out stays as it is."""

    name: _UserName | UnsetType = UNSET
    phone_number: _NumberOrNull | UnsetType = UNSET
    preferences: PreferencesChange | UnsetType = UNSET


class NewDeviceToken(Body, rename="camel"):
    """A device on which somebody wants push messages."""

    token: Token
    platform: Annotated[Platform, Meta(description="What kind of device.", examples=["android"])]


class DeviceToken(Body, rename="camel"):
    """A device on which somebody gets push messages."""

    token: Token
    platform: Annotated[Platform, Meta(description="What kind of device.", examples=["android"])]
    registered_at: Annotated[Instant, Meta(description="When it was last registered.")]


class RemovedDeviceToken(Body, rename="camel"):
    """A device on which somebody gets no push messages any more."""

    token: Token


class Identity(Body, rename="camel"):
    """Whether a user can sign in."""

    status: Annotated[
        IdentityStatus,
        Meta(
            description="`ready`: the user can sign in. `pending`: the user pool has still to be "
            "told of something. `refused`: it has another identity with that address. `unmanaged`: "
            "no user pool is configured, and the user can sign in once somebody says as whom."
        ),
    ]
    reason: Annotated[str | None, Meta(description="Why it is not ready, where that is known.")]


class User(Body, rename="camel"):
    """A user of an organization, as its admins see them."""

    user_id: UserId
    email: _Email
    name: _UserName
    organization_id: OrganizationId
    role: _Role
    phone_number: _NumberOrNull
    identity: Identity
    created_at: _CreatedAt
    updated_at: Annotated[Instant, Meta(description="When something of it was last changed.")]


class NewUser(Body, rename="camel"):
    """A user that is to be."""

    email: _Email
    name: _UserName
    role: _Role = UserRole.VIEWER
    phone_number: _NumberOrNull = None
    subject: (
        Annotated[
            Id,
            Meta(
                description="The `sub` of the issuer's tokens, where it has the identity already. "
                "The platform's own people may say so."
            ),
        ]
        | UnsetType
    ) = UNSET


class RoleChange(Body, rename="camel"):
    """What the user may do from now on."""

    role: _Role


class SubjectChange(Body, rename="camel"):
    """As whom the user signs in from now on."""

    subject: Annotated[Id, Meta(description="The `sub` of the issuer's tokens.")]


class RemovedUser(Body, rename="camel"):
    """Somebody who is no user any more."""

    user_id: UserId


class UserListQuery(OwnedListQuery, rename="camel"):
    """Which users to list."""

    role: (
        Annotated[UserRole, Meta(description="Only those who are so.", examples=["admin"])]
        | UnsetType
    ) = UNSET
    sort_by: Annotated[
        UserSort, Meta(description="By what they are sorted.", examples=["name"])
    ] = UserSort.NAME
