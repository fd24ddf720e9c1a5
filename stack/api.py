"""The API's stage: the gateway's own answers, limits, and a log of who asked for what."""

import json

from chalicelib.http.refusals import REFUSALS, body_of, headers_of
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
        "GatewayResponses": {kind: _answer(kind) for kind in REFUSALS},
        "MethodSettings": [limits],
        "AccessLogSetting": when("LogsAccess", _access_log_setting()),
    }
    return {"RestAPI": {"Properties": properties}, _ACCESS_LOGS: _access_logs()}


def _answer(kind: str) -> Json:
    status = REFUSALS[kind][0]
    # The browser hides an answer without this header from the page that asked.
    origin = when("AllowsAnotherOrigin", sub("'${CorsAllowOrigin}'"))
    headers: Json = {"Access-Control-Allow-Origin": origin}
    headers |= {name: f"'{value}'" for name, value in headers_of(kind).items()}
    body = json.dumps(body_of(kind, "$context.requestId"))
    return {
        **({"StatusCode": status} if status else {}),
        "ResponseParameters": {"Headers": headers},
        "ResponseTemplates": {"application/json": body},
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
