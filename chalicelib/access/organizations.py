"""Which organization a request is about: the caller's own, or the one that is named."""

from sqlalchemy import Connection

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Principal
from chalicelib.database import EVERY_ORGANIZATION
from chalicelib.database.statements import statements_beside
from chalicelib.errors import InvalidRequestError

sql = statements_beside(__file__)

PARAMETER = "organizationId"


def seen_by(principal: Principal, named: str | None) -> str:
    """Whose rows a transaction of *principal* sees, who has *named* an organization.

    Raises `UnknownOrganizationError` where that is another one than the caller's own.
    """
    if principal.organization is None:
        return named or EVERY_ORGANIZATION
    if named not in (None, principal.organization):
        raise UnknownOrganizationError(str(named))
    return principal.organization


def require_organization(connection: Connection, organization_id: str) -> None:
    """Raise `UnknownOrganizationError` where the transaction sees no such organization."""
    values = {"organization_id": organization_id}
    if not connection.execute(sql.has_organization, values).scalar_one():
        raise UnknownOrganizationError(organization_id)


def written_by(connection: Connection, principal: Principal, named: str | None) -> str:
    """The organization whose rows *principal* writes.

    The platform's own people name it, unless there is only one. Raises `InvalidRequestError` where
    they have not.
    """
    known = principal.organization or named
    if known is not None:
        return known
    found = connection.execute(sql.first_organizations).scalars().all()
    if len(found) != 1:
        raise InvalidRequestError(
            f"{PARAMETER} must name the organization: there are "
            f"{'several' if found else 'none yet'}",
            parameter=PARAMETER,
        )
    return str(found[0])
