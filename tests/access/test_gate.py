"""Both locks: the policy for API Gateway, and the check behind it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import AuthRequest, Chalice
from chalice.deploy.swagger import CFNSwaggerGenerator
from chalice.local import ARNMatcher
from chalice.test import Client, HTTPResponse

from chalicelib.access.entries import written
from chalicelib.access.errors import (
    AccessNotConfiguredError,
    UndeclaredRouteError,
)
from chalicelib.access.model import Role
from chalicelib.http import gate
from tests.access.conftest import PROJECT
from tests.access.issuer import API_TOKEN, API_TOKEN_SHA256, ORGANIZATION, SUBJECT, Issuer
from tests.access.sample_app import as_the_token_says, build

API = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod"
ROUTES = [
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("GET", "/things"),
    ("GET", "/things/7"),
    ("HEAD", "/things/7"),
    ("POST", "/things/7"),
    ("POST", "/things"),
    ("POST", "/sync"),
    ("POST", "/sync/7"),
    ("POST", "/heartbeat"),
    ("DELETE", "/things/7"),
]
# What `*` adds to an address is not there: API Gateway answers it with a 403 of its own.
NOT_THERE = {("POST", "/things"), ("POST", "/sync/7"), ("DELETE", "/things/7")}
READ = {
    ("GET", "/status"),
    ("HEAD", "/status"),
    ("GET", "/things"),
    ("GET", "/things/7"),
    ("HEAD", "/things/7"),
}
PLATFORM: dict[Role, set[tuple[str, str]]] = {
    Role.VIEWER: READ,
    Role.OPERATOR: {*READ, ("POST", "/sync")},
    Role.ADMIN: set(ROUTES),
    Role.DEVICE: {("POST", "/heartbeat")},
}
# Of the routes above, those of the scope `organization`.
SHARED = {("GET", "/things"), ("POST", "/things/7"), ("POST", "/heartbeat")}
MAY = {
    None: PLATFORM,
    ORGANIZATION: {role: may & SHARED for role, may in PLATFORM.items()},
}
Configure = Callable[[dict[str, str]], None]


def token_of(issuer: Issuer, role: Role, organization: str | None = None) -> str:
    """A token of the issuer; without an organization it is one of the platform's own people."""
    named = {"cognito:groups": [role.value], "custom:organizationId": organization}
    return issuer.token(issuer.claims(**named))


def policy_for(
    issuer: Issuer,
    role: Role,
    organization: str | None = None,
    asked_for: str = "GET/status",
) -> dict[str, Any]:
    return policy_of(token_of(issuer, role, organization), asked_for)


def policy_of(token: str, asked_for: str = "GET/status") -> dict[str, Any]:
    request = AuthRequest("TOKEN", f"Bearer {token}", f"{API}/{asked_for}")
    app, _ = build()
    answer = gate.authorize(app, request)
    assert not isinstance(answer, dict)
    policy: dict[str, Any] = answer.to_dict(request)
    return policy


def ask(app: Chalice, token: str | None, method: str = "GET", path: str = "/status") -> Any:
    """The answer of the application behind a local gateway, or its refusal."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with Client(app, project_dir=str(PROJECT)) as client:
        answer: HTTPResponse = client.http.request(method, path, headers=headers)
        return answer


@pytest.mark.parametrize("organization", [None, ORGANIZATION])
@pytest.mark.parametrize("role", list(Role))
def test_the_application_lets_a_caller_do_what_its_routes_declare(
    role: Role, organization: str | None, trusting: Issuer
) -> None:
    app, token = with_lenient_gateway(), token_of(trusting, role, organization)
    answered = {(m, p) for m, p in ROUTES if ask(app, token, m, p).status_code == 200}
    assert answered == MAY[organization][role] - NOT_THERE


@pytest.mark.parametrize("organization", [None, ORGANIZATION])
@pytest.mark.parametrize("role", list(Role))
def test_api_gateway_lets_in_whomever_the_issuer_vouches_for(
    role: Role, organization: str | None, trusting: Issuer
) -> None:
    """Only the database knows what they may do, and it may say another thing in a second."""
    [statement] = policy_for(trusting, role, organization)["policyDocument"]["Statement"]
    assert statement["Resource"] == [f"{API}/*/*"]


@pytest.mark.parametrize("role", list(Role))
def test_both_locks_let_a_static_token_do_the_same(
    role: Role, access_environment: Configure
) -> None:
    access_environment({"API_TOKENS": written("ops", role, API_TOKEN)})
    [statement] = policy_of(API_TOKEN)["policyDocument"]["Statement"]
    granted = {
        (method, path)
        for method, path in ROUTES
        if ARNMatcher(f"{API}/{method}{path}").does_any_resource_match(statement["Resource"])
    }
    assert granted - NOT_THERE == PLATFORM[role] - NOT_THERE
    app = with_lenient_gateway()
    answered = {(m, p) for m, p in ROUTES if ask(app, API_TOKEN, m, p).status_code == 200}
    assert answered == granted - NOT_THERE


def with_lenient_gateway() -> Chalice:
    """The application, behind an authorizer that knows who calls and lets everybody through."""
    app, _ = build()

    @app.authorizer()
    def lenient(request: AuthRequest) -> dict[str, Any]:
        answer = gate.authorize(app, request)
        assert not isinstance(answer, dict)
        policy: dict[str, Any] = answer.to_dict(request)
        policy["policyDocument"]["Statement"][0]["Resource"] = ["*"]
        return policy

    for entries in app.routes.values():
        for entry in entries.values():
            entry.authorizer = lenient
    return app


def test_an_organization_is_told_what_it_may_not_call(trusting: Issuer) -> None:
    token = token_of(trusting, Role.ADMIN, ORGANIZATION)
    answer = ask(with_lenient_gateway(), token)
    assert (answer.status_code, answer.json_body["error"]["code"]) == (403, "FORBIDDEN")
    assert answer.json_body["error"]["message"] == "this is for the platform's own people"


def test_the_policy_does_not_depend_on_the_route_asked_for(trusting: Issuer) -> None:
    asked = ["GET/status", "POST/sync", "DELETE/things/7", "GET/"]
    policies = [policy_for(trusting, Role.OPERATOR, asked_for=route) for route in asked]
    assert all(policy == policies[0] for policy in policies)


@pytest.mark.parametrize("organization", [None, ORGANIZATION])
def test_the_policy_says_who_it_is(organization: str | None, trusting: Issuer) -> None:
    policy = policy_for(trusting, Role.OPERATOR, organization)
    assert policy["principalId"] == SUBJECT
    # API Gateway takes texts only.
    assert policy["context"] == {
        "role": "operator",
        "subject": SUBJECT,
        "organization": organization or "",
        "device_id": "",
        "site_id": "",
        "is_partial": "",
    }


@pytest.mark.parametrize("organization", [None, ORGANIZATION])
def test_a_view_knows_where_its_caller_belongs(organization: str | None, trusting: Issuer) -> None:
    app, _ = build()
    answer = ask(app, token_of(trusting, Role.VIEWER, organization), path="/things")
    assert answer.json_body == {"subject": SUBJECT, "role": "viewer", "organization": organization}


@pytest.mark.usefixtures("in_lambda")
def test_a_token_that_names_no_organization_is_denied_everything(trusting: Issuer) -> None:
    token = trusting.token(trusting.claims(**{"custom:organizationId": " "}))
    app, _ = build()
    answer = gate.authorize(app, AuthRequest("TOKEN", f"Bearer {token}", f"{API}/GET/a/b/c"))
    assert isinstance(answer, dict)
    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [f"{API}/*"]}
    ]


def test_a_caller_without_a_role_is_told_so(trusting: Issuer) -> None:
    token = trusting.token(trusting.claims(**{"cognito:groups": []}))
    answer = ask(with_lenient_gateway(), token)
    assert answer.status_code == 403
    assert answer.json_body["error"]["message"] == "nobody has given this caller a role"


@pytest.mark.usefixtures("in_lambda")
def test_for_api_gateway_unauthorized_is_one_exact_word(trusting: Issuer) -> None:
    app, _ = build()
    with pytest.raises(Exception, match=r"^Unauthorized$") as caught:
        gate.authorize(app, AuthRequest("TOKEN", "Bearer wrong", f"{API}/GET/status"))
    assert type(caught.value) is Exception
    # Lambda logs the traceback; nothing of the token may hang on to it.
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("in_lambda")
def test_for_api_gateway_a_missing_configuration_is_a_failure(
    access_environment: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    access_environment({})
    app, _ = build()
    with pytest.raises(AccessNotConfiguredError):
        gate.authorize(app, AuthRequest("TOKEN", "Bearer any", f"{API}/GET/status"))
    assert "access_unavailable" in caplog.text


def test_every_route_but_health_is_closed_and_the_authorizer_is_packaged_with_the_app(
    trusting: Issuer,
) -> None:
    app, authorize = build()
    for path, entries in app.routes.items():
        for entry in entries.values():
            assert entry.authorizer is (None if path == "/health" else authorize)
    [config] = app.builtin_auth_handlers
    assert config.handler_string == "app.authorize"
    paths = CFNSwaggerGenerator().generate_swagger(app)["paths"]
    for path, methods in paths.items():
        for method in methods.values():
            assert ("security" in method) is (path != "/health")


def test_a_route_declared_after_the_gate_was_closed_is_closed(trusting: Issuer) -> None:
    app, _ = build()

    @app.route("/late")
    def late() -> dict[str, str]:
        return {"secret": "shown"}

    answer = ask(app, trusting.token(), path="/late")
    assert answer.status_code == 401
    assert answer.json_body["error"]["code"] == "UNAUTHORIZED"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_api_without_its_authorizer_is_closed(trusting: Issuer) -> None:
    app, _ = build()
    for entries in app.routes.values():
        for entry in entries.values():
            entry.authorizer = None
    assert ask(app, trusting.token()).status_code == 401
    assert ask(app, None, path="/health").status_code == 200


def test_behind_a_gateway_that_lets_too_much_through_the_role_still_counts(
    trusting: Issuer,
) -> None:
    app, token = with_lenient_gateway(), token_of(trusting, Role.VIEWER)
    assert ask(app, token).json_body["subject"] == SUBJECT
    answer = ask(app, token, "POST", "/sync")
    assert answer.status_code == 403
    assert answer.json_body["error"]["code"] == "FORBIDDEN"
    assert answer.json_body["error"]["message"] == "the role viewer does not suffice"


def test_an_open_application_warns_and_asks_nobody(
    access_environment: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    access_environment({"AUTH_MODE": "none"})
    app, _ = build()
    [record] = caplog.records
    assert (record.levelname, record.message) == ("WARNING", "access_open_to_all")
    assert ask(app, None).json_body == {
        "subject": "anybody",
        "role": "admin",
        "organization": None,
    }


def test_an_api_packaged_open_is_closed_where_it_runs(
    access_environment: Configure,
) -> None:
    access_environment({"AUTH_MODE": "none"})
    app, _ = build()
    access_environment({"API_TOKEN_SHA256": API_TOKEN_SHA256})
    assert ask(app, API_TOKEN).status_code == 401


def test_an_api_without_settings_refuses_to_serve_even_what_its_gateway_let_through(
    access_environment: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    access_environment({"AUTH_MODE": "none"})
    app, _ = build()
    access_environment({})
    answer = ask(app, None)
    assert answer.status_code == 503
    assert answer.json_body["error"]["code"] == "ACCESS_NOT_CONFIGURED"
    assert answer.json_body["error"]["message"] == "the service is not configured"
    assert caplog.records[-1].__dict__["reason"].startswith("no way in is configured")


@pytest.mark.parametrize(
    ("group", "organization", "expected"),
    [
        ("viewer", None, True),
        ("admin", None, True),
        ("device", None, False),
        ("x", None, False),
        ("admin", ORGANIZATION, False),
    ],
)
def test_on_an_open_path_those_who_could_read_the_others_are_known(
    group: str, organization: str | None, expected: bool, trusting: Issuer
) -> None:
    app, _ = build()
    claims = {"cognito:groups": [group], "custom:organizationId": organization}
    token = trusting.token(trusting.claims(**claims))
    assert ask(app, token, path="/health").json_body == {"status": "up", "is_known": expected}
    assert ask(app, None, path="/health").json_body == {"status": "up", "is_known": False}


def test_an_application_with_a_route_that_declares_nothing_does_not_start(
    trusting: Issuer,
) -> None:
    app = Chalice(app_name="careless", configure_logs=False)

    @app.route("/careless")
    def careless() -> dict[str, str]:
        return {"secret": "shown"}

    with pytest.raises(UndeclaredRouteError, match="/careless does not declare who may call it"):
        gate.close(app, authorizer=None, look_up=as_the_token_says)


def test_a_function_that_verifies_no_jwt_does_not_pay_for_it() -> None:
    program = (
        "import sys; from chalicelib.http import gate; "
        "print(sorted({'jwt', 'cryptography', 'chalice.local'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
