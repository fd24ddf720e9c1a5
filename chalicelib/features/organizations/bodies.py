"""The bodies of organizations."""

from typing import Annotated

from chalicelib.bodies import UNSET, Body, Instant, Meta, Name, UnsetType
from chalicelib.features.organizations.model import OrganizationSort, OrganizationStatus
from chalicelib.http.organizations import OrganizationId
from chalicelib.listing import ListQuery

_OrganizationName = Annotated[Name, Meta(description="What it is called.", examples=["Acme"])]
_Status = Annotated[
    OrganizationStatus,
    Meta(description="Of one that is `suspended`, nobody is let in.", examples=["active"]),
]


class NewOrganization(Body, rename="camel"):
    """An organization that is to be."""

    name: _OrganizationName
    organization_id: (
        Annotated[
            OrganizationId,
            Meta(description="Its id, where tokens name it by one already; otherwise one is made."),
        ]
        | UnsetType
    ) = UNSET


class OrganizationChange(Body, rename="camel"):
    """What is to change. A field that is left out stays as it is."""

    name: _OrganizationName | UnsetType = UNSET
    status: _Status | UnsetType = UNSET


class Organization(Body, rename="camel"):
    """An organization."""

    organization_id: OrganizationId
    name: _OrganizationName
    status: _Status
    created_at: Annotated[Instant, Meta(description="Since when it is here.")]
    updated_at: Annotated[Instant, Meta(description="When it was last changed.")]


class OrganizationListQuery(ListQuery, rename="camel"):
    """Which organizations to list."""

    status: (
        Annotated[
            OrganizationStatus, Meta(description="Only those that are so.", examples=["active"])
        ]
        | UnsetType
    ) = UNSET
    sort_by: Annotated[
        OrganizationSort, Meta(description="By what they are sorted.", examples=["name"])
    ] = OrganizationSort.NAME
