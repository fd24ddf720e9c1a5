"""The OpenAPI 3.1 document, made from what the routes declare.

People and generators ask for it, and nobody else: it is imported when it is asked for.
"""

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.access.errors import ForbiddenError, UnauthorizedError
from chalicelib.access.model import Scope
from chalicelib.errors import ApplicationError, InvalidRequestError, ServiceDownError
from chalicelib.http.answers import CODES_OF_CHALICE, envelope
from chalicelib.http.requests import Header
from chalicelib.http.routes import Route
from chalicelib.http.schemas import Schemas
from chalicelib.version import VERSION

Json = dict[str, Any]

_SCHEMES: dict[str, Json] = {
    "oidc": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An id or access token of the OpenID Connect issuer.",
    },
    "apiToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "The static token, if one is configured.",
    },
}
_ANY_TOKEN: list[Json] = [{scheme: []} for scheme in _SCHEMES]
_DESCRIPTION = """\
The readings of an IoT platform, and what is known of its devices.

- Times are UTC, ISO 8601, to the microsecond.
- Lists come in pages: pass the `next` of one on as `after` for the following one.
- Parameters and fields that are not named here are refused, not ignored.
- Every error has the same envelope; quote its `requestId` when you report one.
- Roles ascend: a `viewer` reads, an `operator` also starts things, an `admin` may do everything; a
  `device` stands apart, and sends what devices send.
"""
_UNSUPPORTED_MEDIA_TYPE = 415
_ERRORS: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "A parameter or the body is malformed, unknown or repeated."),
    401: ("Unauthorized", "There is no token, or it is not valid."),
    403: ("Forbidden", "The token is valid, but its role or its organization does not suffice."),
    404: ("NotFound", "Nothing has that name."),
    409: ("Conflict", "It contradicts what is there, or what is under way."),
    412: ("PreconditionFailed", "It has been changed since it was read."),
    _UNSUPPORTED_MEDIA_TYPE: (
        "UnsupportedMediaType",
        "The request has a `Content-Type` other than `application/json`.",
    ),
    500: (
        "InternalError",
        "Something failed that the caller cannot mend, or the time was used up.",
    ),
    503: (
        "Unavailable",
        "The database cannot be reached, is not migrated, or access is not configured.",
    ),
}
# What an answer of this status means, said before the description of its body.
_STATUSES = {
    201: "It has been made. ",
    202: "It has begun, and is under way. ",
}
_WHOSE = {
    Scope.PLATFORM: "A caller who belongs to an organization may not call it.",
    Scope.ORGANIZATION: "A caller who belongs to an organization may call it.",
}
_ALWAYS_POSSIBLE = (400, _UNSUPPORTED_MEDIA_TYPE, 500, 503)
_UNLESS_OPEN = (UnauthorizedError.http_status, ForbiddenError.http_status)
_CODES = {_UNSUPPORTED_MEDIA_TYPE: CODES_OF_CHALICE["UnsupportedMediaType"]}
_NO_STORE = {
    "description": "Nobody may keep it: the next request may be answered differently.",
    "required": True,
    "schema": {"type": "string", "const": "no-store"},
}
_CHALLENGE = {"description": "How to authenticate.", "schema": {"type": "string"}}
_REQUEST_ID = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"


def document(routes: Sequence[Route]) -> Json:
    """The document of *routes*, without those that do not answer JSON."""
    described = [route for route in routes if None not in route.answers.values()]
    schemas = Schemas(described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "device-parameters",
            "version": VERSION,
            "summary": "Which device reports which parameter, and how the devices are.",
            "description": _DESCRIPTION,
        },
        # Relative to this document, which API Gateway serves below its stage.
        "servers": [{"url": ".", "description": "Where this document comes from."}],
        "security": _ANY_TOKEN,
        "tags": _tags(described),
        "paths": _paths(described, schemas),
        "components": {
            "schemas": schemas.components(),
            "responses": _responses(described, schemas),
            "securitySchemes": _SCHEMES,
        },
    }


def _tags(routes: Iterable[Route]) -> list[Json]:
    about = {route.feature.name: route.feature.about for route in routes}
    return [{"name": name, "description": says} for name, says in about.items()]


def _paths(routes: Iterable[Route], schemas: Schemas) -> Json:
    paths: Json = {}
    for route in routes:
        item = paths.setdefault(route.address, {})
        parameters = schemas.path_parameters(route)
        if parameters:
            item["parameters"] = parameters
        for method in route.methods:
            item[method.lower()] = _operation(route, method, schemas)
    return paths


def _operation(route: Route, method: str, schemas: Schemas) -> Json:
    summary, _, description = (inspect.getdoc(route.view) or "").partition("\n\n")
    is_head = method == "HEAD"
    if is_head:
        description = "The same as GET, without the body."
    operation: Json = {
        "operationId": f"head_{route.name}" if is_head else route.name,
        "summary": summary,
        "description": "\n\n".join(filter(None, (description, _who_may(route)))),
        "tags": [route.feature.name],
        "responses": _without_bodies(route) if is_head else _answers(route, schemas),
    }
    if parameters := [*schemas.query_parameters(route), *map(_taken, route.takes)]:
        operation["parameters"] = parameters
    if route.requirement.is_open:
        operation["security"] = [{}, *_ANY_TOKEN]
    if route.body is not None:
        operation["requestBody"] = _request_body(route, schemas)
    return operation


def _who_may(route: Route) -> str:
    least, scope = route.requirement.least, route.requirement.scope
    if least is None:
        return "Open to everybody."
    return f"It takes the role `{least}`, or one that includes it. {_WHOSE[scope]}"


def _request_body(route: Route, schemas: Schemas) -> Json:
    examples = {name: {"value": value} for name, value in route.examples.items()}
    content = {"schema": schemas.of_body(route), **({"examples": examples} if examples else {})}
    return {"required": route.is_body_required, "content": {"application/json": content}}


def _answers(route: Route, schemas: Schemas) -> Json:
    headers = {name: _header(says) for name, says in route.headers.items()}
    answers = {
        str(status): {
            "description": f"{_STATUSES.get(status, '')}{schemas.says(kind)}",
            "headers": {"Cache-Control": _NO_STORE, **headers},
            "content": {"application/json": {"schema": schemas.of(kind)}},
        }
        for status, kind in route.answers.items()
    }
    return {**answers, **{str(status): _reference(status) for status in refusals(route)}}


def _taken(header: Header) -> Json:
    return {
        "name": header.name,
        "in": "header",
        "description": header.description,
        "schema": {"type": "string", "pattern": f"^({header.pattern})$"},
        "example": header.example,
    }


def _header(says: str) -> Json:
    return {"description": says, "required": False, "schema": {"type": "string"}}


def _without_bodies(route: Route) -> Json:
    """The same statuses, as HEAD answers them."""
    bodiless = {"$ref": "#/components/responses/WithoutBody"}
    return {str(status): bodiless for status in sorted((*route.answers, *refusals(route)))}


def refusals(route: Route) -> list[int]:
    """The statuses with which *route* may refuse."""
    turned_away = () if route.requirement.is_open else _UNLESS_OPEN
    own = {error.http_status for error in route.refuses}
    return sorted({*_ALWAYS_POSSIBLE, *turned_away, *own})


def _reference(status: int) -> Json:
    return {"$ref": f"#/components/responses/{_ERRORS[status][0]}"}


def _responses(routes: Sequence[Route], schemas: Schemas) -> Json:
    codes = {error.http_status: error.code for route in routes for error in route.refuses}
    errors = {
        _ERRORS[status][0]: _error_response(status, codes.get(status), schemas)
        for status in sorted({status for route in routes for status in refusals(route)})
    }
    return {**errors, "WithoutBody": {"description": "As GET answers, without the body."}}


def _error_response(status: int, code: str | None, schemas: Schemas) -> Json:
    error = envelope(_example_of(status, code), _REQUEST_ID)
    content = {"schema": schemas.of_error(), "example": {"error": error}}
    headers = {"headers": {"WWW-Authenticate": _CHALLENGE}} if status == 401 else {}
    return {
        "description": _ERRORS[status][1],
        "content": {"application/json": content},
        **headers,
    }


def _example_of(status: int, code: str | None) -> ApplicationError:
    examples: dict[int, ApplicationError] = {
        400: InvalidRequestError("limit must be a whole number >= 1", parameter="limit"),
        401: UnauthorizedError(""),
        403: ForbiddenError("this needs the role operator", role="operator"),
        503: ServiceDownError(""),
    }
    if status in examples:
        return examples[status]
    error = ApplicationError(_ERRORS[status][1])
    error.code = code or _CODES.get(status, error.code)
    return error
