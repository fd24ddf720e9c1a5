"""What goes out: JSON, and errors in one envelope, with nothing of the inside shown."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from uuid import uuid4

import msgspec
from chalice.app import Request, Response

from chalicelib.errors import ApplicationError

T = TypeVar("T")

logger = logging.getLogger(__name__)

# A browser must not take an answer for anything but what it says it is, and must not ask over
# plain HTTP again: the API has no other address than an https one.
SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Strict-Transport-Security": "max-age=31536000",
}
CODES_OF_CHALICE = {
    "MethodNotAllowedError": "METHOD_NOT_ALLOWED",
    "UnsupportedMediaType": "UNSUPPORTED_MEDIA_TYPE",
}

# What answers may say of themselves, as their routes declare it.
ETAG = {"ETag": "The version that is shown; for an `If-Match`."}
LOCATION = {"Location": "Where it is from now on."}


@dataclass(frozen=True)
class Answer(Generic[T]):
    """A body that goes out with another status than 200, or with headers of its own."""

    body: T
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def versioned(cls, body: T, version: int, status: int = 200, **headers: str) -> "Answer[T]":
        """An answer that says which version of its thing it shows, for an `If-Match`."""
        return cls(body, status, {"ETag": f'"{version}"', **headers})


def json_response(body: object, status: int = 200, **headers: str) -> Response:
    """*body* as JSON that no cache may keep: the next request may be answered differently."""
    return Response(
        body=msgspec.json.encode(body).decode(),
        status_code=status,
        headers={
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            **SAFE_HEADERS,
            **headers,
        },
    )


def csv_response(text: str, name: str, **headers: str) -> Response:
    """*text* as a CSV file of that *name*, which a browser keeps instead of showing it."""
    return Response(
        body=text,
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            **SAFE_HEADERS,
            **headers,
        },
    )


def failure(
    error: ApplicationError, request_id: str, *, is_told: bool = False, **headers: str
) -> Response:
    """The answer for *error*, in the envelope; the caller reads all of it where it *is_told*.

    What a stranger may not read is in the log.
    """
    if error.http_status >= 500:
        facts = {"error_code": error.code, "reason": error.message, "request_id": request_id}
        logger.error("request_failed", extra=facts)
    body = {"error": envelope(error, request_id, is_told=is_told)}
    return json_response(body, error.http_status, **headers)


def envelope(
    error: ApplicationError, request_id: str, *, is_told: bool = False
) -> dict[str, object]:
    """What every error of this API looks like, to a stranger or to somebody who *is_told*."""
    is_public = is_told or error.public_message is None
    return {
        "code": error.code,
        "message": error.message if is_public else error.public_message,
        "details": error.details if is_public else {},
        "requestId": request_id,
    }


def request_id_of(request: Request | None) -> str:
    """API Gateway's id of *request*; one of our own where it has none."""
    return str((request.context if request else {}).get("requestId") or uuid4())


def in_our_envelope(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """A middleware: what Chalice itself refuses looks like any other error."""
    response = get_response(request)
    body = response.body
    if not isinstance(body, dict) or body.keys() != {"Code", "Message"}:
        return response
    error = ApplicationError(body["Message"])
    error.code = CODES_OF_CHALICE.get(body["Code"], error.code)
    error.http_status = response.status_code
    refusal = failure(error, request_id_of(request))
    refusal.headers = {**response.headers, **refusal.headers}
    return refusal
