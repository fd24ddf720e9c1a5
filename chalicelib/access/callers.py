"""Who sends a request: as the authorizer found out, and then as the gate has looked up."""

from chalice.app import Request

from chalicelib.access.errors import AccessNotConfiguredError, ForbiddenError, UnauthorizedError
from chalicelib.access.model import ANYBODY, Principal, Role, holds
from chalicelib.access.settings import AccessSettings, access_from_environment
from chalicelib.access.tokens import authenticate
from chalicelib.errors import ApplicationError, InvalidSettingError

# Where the gate leaves what it found out. What API Gateway says of a request is JSON, which holds
# no `Principal`.
_LOOKED_UP = "device_parameters.principal"
_YES = "yes"


def principal_of(request: Request) -> Principal:
    """Who sends *request*.

    Raises `UnauthorizedError` where the gate has not asked: on an open route.
    """
    if configured().is_open:
        return ANYBODY
    known = request.context.get(_LOOKED_UP)
    if not isinstance(known, Principal):
        raise UnauthorizedError("nobody was asked who sends this request")
    return known


def remember(request: Request, principal: Principal) -> None:
    """Have `principal_of` answer *principal* for the rest of *request*."""
    request.context[_LOOKED_UP] = principal


def vouched_for(request: Request) -> Principal:
    """Who sends *request*, by the token alone.

    Raises `UnauthorizedError` where no authorizer was asked.
    """
    if configured().is_open:
        return ANYBODY
    known = request.context.get("authorizer") or {}
    try:
        return Principal(
            known["subject"],
            Role(known["role"]) if known["role"] else None,
            known.get("organization") or None,
            device_id=known.get("device_id") or None,
            site_id=known.get("site_id") or None,
            is_partial=known.get("is_partial") == _YES,
        )
    except (KeyError, ValueError):
        raise UnauthorizedError("no authorizer was asked about this request") from None


def as_context(principal: Principal) -> dict[str, str]:
    """*principal* as the authorizer hands it on; API Gateway takes texts only, and no null."""
    return {
        "role": principal.role.value if principal.role else "",
        "subject": principal.subject,
        "organization": principal.organization or "",
        "device_id": principal.device_id or "",
        "site_id": principal.site_id or "",
        "is_partial": _YES if principal.is_partial else "",
    }


def is_known(request: Request) -> bool:
    """Whether the sender of *request* to an open path has a valid token that may read others."""
    try:
        principal = authenticate(configured(), request.headers.get("authorization", ""))
    except ApplicationError:
        return False
    is_of_platform = principal.organization is None and not principal.is_partial
    return is_of_platform and holds(principal.role, Role.VIEWER)


def require_role(principal: Principal, role: Role) -> None:
    """Raise `ForbiddenError` unless *principal* holds *role*, or a higher one."""
    if not holds(principal.role, role):
        raise ForbiddenError(f"this needs the role {role}", role=role.value)


def configured() -> AccessSettings:
    """The settings of access; raises `AccessNotConfiguredError` where any is wrong."""
    try:
        return access_from_environment()
    except InvalidSettingError as error:
        raise AccessNotConfiguredError(error.message) from None
