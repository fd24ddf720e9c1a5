"""The scripts that make roles: the files themselves, and what they grant one by one."""

import re
from dataclasses import dataclass

from tests.sandbox import PROJECT

SCRIPT = (PROJECT / "docs" / "runtime-role.sql").read_text("utf-8")
LOADER_SCRIPT = (PROJECT / "docs" / "loader-role.sql").read_text("utf-8")
RUNTIME, REFRESH = "device_parameters_runtime", "device_parameters_refresh"
LOADER = "device_parameters_loader"
_GRANT = re.compile(r"GRANT ([A-Z, ]+) ON ([\w.% ]+?) TO (\w+)")


@dataclass(frozen=True)
class Grant:
    """One privilege on one object."""

    privilege: str
    subject: str
    role: str

    def __str__(self) -> str:
        return f"{self.privilege} ON {self.subject}"


def privileges(script: str = SCRIPT) -> list[Grant]:
    """Every privilege a script grants; the database is called `DATABASE %I`."""
    return [
        Grant(privilege, subject, role)
        for granted, subject, role in _GRANT.findall(script)
        for privilege in granted.split(", ")
    ]


def tables(script: str = SCRIPT, role: str = RUNTIME) -> set[str]:
    """The tables and views of `iot_data` that *role* has a line for."""
    subjects = (grant.subject for grant in privileges(script) if grant.role == role)
    return {name.removeprefix("iot_data.") for name in subjects if name.startswith("iot_data.")}


def renamed(sql: str, suffix: str) -> str:
    """*sql* with roles of other names, as the files tell their reader to do."""
    for role in (RUNTIME, REFRESH, LOADER):
        sql = sql.replace(role, f"{role}{suffix}")
    return sql
