"""Has `chalice local`, and the test client, refuse as the deployed API does.

Chalice imitates an API Gateway without gateway responses of its own: other statuses, no envelope,
no headers, and the `Authorization` header repeated to whoever asks for an unknown address.
"""

import json
from functools import wraps
from typing import Any
from uuid import uuid4

from chalice import local

from chalicelib.http.refusals import REFUSALS, body_of, headers_of


def refuse_as_deployed() -> None:
    """Put our refusals in place of Chalice's; a second time it does nothing."""
    gateway: Any = local.LocalGateway
    handle = gateway.handle_request
    if hasattr(handle, "__wrapped__"):
        return

    @wraps(handle)
    def handle_request(*args: Any, **kwargs: Any) -> Any:
        try:
            return handle(*args, **kwargs)
        except local.LocalGatewayException as error:
            _reword(error)
            raise

    gateway.handle_request = handle_request


def _reword(error: Any) -> None:
    kind = _kind_of(error)
    if kind is None:
        return  # Ours already.
    request_id = error.headers.get("x-amzn-RequestId") or str(uuid4())
    error.CODE = REFUSALS[kind][0] or error.CODE
    error.body = json.dumps(body_of(kind, request_id)).encode()
    error.headers = headers_of(kind)


def _kind_of(error: Any) -> str | None:
    """The type of the gateway response that this would be in API Gateway."""
    if isinstance(error, local.NotAuthorizedError):
        return "UNAUTHORIZED"
    if isinstance(error, local.InvalidAuthorizerError):
        return "AUTHORIZER_CONFIGURATION_ERROR"
    if not isinstance(error, local.ForbiddenError):
        return None
    is_denied = error.headers.get("x-amzn-ErrorType") == "AccessDeniedException"
    return "ACCESS_DENIED" if is_denied else "MISSING_AUTHENTICATION_TOKEN"
