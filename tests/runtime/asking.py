"""Requests to the packaged functions, as API Gateway hands them on."""

import json
from typing import Any

from lambdaenv.container import Container
from tests.runtime.conftest import sample


def ask(
    container: Container, method: str, resource: str, body: object = None, **path: str
) -> tuple[int, Any]:
    """Status and body of the answer."""
    event = sample("api_get_status") | {
        "httpMethod": method,
        "resource": resource,
        "path": resource.format_map(path),
        "pathParameters": path or None,
        "body": None if body is None else json.dumps(body),
    }
    event["headers"]["Content-Type"] = "application/json"
    event["requestContext"] |= {"resourcePath": resource, "httpMethod": method}
    answer = container.invoke(event).result
    return answer["statusCode"], json.loads(answer["body"])
