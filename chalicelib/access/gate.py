"""Where every request is let in or turned away: closed, except for `/health` and the empty page.

Two locks, one table (`model.GRANTS`). API Gateway asks the authorizer, and keeps its answer for
a minute per token, *for all routes*; hence the answer lists all that the role may call, never
just the route asked for. Behind it stands a middleware that checks each request again, so that
a route declared later, or an API deployed without the authorizer, is closed as well.

What a caller gets:

| case                              | API Gateway              | `chalice local`, test client |
|-----------------------------------|--------------------------|------------------------------|
| no `Authorization` header         | 401, unasked             | 401, unasked                 |
| a token that does not count       | 401, we raise            | 401, our envelope            |
| a good token without any role     | 403, explicit deny       | 403, Chalice's body          |
| a role that does not suffice      | 403, implicit deny       | 403, Chalice's body          |
| the issuer's keys cannot be had   | 500, or 503 (see below)  | 503, our envelope            |
| no way in is configured           | 500, or 503 (see below)  | 503, our envelope            |
| AUTH_MODE=none                    | let in, with any header  | let in                       |

For API Gateway an authorizer can only allow, deny, raise exactly "Unauthorized" (401), or fail
(500); Lambda counts both of the latter as errors of the function. Gateway responses in the
template make `AUTHORIZER_FAILURE` and `AUTHORIZER_CONFIGURATION_ERROR` a 503 and give all of
them our envelope. `chalice local` knows no such exception and would drop the connection, so
there we raise its own.
"""

import json
import logging
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from chalice.app import AuthRequest, AuthResponse, AuthRoute, Chalice, Request, Response

from chalicelib.access.errors import AccessNotConfiguredError, ForbiddenError, UnauthorizedError
from chalicelib.access.model import ANYBODY, GRANTS, Principal, Role, is_granted
from chalicelib.access.settings import AccessSettings, access_from_environment
from chalicelib.access.tokens import authenticate
from chalicelib.errors import ApplicationError, InvalidSettingError
from chalicelib.http import json_response

logger = logging.getLogger(__name__)

# The page holds nothing: a browser has no token before the page has asked for one.
OPEN_PATHS = ("/health", "/", "/assets/{name}")
# How long API Gateway may let a token in that has expired, or been replaced, since it asked.
POLICY_SECONDS = 60


def close(app: Chalice, authorizer: Any) -> None:
    """Put both locks on every route of *app*; call it when all of them are registered.

    Under AUTH_MODE=none no authorizer is attached, because API Gateway and `chalice local`
    turn a request without a token away before they ask one. Only the environment of the
    process that packages or serves locally matters for that: the middleware reads its own.
    """
    app.register_middleware(_check, "http")
    if _is_open_to_all():
        return
    for path, entries in app.routes.items():
        for entry in entries.values():
            entry.authorizer = None if path in OPEN_PATHS else authorizer


def authorize(request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Answer for API Gateway: what the sender of this token may call.

    It is told why only where that is its own fault; the log says the rest, never the token.
    """
    try:
        principal = authenticate(configured(), request.token or "")
    except ForbiddenError as error:
        _log(error)
        return _denial(request)
    except ApplicationError as error:
        _log(error)
        raise _refusal(error) from None
    return AuthResponse(
        routes=[AuthRoute(grant.path, list(grant.methods)) for grant in GRANTS[principal.role]],
        principal_id=principal.subject,
        context={"role": principal.role.value, "subject": principal.subject},
    )


def principal_of(request: Request) -> Principal:
    """Who sends *request*, as the authorizer found out.

    Raises `UnauthorizedError` where no authorizer was asked.
    """
    if configured().is_open:
        return ANYBODY
    known = request.context.get("authorizer") or {}
    try:
        return Principal(known["subject"], Role(known["role"]))
    except (KeyError, ValueError):
        raise UnauthorizedError("no authorizer was asked about this request") from None


def is_known(request: Request) -> bool:
    """Whether the sender of *request*, on a path that is open, could read the others too."""
    try:
        principal = authenticate(configured(), request.headers.get("authorization", ""))
    except ApplicationError:
        return False
    return principal.role.includes(Role.VIEWER)


def require_role(principal: Principal, role: Role) -> None:
    """Raise `ForbiddenError` unless *principal* holds *role*, or a higher one."""
    if not principal.role.includes(role):
        raise ForbiddenError(f"this needs the role {role}", role=role.value)


def configured() -> AccessSettings:
    """The settings; raises `AccessNotConfiguredError` for whatever is wrong with them."""
    try:
        return access_from_environment()
    except InvalidSettingError as error:
        raise AccessNotConfiguredError(error.message) from None


def _is_open_to_all() -> bool:
    """Said once a process, at its start; so is it when nobody will be let in."""
    try:
        is_open = configured().is_open
    except AccessNotConfiguredError as error:
        _log(error)
        return False
    if is_open:
        logger.warning("access_open_to_all", extra={"reason": "AUTH_MODE=none"})
    return is_open


def _check(request: Request, get_response: Callable[[Request], Response]) -> Response:
    path = request.context.get("resourcePath", "")
    if path in OPEN_PATHS:
        return get_response(request)
    try:
        principal = principal_of(request)
        if not is_granted(principal.role, request.method, path):
            raise ForbiddenError(f"the role {principal.role} does not suffice")
    except ApplicationError as error:
        _log(error)
        request_id = str(request.context.get("requestId") or uuid4())
        return json_response(_envelope(error, request_id), error.http_status, **_headers(error))
    return get_response(request)


def _denial(request: AuthRequest) -> dict[str, Any]:
    # A policy that allows an empty list is malformed to API Gateway: a 500, where this is a 403.
    api_and_stage = "/".join(request.method_arn.split("/")[:2])
    everything = {
        "Action": "execute-api:Invoke",
        "Effect": "Deny",
        "Resource": [f"{api_and_stage}/*"],
    }
    return {
        "principalId": "without-role",
        "policyDocument": {"Version": "2012-10-17", "Statement": [everything]},
        "context": {},
    }


def _refusal(error: ApplicationError) -> Exception:
    # Only a local server or the test client imports it; it is not in a Lambda function.
    local = sys.modules.get("chalice.local")
    if local is not None:
        body = json.dumps(_envelope(error, str(uuid4()))).encode()
        refusal: Exception = local.LocalGatewayException(_headers(error), body)
        refusal.CODE = error.http_status  # type: ignore[attr-defined]
        return refusal
    return Exception("Unauthorized") if isinstance(error, UnauthorizedError) else error


def _envelope(error: ApplicationError, request_id: str) -> dict[str, Any]:
    message = error.public_message or error.message
    body = {"code": error.code, "message": message, "details": {}, "requestId": request_id}
    return {"error": body}


def _headers(error: ApplicationError) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else {}


def _log(error: ApplicationError) -> None:
    facts = {"error_code": error.code, "reason": error.message, **error.details}
    if error.http_status >= 500:
        logger.error("access_unavailable", extra=facts)
    else:
        logger.info("access_denied", extra=facts)
