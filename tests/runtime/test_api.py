"""The HTTP side, from the package: API Gateway's events in, its answers out."""

import json
from pathlib import Path
from typing import Any

import pytest

from chalicelib.console.assets import ASSETS, CONTENT_TYPES, VIEWS
from lambdaenv.container import Container
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import Sandbox

HANDLER = "app.app"


@pytest.fixture
def container(warm: StartContainer) -> Container:
    return warm(HANDLER)


def asked(container: Container, name: str, **changed: Any) -> tuple[int, Any]:
    """Status and body of the answer to a sample event."""
    answer = container.invoke({**sample(name), **changed}).result
    return answer["statusCode"], json.loads(answer["body"])


def test_health_is_up(container: Container) -> None:
    assert asked(container, "api_get_health") == (200, {"status": "up"})


def test_the_status_of_a_new_database(container: Container) -> None:
    status, body = asked(container, "api_get_status")
    assert (status, body["state"]) == (200, "never_run")


def test_a_run_can_be_planned(container: Container) -> None:
    status, body = asked(container, "api_post_sync")
    assert (status, body["status"], body["run_id"]) == (200, "succeeded", None)


def test_a_body_that_is_not_understood_is_refused_by_name(container: Container) -> None:
    status, body = asked(container, "api_post_sync", body='{"windw": 1}')
    assert status == 400
    assert body["error"]["details"] == {"parameter": "windw"}
    assert body["error"]["requestId"] == "c6af9ac6-7b61-11e6-9a41-93e8d1f0a2b4"


def test_an_unknown_route_is_answered_in_our_envelope(container: Container) -> None:
    status, body = asked(container, "api_get_unknown")
    assert (status, body["error"]["code"]) == (405, "METHOD_NOT_ALLOWED")
    assert set(body["error"]) == {"code", "message", "details", "requestId"}


def test_the_page_and_everything_on_it_is_packaged(container: Container) -> None:
    for name in (*ASSETS, VIEWS):
        place = {"path": f"/assets/{name}", "resource": "/assets/{name}"}
        event = sample("api_get_status") | place | {"pathParameters": {"name": name}}
        event["requestContext"]["resourcePath"] = "/assets/{name}"
        answer = container.invoke(event).result
        assert answer["statusCode"] == 200, name
        assert answer["headers"]["Content-Type"] == CONTENT_TYPES[Path(name).suffix]


def test_the_description_is_packaged(container: Container) -> None:
    event = sample("api_get_status") | {"path": "/openapi.json", "resource": "/openapi.json"}
    event["requestContext"]["resourcePath"] = "/openapi.json"
    answer = container.invoke(event).result
    assert json.loads(answer["body"])["openapi"].startswith("3.1")


def test_the_api_is_closed_where_no_way_in_is_configured(
    start: StartContainer, migrated: Sandbox
) -> None:
    container = start(HANDLER, **migrated.environment)
    status, body = asked(container, "api_get_status")
    assert (status, body["error"]["code"]) == (503, "ACCESS_NOT_CONFIGURED")
    assert {record["level"] for record in container.log()} == {"ERROR"}


def test_the_log_of_a_request_is_json(container: Container) -> None:
    asked(container, "api_get_status")
    asked(container, "api_post_sync", body="{")
    assert all("timestamp" in record for record in container.log())
