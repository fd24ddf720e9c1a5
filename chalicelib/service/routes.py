"""The routes of the service itself: who the caller is, and what there is to ask."""

from typing import Annotated, Any, cast

from chalicelib.access.model import Role, Scope
from chalicelib.audit import list_entries
from chalicelib.audit.bodies import AuditEntry, AuditQuery
from chalicelib.bodies import Body, Meta
from chalicelib.http import Asked, Nothing, Page, Routes, page_of, reading
from chalicelib.http.gate import declared_routes
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


@routes.get(
    "/audit", least=Role.ADMIN, scope=Scope.PLATFORM, query=AuditQuery, answers=Page[AuditEntry]
)
def list_audit_entries(asked: Asked[AuditQuery, None]) -> Page[AuditEntry]:
    """Who did what? Newest first."""
    with reading() as connection:
        entries = list_entries(connection, asked.query)
    return page_of(entries, asked.query, lambda entry: (entry.audit_id,))


@routes.get("/openapi.json", least=Role.VIEWER, scope=Scope.ORGANIZATION, answers=dict[str, Any])
def get_document(_: Asked[Nothing, None]) -> dict[str, Any]:
    """This document: what the application answers, as OpenAPI 3.1."""
    # People and generators ask for it, and nobody else: no other request waits for its import.
    from chalicelib.http.openapi import document

    return document(list(declared_routes(routes.current_app)))
