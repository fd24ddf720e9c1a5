"""The routes of the service itself: who the caller is, and what there is to ask."""

from typing import Annotated, Any, cast

from chalicelib.access.errors import UnknownOrganizationError
from chalicelib.access.model import Role, Scope
from chalicelib.audit import list_entries
from chalicelib.audit.bodies import AuditEntry, AuditQuery
from chalicelib.bodies import UNSET, Body, Meta, UnsetType
from chalicelib.http import Asked, Nothing, Page, Routes, page_of, reading_for, seen_by_caller
from chalicelib.http.gate import declared_routes
from chalicelib.http.organizations import OrganizationId
from chalicelib.service.feature import SERVICE

routes = Routes(__name__, SERVICE)


class Caller(Body):
    """Who calls."""

    subject: Annotated[
        str,
        Meta(
            description="The `sub` of the issuer's token, or `token:` and the static token's name."
        ),
    ]
    role: Annotated[Role, Meta(description="What the caller may do.")]
    organization: Annotated[
        str | None,
        Meta(description="Where the caller belongs; null for the platform's own people."),
    ]


@routes.get("/me", least=Role.VIEWER, scope=Scope.ORGANIZATION, answers=Caller)
def get_me(asked: Asked[Nothing, None]) -> Caller:
    """Who am I?"""
    principal = asked.principal
    # The gate has let nobody through to here who has no role.
    role = cast(Role, principal.role)
    return Caller(subject=principal.subject, role=role, organization=principal.organization)


class OwnedAuditQuery(AuditQuery):
    """Which entries to list, and of which organization."""

    organization_id: (
        Annotated[
            OrganizationId,
            Meta(
                description="Only what is about it. An organization's admins see its entries only."
            ),
        ]
        | UnsetType
    ) = UNSET


@routes.get(
    "/audit",
    least=Role.ADMIN,
    scope=Scope.ORGANIZATION,
    query=OwnedAuditQuery,
    answers=Page[AuditEntry],
    refuses=(UnknownOrganizationError,),
)
def list_audit_entries(asked: Asked[OwnedAuditQuery, None]) -> Page[AuditEntry]:
    """Who did what? Newest first."""
    with reading_for(asked) as connection:
        entries = list_entries(connection, asked.query, seen_by_caller(asked))
    return page_of(entries, asked.query, lambda entry: (entry.audit_id,))


@routes.get("/openapi.json", least=Role.VIEWER, scope=Scope.ORGANIZATION, answers=dict[str, Any])
def get_document(_: Asked[Nothing, None]) -> dict[str, Any]:
    """This document: what the application answers, as OpenAPI 3.1."""
    # People and generators ask for it, and nobody else: no other request waits for its import.
    from chalicelib.http.openapi import document

    return document(list(declared_routes(routes.current_app)))
