"""The HTTP side of organizations: for the platform's own people."""

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.errors import KeyReusedError, StaleVersionError
from chalicelib.features.organizations import store
from chalicelib.features.organizations.bodies import (
    NewOrganization,
    Organization,
    OrganizationChange,
    OrganizationListQuery,
)
from chalicelib.features.organizations.change import OrganizationExistsError, change, create
from chalicelib.features.organizations.feature import FEATURE
from chalicelib.http import (
    ETAG,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    LOCATION,
    Answer,
    Asked,
    Nothing,
    Routes,
    reading_for,
    writing_for,
)
from chalicelib.http.organizations import OrganizationId
from chalicelib.ids import new_id
from chalicelib.listing import Listing

routes = Routes(__name__, FEATURE)


@routes.post(
    "/organizations",
    least=Role.ADMIN,
    scope=Scope.PLATFORM,
    body=NewOrganization,
    answers={201: Organization},
    refuses=(OrganizationExistsError, KeyReusedError),
    headers={**ETAG, **LOCATION},
    takes=(IDEMPOTENCY_KEY,),
    examples={"new": {"name": "Acme"}},
)
def create_organization(asked: Asked[Nothing, NewOrganization]) -> Answer[Organization]:
    """Add an organization."""
    given = asked.body.organization_id
    organization_id = new_id("org") if given is UNSET else given
    return writing_for(
        asked,
        lambda connection: _made(create(connection, asked.actor, organization_id, asked.body.name)),
    )


@routes.get(
    "/organizations",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=OrganizationListQuery,
    answers=Listing[Organization],
)
def list_organizations(asked: Asked[OrganizationListQuery, None]) -> Listing[Organization]:
    """Which organizations are there?"""
    with reading_for(asked) as connection:
        return store.list_organizations(connection, asked.query)


@routes.get(
    "/organizations/{organization_id}",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    answers=Organization,
    refuses=(UnknownOrganizationError,),
    headers=ETAG,
)
def get_organization(
    asked: Asked[Nothing, None], organization_id: OrganizationId
) -> Answer[Organization]:
    """How is the organization?"""
    with reading_for(asked) as connection:
        found = store.find(connection, organization_id)
    if found is None:
        raise UnknownOrganizationError(organization_id)
    return _shown(found)


@routes.patch(
    "/organizations/{organization_id}",
    least=Role.ADMIN,
    scope=Scope.PLATFORM,
    body=OrganizationChange,
    answers=Organization,
    refuses=(UnknownOrganizationError, StaleVersionError, KeyReusedError),
    headers=ETAG,
    takes=(IDEMPOTENCY_KEY, IF_MATCH),
    examples={"suspended": {"status": "suspended"}},
)
def change_organization(
    asked: Asked[Nothing, OrganizationChange], organization_id: OrganizationId
) -> Answer[Organization]:
    """Rename an organization, or suspend it: none of its people is let in then, from now on."""
    return writing_for(
        asked,
        lambda connection: _shown(
            change(connection, asked.actor, organization_id, asked.body, asked.require_version)
        ),
    )


def _shown(stored: store.Stored) -> Answer[Organization]:
    return Answer.versioned(stored.organization, stored.version)


def _made(stored: store.Stored) -> Answer[Organization]:
    address = f"organizations/{stored.organization.organization_id}"
    return Answer.versioned(stored.organization, stored.version, 201, Location=address)
