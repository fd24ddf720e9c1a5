"""The application's own routes, behind both locks."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chalice.app import AuthRequest
from chalice.local import ARNMatcher
from chalice.test import Client, HTTPResponse

from app import app, authorize
from chalicelib.access.entries import written
from chalicelib.access.model import Principal, Role, Scope
from chalicelib.http import gate
from chalicelib.http.routes import Route
from tests.access.conftest import PROJECT
from tests.access.issuer import API_TOKEN, ORGANIZATION, SUBJECT, Issuer
from tests.sandbox import Sandbox

API = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod"
ROUTES = list(gate.declared_routes(app))
CLOSED = [route for route in ROUTES if not route.requirement.is_open]


def token_of(issuer: Issuer, caller: Principal) -> str:
    named = {"cognito:groups": [str(caller.role)], "custom:organizationId": caller.organization}
    return issuer.token(issuer.claims(**named))


def answer_about(token: str) -> dict[str, Any]:
    request = AuthRequest("TOKEN", f"Bearer {token}", f"{API}/GET/status")
    answer = gate.authorize(app, request)
    return answer if isinstance(answer, dict) else answer.to_dict(request)


def granted_to(token: str) -> list[str]:
    [statement] = answer_about(token)["policyDocument"]["Statement"]
    resources: list[str] = statement["Resource"]
    return resources if statement["Effect"] == "Allow" else []


def asked_for(route: Route) -> Iterator[str]:
    """The requests for *route*, as API Gateway compares them with a policy."""
    path = "/".join("x" if part.startswith("{") else part for part in route.address.split("/"))
    yield from (f"{API}/{method}{path}" for method in route.methods)


@pytest.mark.parametrize("role", list(Role))
def test_the_policy_of_a_static_token_is_what_the_routes_declare(
    role: Role, access_environment: Callable[[dict[str, str]], None]
) -> None:
    access_environment({"API_TOKENS": written("ops", role, API_TOKEN)})
    resources = granted_to(API_TOKEN)
    for route in CLOSED:
        granted = {ARNMatcher(arn).does_any_resource_match(resources) for arn in asked_for(route)}
        assert granted == {route.requirement.is_met_by(Principal("token:ops", role))}, route.address


@pytest.mark.parametrize("role", list(Role))
def test_an_answer_is_as_small_as_api_gateway_wants_it(
    role: Role, access_environment: Callable[[dict[str, str]], None]
) -> None:
    """API Gateway takes 8 KB from an authorizer, which has a line for each route it allows."""
    access_environment({"API_TOKENS": written("ops", role, API_TOKEN)})
    assert len(json.dumps(answer_about(API_TOKEN))) < 8_192


def test_what_is_open_says_so_and_shows_no_data() -> None:
    opened = {route.address for route in ROUTES if route.requirement.is_open}
    assert opened == {"/", "/assets/{name}", "/health"}


def test_what_is_of_the_platform_is_closed_to_organizations() -> None:
    """The sync, the loads and the organizations themselves are; all else is in parts for each."""
    shared = {route.address.split("/")[1] for route in CLOSED if is_shared(route)}
    assert shared == {
        "audit",
        "device-certificates",
        "device-imports",
        "device-types",
        "devices",
        "me",
        "openapi.json",
        "telemetry",
        "users",
    }


def is_shared(route: Route) -> bool:
    return route.requirement.scope is Scope.ORGANIZATION


@pytest.fixture
def closed(
    migrated: Sandbox, trusting: Issuer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The application with its authorizer, which it had to go without when it was imported."""
    migrated.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES (%s, 'Forty-two')",
        [ORGANIZATION],
    )
    for route in CLOSED:
        for method in route.methods:
            monkeypatch.setattr(app.routes[route.address][method], "authorizer", authorize)
    with Client(app, project_dir=str(PROJECT)) as client:
        yield client


def ask(client: Client, token: str, path: str, method: str = "GET") -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    answer: HTTPResponse = client.http.request(method, path, headers=headers)
    return answer


@pytest.mark.parametrize("organization", [None, ORGANIZATION])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMIN])
def test_me_says_who_calls_and_where_they_belong(
    role: Role, organization: str | None, closed: Client, trusting: Issuer
) -> None:
    answer = ask(closed, token_of(trusting, Principal(SUBJECT, role, organization)), "/me")
    assert answer.json_body == {"subject": SUBJECT, "role": role, "organization": organization}


def test_the_static_token_belongs_to_no_organization(closed: Client) -> None:
    answer = ask(closed, API_TOKEN, "/me")
    assert answer.json_body == {
        "subject": "api-token",
        "role": "viewer",
        "organization": None,
    }


def test_an_organization_may_read_the_document_and_nothing_of_the_platform(
    closed: Client, trusting: Issuer
) -> None:
    token = token_of(trusting, Principal(SUBJECT, Role.ADMIN, ORGANIZATION))
    assert ask(closed, token, "/openapi.json").status_code == 200
    refused = {
        (method, route.address): ask(closed, token, route.address, method).status_code
        for route in CLOSED
        if route.requirement.scope is Scope.PLATFORM
        for method in route.methods
    }
    assert len(refused) > 10
    assert set(refused.values()) == {403}
