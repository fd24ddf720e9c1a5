"""What every route shares: JSON out, errors in one envelope, nothing of the inside shown."""

import json
import logging
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import unquote
from uuid import uuid4

from chalice.app import Blueprint, Request, Response

from chalicelib.errors import ApplicationError, InvalidRequestError
from chalicelib.text import is_storable_text

E = TypeVar("E", bound=StrEnum)

logger = logging.getLogger(__name__)

# API Gateway answers for us after 29 seconds; better to answer ourselves.
REQUEST_SECONDS = 25.0

_CODES_OF_CHALICE = {
    "MethodNotAllowedError": "METHOD_NOT_ALLOWED",
    "UnsupportedMediaType": "UNSUPPORTED_MEDIA_TYPE",
}

View = Callable[..., dict[str, Any] | Response]


def endpoint(routes: Blueprint) -> Callable[[View], Callable[..., Response]]:
    """A view returns its body, or a whole response; what it raises becomes the error envelope."""

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def answer(**path_parameters: str) -> Response:
            try:
                answered = view(**_decoded(path_parameters))
                return answered if isinstance(answered, Response) else json_response(answered)
            except ApplicationError as error:
                return _failure(error, _request_id(routes))
            except Exception:
                logger.exception("request_failed")
                return _failure(ApplicationError("an internal error occurred"), _request_id(routes))

        return answer

    return decorate


def in_our_envelope(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """A middleware: what Chalice itself refuses looks like any other error."""
    response = get_response(request)
    body = response.body
    if not isinstance(body, dict) or body.keys() != {"Code", "Message"}:
        return response
    error = ApplicationError(body["Message"])
    error.code = _CODES_OF_CHALICE.get(body["Code"], error.code)
    error.http_status = response.status_code
    refusal = _failure(error, str(request.context.get("requestId") or uuid4()))
    refusal.headers = {**response.headers, **refusal.headers}
    return refusal


def _decoded(path_parameters: dict[str, str]) -> dict[str, str]:
    """API Gateway's REST APIs, and Chalice, hand them on as the URL spells them."""
    decoded = {}
    for name, raw in path_parameters.items():
        try:
            decoded[name] = unquote(raw, errors="strict")
        except UnicodeDecodeError:
            raise InvalidRequestError(f"{name} is not UTF-8", parameter=name) from None
        _require_storable(name, decoded[name])
    return decoded


def _failure(error: ApplicationError, request_id: str) -> Response:
    if error.http_status >= 500:
        facts = {"error_code": error.code, "reason": error.message, "request_id": request_id}
        logger.error("request_failed", extra=facts)
    is_public = error.public_message is None
    body = {
        "code": error.code,
        "message": error.message if is_public else error.public_message,
        "details": error.details if is_public else {},
        "requestId": request_id,
    }
    return json_response({"error": body}, error.http_status)


def json_response(body: dict[str, Any], status: int = 200, **headers: str) -> Response:
    """JSON that nobody may cache: all of it changes with the next run."""
    return Response(
        body=body,
        status_code=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store", **headers},
    )


def query_parameters(routes: Blueprint, *allowed: str) -> dict[str, str]:
    """The query string by name.

    Raises `InvalidRequestError` naming a parameter that is unknown, repeated, or not storable.
    """
    request = routes.current_request
    given = request.query_params if request else None
    if given is None:
        return {}
    for name in given:
        if name not in allowed:
            takes = f"this takes {', '.join(allowed)}" if allowed else "this takes none"
            raise InvalidRequestError(f"unknown parameter {name!r}: {takes}", parameter=name)
        if len(given.getlist(name)) > 1:
            raise InvalidRequestError(f"{name} is given more than once", parameter=name)
        _require_storable(name, given[name])
    return dict(given)


def _require_storable(name: str, value: str) -> None:
    if not is_storable_text(value):
        raise InvalidRequestError(f"{name} holds a character no text may hold", parameter=name)


def json_body(routes: Blueprint) -> object:
    """The JSON of the request's body, an empty object where there is no body.

    Raises `InvalidRequestError` for anything else.
    """
    request = routes.current_request
    if request is None or not request.raw_body:
        return {}
    try:
        return json.loads(request.raw_body)
    except (ValueError, RecursionError):
        raise InvalidRequestError("the body must be JSON", parameter="body") from None


def choice(name: str, raw: str | None, kind: type[E]) -> E | None:
    """*raw* as a member of *kind*; None where it is not given."""
    if raw is None:
        return None
    if raw in list(kind):
        return kind(raw)
    raise InvalidRequestError(f"{name} must be one of {', '.join(kind)}", parameter=name)


def _request_id(routes: Blueprint) -> str:
    request = routes.current_request
    return str((request.context if request else {}).get("requestId") or uuid4())
