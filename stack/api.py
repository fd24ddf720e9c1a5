"""The API's stage: the gateway's own answers, limits, and a log of who asked for what."""

import json

from chalicelib.http.answers import SAFE_HEADERS
from stack.intrinsics import Json, attribute, ref, sub, when

# Enough for a page and some scripts, with room to spare: each request takes the database time.
_REQUESTS_PER_SECOND = 20
_BURST = 40
_ACCESS_LOGS = "RestAPIAccessLogs"
# Who, what, how it ended and how long it took. No header and no query: they may hold secrets.
_ACCESS_LINE = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "sourceIp": "$context.identity.sourceIp",
    "principalId": "$context.authorizer.principalId",
    "method": "$context.httpMethod",
    "resource": "$context.resourcePath",
    "status": "$context.status",
    "responseType": "$context.error.responseType",
    "integrationError": "$context.integration.error",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integration.latency",
}
# By type: status (None for the gateway's own), code and message.
_ANSWERS: dict[str, tuple[int | None, str, str]] = {
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
    "THROTTLED": (429, "TOO_MANY_REQUESTS", "too many requests: try again in a moment"),
    "INTEGRATION_TIMEOUT": (504, "TIMED_OUT", "the answer took longer than 29 seconds"),
    "DEFAULT_4XX": (None, "BAD_REQUEST", "the request was not understood"),
    "DEFAULT_5XX": (None, "INTERNAL_ERROR", "an internal error occurred"),
}


def resources() -> dict[str, Json]:
    """Additions to Chalice's API, and its access log."""
    limits = {
        "ResourcePath": "/*",
        "HttpMethod": "*",
        "ThrottlingRateLimit": _REQUESTS_PER_SECOND,
        "ThrottlingBurstLimit": _BURST,
    }
    properties = {
        # Without it SAM adds a second stage named Stage, without limits and without a log.
        "OpenApiVersion": "2.0",
        "GatewayResponses": {kind: _answer(kind, *answer) for kind, answer in _ANSWERS.items()},
        "MethodSettings": [limits],
        "AccessLogSetting": when("LogsAccess", _access_log_setting()),
    }
    return {"RestAPI": {"Properties": properties}, _ACCESS_LOGS: _access_logs()}


def _answer(kind: str, status: int | None, code: str, message: str) -> Json:
    error = {"code": code, "message": message, "details": {}, "requestId": "$context.requestId"}
    # The browser hides an answer without this header from the page that asked.
    origin = when("AllowsAnotherOrigin", sub("'${CorsAllowOrigin}'"))
    headers: Json = {"Access-Control-Allow-Origin": origin}
    headers |= {name: f"'{value}'" for name, value in SAFE_HEADERS.items()}
    if kind == "UNAUTHORIZED":
        headers["WWW-Authenticate"] = "'Bearer'"
    return {
        **({"StatusCode": status} if status else {}),
        "ResponseParameters": {"Headers": headers},
        "ResponseTemplates": {"application/json": json.dumps({"error": error})},
    }


def _access_log_setting() -> Json:
    return {"DestinationArn": attribute(_ACCESS_LOGS), "Format": json.dumps(_ACCESS_LINE)}


def _access_logs() -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Condition": "LogsAccess",
        "Properties": {
            "LogGroupName": sub("/${AWS::StackName}/access"),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }
