"""Lets every request in or turns it away; all is closed, except for the routes that say otherwise.

There are two locks. API Gateway asks the authorizer, and keeps its answer for a minute per token,
*for all routes*; hence the answer lists all that the caller may call, never just the route asked
for. Behind it stands a middleware that checks each request again by what its route declares, so
that a route declared later, or an API deployed without the authorizer, is closed as well.

What somebody with a token of the issuer may do stands in the database, where it changes from one
request to the next. The authorizer does not see that: it lets in whomever the issuer vouches for,
and the middleware looks up who that is. Static tokens may do what they say, and both locks hold
them to it.

What a caller gets:

| case                              | API Gateway              | `chalice local`, test client |
|-----------------------------------|--------------------------|------------------------------|
| no `Authorization` header         | 401, unasked             | 401, unasked                 |
| a token that is not valid         | 401, we raise            | 401                          |
| a valid token without any role    | 403, the application     | 403                          |
| one that names no organization    | 403, explicit deny       | 403                          |
| too low a role, or another scope  | 403 (for a static token  | 403                          |
|                                   | by an implicit deny)     |                              |
| no such address or method         | 404, unasked             | 404, or 405 for the method   |
| the issuer's keys are unavailable | 500, or 503 (see below)  | 503                          |
| no way in is configured           | 500, or 503 (see below)  | 503                          |
| AUTH_MODE=none                    | let in, with any header  | let in                       |

For API Gateway an authorizer can only allow, deny, raise exactly "Unauthorized" (401), or fail
(500); Lambda counts both of the latter as errors of the function. Gateway responses in the
template make `AUTHORIZER_FAILURE` and `AUTHORIZER_CONFIGURATION_ERROR` a 503. `chalice local` knows
no such exception and would drop the connection, so there we raise its own. Each refusal has our
envelope, whoever refuses: API Gateway by the template (`refusals.py`), `chalice local` by
`local.py`.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from chalice.app import AuthRequest, AuthResponse, AuthRoute, Chalice, Request, Response

from chalicelib.access.callers import as_context, configured, is_known, remember, vouched_for
from chalicelib.access.errors import (
    AccessNotConfiguredError,
    ClaimMissingError,
    ForbiddenError,
    UnauthorizedError,
    UndeclaredRouteError,
)
from chalicelib.access.model import Principal, Requirement, Role
from chalicelib.access.tokens import authenticate
from chalicelib.errors import ApplicationError
from chalicelib.http.answers import SAFE_HEADERS, envelope, json_response, request_id_of
from chalicelib.http.routes import Route, declared

logger = logging.getLogger(__name__)

# Who somebody with a token of the issuer is by what the application itself keeps of its users.
LookUp = Callable[[Principal], Principal]

# How long API Gateway may let a token in that has expired, or been replaced, since it asked.
POLICY_SECONDS = 60


def close(app: Chalice, authorizer: Any, look_up: LookUp) -> None:
    """Put both locks on every route of *app*; call it when all of them are registered.

    Raises `UndeclaredRouteError` for a route that does not say who may call it. Under
    AUTH_MODE=none no authorizer is attached, because API Gateway and `chalice local` turn a
    request without a token away before they ask one. Only the environment of the process that
    packages or serves locally matters for that: the middleware reads its own.
    """
    routes = list(declared_routes(app))
    if "chalice.local" in sys.modules:
        # Only a local server or the test client imports it; it is not in a Lambda function.
        from chalicelib.http.local import refuse_as_deployed

        refuse_as_deployed()
    app.register_middleware(_checking(app, look_up), "http")
    if _is_open_to_all():
        return
    for route in routes:
        for method in route.methods:
            entry = app.routes[route.address][method]
            entry.authorizer = None if route.requirement.is_open else authorizer


def declared_routes(app: Chalice) -> Iterator[Route]:
    """Every route of *app*, as it is declared; raises `UndeclaredRouteError` for one without."""
    for address, entries in app.routes.items():
        yield from dict.fromkeys(_declared(address, entry) for entry in entries.values())


def _declared(address: str, entry: Any) -> Route:
    route = declared(entry.view_function)
    if route is None:
        raise UndeclaredRouteError(f"{address} does not declare who may call it")
    return route


def authorize(app: Chalice, request: AuthRequest) -> AuthResponse | dict[str, Any]:
    """Answer for API Gateway: what the sender of this token may call.

    A sender that is turned away is told the reason only where that is its own fault. The log says
    the rest, but never the token.
    """
    try:
        principal = authenticate(configured(), request.token or "")
    except ForbiddenError as error:
        _log(error)
        return _denial(request)
    except ApplicationError as error:
        _log(error)
        raise _refusal(error) from None
    granted = _granted(app, principal)
    if not granted:
        return _denial(request)
    return AuthResponse(
        routes=granted, principal_id=principal.subject, context=as_context(principal)
    )


def _granted(app: Chalice, principal: Principal) -> list[AuthRoute | str]:
    """What *principal* may call, as far as its token says."""
    if _may_call_all(principal):
        return [AuthRoute("*", ["*"])]
    granted: dict[str, set[str]] = {}
    for route in declared_routes(app):
        if not route.requirement.is_open and route.requirement.is_met_by(principal):
            granted.setdefault(route.address, set()).update(route.methods)
    return [_granted_at(app, address, methods) for address, methods in granted.items()]


def _may_call_all(principal: Principal) -> bool:
    return principal.is_from_issuer or principal.role is Role.ADMIN


def _granted_at(app: Chalice, address: str, methods: set[str]) -> AuthRoute:
    """The routes at *address* with these *methods*.

    All methods together are one entry, because API Gateway limits the size of the answer.
    """
    is_all = methods == app.routes[address].keys()
    return AuthRoute(_pattern(address), ["*"] if is_all else sorted(methods))


def _pattern(address: str) -> str:
    """*address* with `*`, which stands for anything, in place of each variable."""
    return "/".join("*" if part.startswith("{") else part for part in address.split("/"))


def _is_open_to_all() -> bool:
    """Whether everybody is let in.

    The log says so once, at the start, as it does where nobody is.
    """
    try:
        is_open = configured().is_open
    except AccessNotConfiguredError as error:
        _log(error)
        return False
    if is_open:
        logger.warning("access_open_to_all", extra={"reason": "AUTH_MODE=none"})
    return is_open


def _checking(
    app: Chalice, look_up: LookUp
) -> Callable[[Request, Callable[[Request], Response]], Response]:
    def check(request: Request, get_response: Callable[[Request], Response]) -> Response:
        try:
            _require_access(app, request, look_up)
        except ApplicationError as error:
            _log(error)
            is_told = error.is_told_to_callers and is_known(request)
            body = {"error": _turned_away(error, request_id_of(request), is_told=is_told)}
            return json_response(body, error.http_status, **_headers(error))
        return get_response(request)

    return check


def _require_access(app: Chalice, request: Request, look_up: LookUp) -> None:
    """Raise unless the sender of *request* may call its route."""
    address = request.context.get("resourcePath", "")
    entry = app.routes.get(address, {}).get(request.method)
    route = declared(entry.view_function) if entry else None
    if route is not None and route.requirement.is_open:
        return
    if entry is None:
        return  # There is nothing to guard, and Chalice says so; API Gateway does not get here.
    principal = vouched_for(request)
    if principal.is_from_issuer:
        principal = look_up(principal)
    remember(request, principal)
    if route is None or not route.requirement.is_met_by(principal):
        raise ForbiddenError(_lack(principal, route.requirement if route else None))


def _lack(principal: Principal, requirement: Requirement | None) -> str:
    if requirement and not requirement.is_open_to_organization_of(principal):
        return "this is for the platform's own people"
    if principal.role is None:
        return "nobody has given this caller a role"
    return f"the role {principal.role} does not suffice"


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
    local = sys.modules.get("chalice.local")
    if local is not None:
        body = json.dumps({"error": _turned_away(error, str(uuid4()))}).encode()
        refusal: Exception = local.LocalGatewayException({**SAFE_HEADERS, **_headers(error)}, body)
        refusal.CODE = error.http_status  # type: ignore[attr-defined]
        return refusal
    return Exception("Unauthorized") if isinstance(error, UnauthorizedError) else error


def _turned_away(
    error: ApplicationError, request_id: str, *, is_told: bool = False
) -> dict[str, object]:
    """The envelope without details: they would tell a stranger what the right answer is."""
    details = error.details if is_told or isinstance(error, ClaimMissingError) else {}
    return {**envelope(error, request_id, is_told=is_told), "details": details}


def _headers(error: ApplicationError) -> dict[str, str]:
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else {}


def _log(error: ApplicationError) -> None:
    facts = {"error_code": error.code, "reason": error.message, **error.details}
    if error.http_status >= 500:
        logger.error("access_unavailable", extra=facts)
    else:
        logger.info("access_denied", extra=facts)
