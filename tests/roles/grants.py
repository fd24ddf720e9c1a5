"""`docs/runtime-role.sql`: the file itself, and what it grants one by one."""

import re
from dataclasses import dataclass

from tests.sandbox import PROJECT

SCRIPT = (PROJECT / "docs" / "runtime-role.sql").read_text("utf-8")
RUNTIME, REFRESH = "device_parameters_runtime", "device_parameters_refresh"
_GRANT = re.compile(r"GRANT ([A-Z, ]+) ON ([\w.% ]+?) TO (\w+)")


@dataclass(frozen=True)
class Grant:
    """One privilege on one object."""

    privilege: str
    subject: str
    role: str

    def __str__(self) -> str:
        return f"{self.privilege} ON {self.subject}"


def privileges() -> list[Grant]:
    """Every privilege the file grants; the database is called `DATABASE %I`."""
    return [
        Grant(privilege, subject, role)
        for granted, subject, role in _GRANT.findall(SCRIPT)
        for privilege in granted.split(", ")
    ]


def tables() -> set[str]:
    """The tables and views of `iot_data` that the runtime role has a line for."""
    subjects = (grant.subject for grant in privileges() if grant.role == RUNTIME)
    return {name.removeprefix("iot_data.") for name in subjects if name.startswith("iot_data.")}


def renamed(sql: str, suffix: str) -> str:
    """*sql* with roles of other names, as the file tells its reader to do."""
    return sql.replace(RUNTIME, f"{RUNTIME}{suffix}").replace(REFRESH, f"{REFRESH}{suffix}")
