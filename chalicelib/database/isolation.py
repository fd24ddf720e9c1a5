"""What keeps the rows of one organization from another, below all code: row level security.

A transaction says whose rows it sees. A table with a column `organization_id` shows and takes rows
of that organization, and none at all where a transaction says nothing; `migrations/isolation.py`
makes the policies. A role that bypasses them would see everything: in Lambda it is refused.
"""

import os

from sqlalchemy import ColumnElement, Connection, text, true

from chalicelib.errors import RoleNotIsolatedError

# What the policies read. It is set for a transaction, never for a session.
ORGANIZATION_SETTING = "device_parameters.organization"
# For the platform's own people, and for work that is nobody's. No organization can be called so.
EVERY_ORGANIZATION = "*"

_IN_LAMBDA = "AWS_LAMBDA_FUNCTION_NAME"
_IS_ISOLATED = "device_parameters.is_isolated"
_ROLE_THAT_BYPASSES = text(
    "SELECT rolname FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)"
)


def is_of(column: ColumnElement[str], organization: str) -> ColumnElement[bool]:
    """The condition that a row is one of *organization*; any row is one of `EVERY_ORGANIZATION`.

    Queries say it themselves: the policies are what holds where one forgets to.
    """
    return true() if organization == EVERY_ORGANIZATION else column == organization


def require_isolated_role(connection: Connection) -> None:
    """Raise `RoleNotIsolatedError` in Lambda, where the policies do not hold for this login.

    It is asked once for each connection: who logs in stays the same.
    """
    if _IN_LAMBDA not in os.environ or connection.info.get(_IS_ISOLATED):
        return
    if role := connection.execute(_ROLE_THAT_BYPASSES).scalar_one_or_none():
        raise RoleNotIsolatedError(
            f"the database role {role} bypasses row level security, which keeps organizations "
            "apart: let the functions log in as the role that docs/runtime-role.sql makes",
            role=role,
        )
    connection.info[_IS_ISOLATED] = True
