"""Who sends a request, as the authorizer found out."""

from chalice.app import Request

from chalicelib.access.errors import AccessNotConfiguredError, ForbiddenError, UnauthorizedError
from chalicelib.access.model import ANYBODY, Principal, Role
from chalicelib.access.settings import AccessSettings, access_from_environment
from chalicelib.access.tokens import authenticate
from chalicelib.errors import ApplicationError, InvalidSettingError


def principal_of(request: Request) -> Principal:
    """Who sends *request*.

    Raises `UnauthorizedError` where no authorizer was asked.
    """
    if configured().is_open:
        return ANYBODY
    known = request.context.get("authorizer") or {}
    try:
        return Principal(
            known["subject"],
            Role(known["role"]),
            known.get("organization") or None,
            device_id=known.get("device_id") or None,
            site_id=known.get("site_id") or None,
        )
    except (KeyError, ValueError):
        raise UnauthorizedError("no authorizer was asked about this request") from None


def as_context(principal: Principal) -> dict[str, str]:
    """*principal* as the authorizer hands it on; API Gateway takes texts only, and no null."""
    return {
        "role": principal.role.value,
        "subject": principal.subject,
        "organization": principal.organization or "",
        "device_id": principal.device_id or "",
        "site_id": principal.site_id or "",
    }


def is_known(request: Request) -> bool:
    """Whether the sender of *request* to an open path has a valid token that may read others."""
    try:
        principal = authenticate(configured(), request.headers.get("authorization", ""))
    except ApplicationError:
        return False
    return principal.organization is None and principal.role.includes(Role.VIEWER)


def require_role(principal: Principal, role: Role) -> None:
    """Raise `ForbiddenError` unless *principal* holds *role*, or a higher one."""
    if not principal.role.includes(role):
        raise ForbiddenError(f"this needs the role {role}", role=role.value)


def configured() -> AccessSettings:
    """The settings of access; raises `AccessNotConfiguredError` where any is wrong."""
    try:
        return access_from_environment()
    except InvalidSettingError as error:
        raise AccessNotConfiguredError(error.message) from None
