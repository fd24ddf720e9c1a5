"""Who calls, and what it takes to be let in."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """`viewer` < `operator` < `admin`; `device` stands apart."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    DEVICE = "device"

    def includes(self, other: "Role") -> bool:
        """Whether whoever holds this role may do all that *other* may."""
        if Role.DEVICE in (self, other):
            return self is other
        return _ASCENDING.index(self) >= _ASCENDING.index(other)


class Scope(StrEnum):
    """Which callers a route is for.

    `open`: everybody, with or without a token. `organization`: callers of any organization, who see
    what belongs to their own one, and the platform's own people. `platform`: the platform's own
    people only, whose tokens name no organization.
    """

    OPEN = "open"
    ORGANIZATION = "organization"
    PLATFORM = "platform"


# The names of callers whose tokens are no issuer's, and of those who come without a token.
_OUR_SUBJECTS = ("anybody", "api-token", "lambda")
_OUR_SUBJECT_STARTS = ("token:", "cli:")
_ASCENDING = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
_STRONGEST_FIRST = (Role.ADMIN, Role.OPERATOR, Role.VIEWER, Role.DEVICE)


@dataclass(frozen=True)
class Principal:
    """A caller whose token was verified; *organization* is None for the platform's own people.

    *role* is None where nobody has given the caller one. A token of the role `device` may be bound
    to one device, one site, or both. *is_partial* says that the token leaves out where its caller
    belongs, so that nothing follows from its naming no organization.
    """

    subject: str
    role: Role | None
    organization: str | None = None
    device_id: str | None = None
    site_id: str | None = None
    is_partial: bool = False

    @property
    def is_from_issuer(self) -> bool:
        """Whether the caller has an identity at the issuer, and may be one of the users."""
        return not is_our_subject(self.subject)


# The caller of every request where AUTH_MODE=none lets everybody in.
ANYBODY = Principal("anybody", Role.ADMIN)


@dataclass(frozen=True)
class Requirement:
    """What a route asks of its callers: the least role, or None where it is open to everybody."""

    least: Role | None
    scope: Scope

    def __post_init__(self) -> None:
        if (self.least is None) != (self.scope is Scope.OPEN):
            raise ValueError("a route names its least role, unless it is open to everybody")

    @property
    def is_open(self) -> bool:
        """Whether everybody may call the route, without saying who they are."""
        return self.scope is Scope.OPEN

    def is_open_to_organization_of(self, principal: Principal) -> bool:
        """Whether callers of that organization may call it, if their role suffices."""
        return self.scope is not Scope.PLATFORM or principal.organization is None

    def is_met_by(self, principal: Principal) -> bool:
        """Whether *principal* may call the route."""
        if not self.is_open_to_organization_of(principal):
            return False
        # An admin may stand in for a device, to try out what devices send.
        is_admin = principal.role is Role.ADMIN
        return self.least is None or is_admin or holds(principal.role, self.least)


def holds(role: Role | None, least: Role) -> bool:
    """Whether *role* is *least*, or includes it."""
    return role is not None and role.includes(least)


def is_our_subject(subject: str) -> bool:
    """Whether *subject* names somebody who did not come with a token of the issuer."""
    return subject in _OUR_SUBJECTS or subject.startswith(_OUR_SUBJECT_STARTS)


def strongest_role(names: Iterable[object]) -> Role | None:
    """The strongest role among *names*, most of which may not be roles of ours."""
    named = list(names)
    return next((role for role in _STRONGEST_FIRST if role in named), None)
