"""Why a caller is turned away.

ApplicationError
├── UnauthorizedError         no token, or one that is not valid         → 401
│   └── ClaimMissingError     the issuer's token lacks a claim           → 401
├── ForbiddenError            a valid token whose role does not suffice  → 403
├── UnknownOrganizationError  no organization has that id, or not for you    → 404
├── AccessNotConfiguredError  nobody can get in, or a setting is wrong   → 503
├── IssuerUnavailableError    the issuer's keys cannot be fetched        → 503
└── UndeclaredRouteError      a route does not say who may call it       → no start
"""

from chalicelib.errors import ApplicationError, UnknownResourceError


class UnauthorizedError(ApplicationError):
    """Its message is for the log: a stranger is not told what was wrong with the token."""

    code = "UNAUTHORIZED"
    http_status = 401
    public_message = "a valid bearer token is needed"


class ClaimMissingError(UnauthorizedError):
    """Its bearer may know which claim: the token is signed by the issuer, and so no guess."""

    def __init__(self, claim: str) -> None:
        super().__init__(f"the token has no claim {claim}", missing_claim=claim)


class ForbiddenError(ApplicationError):
    code = "FORBIDDEN"
    http_status = 403


class UnknownOrganizationError(UnknownResourceError):
    """Another caller's organization, and one that is not there, are the same to whoever asks."""

    code = "ORGANIZATION_NOT_FOUND"

    def __init__(self, organization_id: str) -> None:
        super().__init__(
            f"there is no organization {organization_id!r}", organizationId=organization_id
        )


class AccessNotConfiguredError(ApplicationError):
    code = "ACCESS_NOT_CONFIGURED"
    http_status = 503
    public_message = "the service is not configured"


class IssuerUnavailableError(ApplicationError):
    code = "ISSUER_UNAVAILABLE"
    http_status = 503
    public_message = "the identity provider cannot be reached"


class UndeclaredRouteError(ApplicationError):
    code = "ROUTE_UNDECLARED"
