"""What API Gateway refuses by itself, without asking the application, in our words.

The template gives API Gateway these answers, and `chalice local` gives them as well.
"""

from chalicelib.http.answers import SAFE_HEADERS

# By the type of a gateway response: status (None for the gateway's own), code and message.
REFUSALS: dict[str, tuple[int | None, str, str]] = {
    "UNAUTHORIZED": (401, "UNAUTHORIZED", "a valid bearer token is needed"),
    "ACCESS_DENIED": (403, "FORBIDDEN", "this token's role does not suffice"),
    "AUTHORIZER_FAILURE": (
        503,
        "ACCESS_UNAVAILABLE",
        "access cannot be checked at the moment",
    ),
    "AUTHORIZER_CONFIGURATION_ERROR": (
        503,
        "ACCESS_UNAVAILABLE",
        "access cannot be checked at the moment",
    ),
    "MISSING_AUTHENTICATION_TOKEN": (
        404,
        "NOT_FOUND",
        "nothing answers to this method at this address",
    ),
    "REQUEST_TOO_LARGE": (413, "REQUEST_TOO_LARGE", "the body is too large"),
    "UNSUPPORTED_MEDIA_TYPE": (
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "the body is of a type that is not understood here",
    ),
    "THROTTLED": (429, "TOO_MANY_REQUESTS", "too many requests: try again in a moment"),
    "INTEGRATION_TIMEOUT": (504, "TIMED_OUT", "the answer took longer than 29 seconds"),
    "DEFAULT_4XX": (None, "BAD_REQUEST", "the request was not understood"),
    "DEFAULT_5XX": (None, "INTERNAL_ERROR", "an internal error occurred"),
}


def headers_of(kind: str) -> dict[str, str]:
    """The headers of a refusal, besides those of every answer of a gateway."""
    is_about_tokens = kind == "UNAUTHORIZED"
    return {**SAFE_HEADERS, **({"WWW-Authenticate": "Bearer"} if is_about_tokens else {})}


def body_of(kind: str, request_id: str) -> dict[str, object]:
    """The body of a refusal: the envelope of every error."""
    _, code, message = REFUSALS[kind]
    error = {"code": code, "message": message, "details": {}, "requestId": request_id}
    return {"error": error}
