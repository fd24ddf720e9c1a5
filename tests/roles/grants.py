"""The scripts that make the roles: the committed files, and what each right in them is for."""

from dataclasses import dataclass

from chalicelib.database.tables import SCHEMA
from stack import database_roles
from stack.database_roles import REFRESH, RUNTIME
from stack.declared import DECLARED
from tests.sandbox import PROJECT

ROLES = database_roles.roles(DECLARED)
SCRIPTS = {role: (PROJECT / "docs" / f"{role}-role.sql").read_text("utf-8") for role in ROLES}
AGGREGATES = database_roles.aggregates(DECLARED)


@dataclass(frozen=True)
class Grant:
    """One privilege of a role, and the feature that asks for it; None where all roles have it."""

    role: str
    privilege: str
    subject: str
    feature: str | None = None

    def __str__(self) -> str:
        return f"{self.role}: {self.privilege} ON {self.subject}"


def grants_of(role: str) -> list[Grant]:
    """Everything that the script of *role* grants, once for each feature that asks for it."""
    return [
        Grant(role, "CONNECT", "DATABASE {database}"),
        Grant(role, "TEMPORARY", "DATABASE {database}"),
        Grant(role, "USAGE", f"SCHEMA {SCHEMA}"),
        *_asked_for_by_features(role),
        *(_needed_to_refresh() if role == RUNTIME else ()),
    ]


def renamed(sql: str, suffix: str) -> str:
    """*sql* with roles of other names, as the files tell their reader to do."""
    for role in (*ROLES, REFRESH):
        name = database_roles.role_name(role)
        sql = sql.replace(name, f"{name}{suffix}")
    return sql


def _asked_for_by_features(role: str) -> list[Grant]:
    return [
        Grant(role, privilege, _subject(role, name.removesuffix("?")), feature.name)
        for feature in DECLARED
        for name, privileges in feature.rights.get(role, {}).items()
        for privilege in privileges.split()
    ]


def _subject(role: str, name: str) -> str:
    [subject] = {
        right.subject
        for rights in database_roles.rights(role, DECLARED).values()
        for right in rights
        if right.name == name
    }
    return subject


def _needed_to_refresh() -> list[Grant]:
    """The rights of the role that owns the aggregates."""
    return [
        Grant(REFRESH, "SELECT", f"{SCHEMA}.{source}", feature.name)
        for feature in DECLARED
        for sources in feature.aggregates.values()
        for source in sources
    ]
