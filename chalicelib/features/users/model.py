"""What a user can be. Standard library only."""

from dataclasses import dataclass
from enum import StrEnum

# More than anybody carries; the one that was registered longest ago gives way.
MAX_DEVICE_TOKENS = 20


class UserRole(StrEnum):
    """What a user may do in the organization; each includes those before it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


class UserSort(StrEnum):
    """By what users are listed."""

    NAME = "name"
    EMAIL = "email"
    ROLE = "role"
    CREATED_AT = "createdAt"


class Theme(StrEnum):
    """How a page looks."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class Platform(StrEnum):
    """What kind of device a push token is of."""

    ANDROID = "android"
    IOS = "ios"
    WEB = "web"


class IdentityStatus(StrEnum):
    """Whether the user can sign in."""

    READY = "ready"
    PENDING = "pending"
    REFUSED = "refused"
    UNMANAGED = "unmanaged"


@dataclass(frozen=True)
class WantedIdentity:
    """What the user pool should have of a user; *subject* is None until it is known."""

    email: str
    name: str
    role: UserRole
    organization_id: str
    subject: str | None
    is_removed: bool


@dataclass(frozen=True)
class FoundIdentity:
    """What the user pool has: who it says that is, and where the attributes say they belong.

    With *is_address_verified* they have proved that they read the mail of the address, or somebody
    who administers the pool has vouched for that.
    """

    subject: str
    organization_id: str | None
    role: str | None
    name: str | None
    is_address_verified: bool
    is_enabled: bool


def identity_status(
    *, has_pool: bool, subject: str | None, is_waiting: bool, refusal: str | None
) -> IdentityStatus:
    """How things stand with an identity, by what is known of it."""
    if refusal is not None:
        return IdentityStatus.REFUSED
    if subject is not None and not (has_pool and is_waiting):
        return IdentityStatus.READY
    return IdentityStatus.PENDING if has_pool else IdentityStatus.UNMANAGED
