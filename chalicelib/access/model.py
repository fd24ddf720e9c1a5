"""Who calls, and what each role may do."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase


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


_ASCENDING = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
_STRONGEST_FIRST = (Role.ADMIN, Role.OPERATOR, Role.VIEWER, Role.DEVICE)


@dataclass(frozen=True)
class Principal:
    """A caller whose token was verified."""

    subject: str
    role: Role


# Who calls where AUTH_MODE=none lets everybody in.
ANYBODY = Principal("anybody", Role.ADMIN)


@dataclass(frozen=True)
class Grant:
    """Methods on the paths that match a pattern, in which `*` stands for anything."""

    path: str
    methods: tuple[str, ...]

    def covers(self, method: str, path: str) -> bool:
        """Whether a request is one of those that are granted."""
        is_method = "*" in self.methods or method in self.methods
        return is_method and fnmatchcase(path, self.path)


_READ = Grant("*", ("GET", "HEAD", "OPTIONS"))

# A method or path that is not named here is for admins: what a feature adds starts closed.
GRANTS: dict[Role, tuple[Grant, ...]] = {
    Role.VIEWER: (_READ,),
    Role.OPERATOR: (_READ, Grant("/sync", ("POST",))),
    Role.ADMIN: (Grant("*", ("*",)),),
    Role.DEVICE: (Grant("/heartbeat", ("POST",)),),
}


def is_granted(role: Role, method: str, path: str) -> bool:
    """Whether *role* may call *method* on *path*, as the routes spell it."""
    return any(grant.covers(method, path) for grant in GRANTS[role])


def strongest_role(names: Iterable[object]) -> Role | None:
    """The role that counts among *names*, most of which may mean nothing to us."""
    named = list(names)
    return next((role for role in _STRONGEST_FIRST if role in named), None)
