"""The routes of the service itself: who the caller is, and what there is to ask."""

from typing import Annotated, Any

from chalicelib.access.model import Role, Scope
from chalicelib.bodies import Body, Meta
from chalicelib.http import Asked, Nothing, Routes
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
    return Caller(
        subject=principal.subject, role=principal.role, organization=principal.organization
    )


@routes.get("/openapi.json", least=Role.VIEWER, scope=Scope.ORGANIZATION, answers=dict[str, Any])
def get_document(_: Asked[Nothing, None]) -> dict[str, Any]:
    """This document: what the application answers, as OpenAPI 3.1."""
    # People and generators ask for it, and nobody else: no other request waits for its import.
    from chalicelib.http.openapi import document

    return document(list(declared_routes(routes.current_app)))
