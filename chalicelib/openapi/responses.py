"""What comes back: answers by kind, and errors in their one envelope."""

from typing import Any

from chalicelib.access.errors import AccessNotConfiguredError, ForbiddenError, UnauthorizedError
from chalicelib.errors import (
    ApplicationError,
    InvalidRequestError,
    RunAlreadyActiveError,
    UnknownResourceError,
)
from chalicelib.openapi.shapes import Schema, schema_ref, text

Responses = dict[str, dict[str, Any]]

UNSUPPORTED_MEDIA_TYPE = "415"
# A path that is open to all turns nobody away.
OPEN = ("400", UNSUPPORTED_MEDIA_TYPE, "500", "503")
CLOSED = ("401", "403", *OPEN)

_CACHE_CONTROL = {
    "description": "Nobody may keep it: all of it changes with the next run.",
    "required": True,
    "schema": {"type": "string", "const": "no-store"},
}
_CHALLENGE = {"description": "How to authenticate.", "schema": {"type": "string"}}


def answer(description: str, body: Schema, **headers: dict[str, Any]) -> dict[str, Any]:
    """A success."""
    return {
        "description": description,
        "headers": {"Cache-Control": _CACHE_CONTROL, **headers},
        "content": {"application/json": {"schema": body}},
    }


def location(*, required: bool, description: str) -> dict[str, Any]:
    """The header that says where a run can be read."""
    schema = text("A URL reference.", format="uri-reference")
    return {"description": description, "required": required, "schema": schema}


def errors(*statuses: str) -> Responses:
    """References to the errors of these statuses."""
    return {
        status: {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in sorted(statuses)
    }


def without_bodies(responses: Responses) -> Responses:
    """The same statuses, as HEAD answers them."""
    bodiless = {"$ref": "#/components/responses/WithoutBody"}
    return {status: bodiless for status in responses}


def error_responses() -> Responses:
    """The components that `errors` and `without_bodies` refer to."""
    return {
        "BadRequest": _error(
            "A parameter or the body is malformed, unknown or repeated.",
            InvalidRequestError("limit must be a whole number from 1 to 500", parameter="limit"),
        ),
        "Unauthorized": {
            **_error("There is no token, or none that counts.", UnauthorizedError("")),
            "headers": {"WWW-Authenticate": _CHALLENGE},
        },
        "Forbidden": _error(
            "The token is good, but its role does not suffice.",
            ForbiddenError("this needs the role operator", role="operator"),
        ),
        "NotFound": _error("Nothing has that name.", UnknownResourceError("there is no run '43'")),
        "Conflict": _error(
            "Another run is under way.", RunAlreadyActiveError("run 41 is under way", run_id=41)
        ),
        "UnsupportedMediaType": _response(
            "The request has a `Content-Type` other than `application/json`.",
            code="UNSUPPORTED_MEDIA_TYPE",
            message="Unsupported media type: text/plain",
        ),
        "InternalError": _error(
            "Something failed that the caller cannot mend, or the time was used up.",
            ApplicationError("an internal error occurred"),
        ),
        "Unavailable": _error(
            "The database cannot be reached, is not migrated, or access is not configured.",
            AccessNotConfiguredError(""),
        ),
        "WithoutBody": {"description": "As GET answers, without the body."},
    }


_NAMES = {
    "400": "BadRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "404": "NotFound",
    "409": "Conflict",
    UNSUPPORTED_MEDIA_TYPE: "UnsupportedMediaType",
    "500": "InternalError",
    "503": "Unavailable",
}


def _error(description: str, error: ApplicationError) -> dict[str, Any]:
    message = error.public_message or error.message
    return _response(description, code=error.code, message=message, **error.details)


def _response(description: str, code: str, message: str, **details: Any) -> dict[str, Any]:
    request_id = "c6af9ac6-7b61-11e6-9a41-93e8deadbeef"
    error = {"code": code, "message": message, "details": details, "requestId": request_id}
    body = {"schema": schema_ref("Error"), "example": {"error": error}}
    return {"description": description, "content": {"application/json": body}}
