"""What every route shares: JSON out, errors in one envelope, nothing of the inside shown."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import uuid4

from chalice.app import Blueprint, Response

from chalicelib.errors import ApplicationError

logger = logging.getLogger(__name__)

# API Gateway answers for us after 29 seconds; better to answer ourselves.
REQUEST_SECONDS = 25.0

View = Callable[..., dict[str, Any]]


def endpoint(routes: Blueprint) -> Callable[[View], Callable[..., Response]]:
    """A view returns its body; what it raises becomes a status and the error envelope."""

    def decorate(view: View) -> Callable[..., Response]:
        @wraps(view)
        def answer(**path_parameters: str) -> Response:
            try:
                return _json(view(**path_parameters), 200)
            except ApplicationError as error:
                return _failure(error, _request_id(routes))
            except Exception:
                logger.exception("request_failed")
                return _failure(ApplicationError("an internal error occurred"), _request_id(routes))

        return answer

    return decorate


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
    return _json({"error": body}, error.http_status)


def _json(body: dict[str, Any], status: int) -> Response:
    return Response(
        body=body,
        status_code=status,
        headers={"Content-Type": "application/json", "Cache-Control": "no-store"},
    )


def _request_id(routes: Blueprint) -> str:
    request = routes.current_request
    return str((request.context if request else {}).get("requestId") or uuid4())
