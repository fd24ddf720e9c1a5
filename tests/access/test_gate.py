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

from chalicelib.access import gate
from chalicelib.access.errors import AccessNotConfiguredError, ForbiddenError
from chalicelib.access.model import GRANTS, Principal, Role, is_granted
from tests.access.conftest import PROJECT
from tests.access.issuer import API_TOKEN, API_TOKEN_SHA256, SUBJECT, Issuer
from tests.access.sample_app import build

API = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod"
ROUTES = [
    ("GET", "/status"),
    ("GET", "/things/7"),
    ("HEAD", "/status"),
    ("POST", "/sync"),
    ("POST", "/sync/7"),
    ("POST", "/heartbeat"),
    ("DELETE", "/things/7"),
]
MAY: dict[Role, set[tuple[str, str]]] = {
    Role.VIEWER: {("GET", "/status"), ("GET", "/things/7"), ("HEAD", "/status")},
    Role.OPERATOR: {
        ("GET", "/status"),
        ("GET", "/things/7"),
        ("HEAD", "/status"),
        ("POST", "/sync"),
    },
    Role.ADMIN: set(ROUTES),
    Role.DEVICE: {("POST", "/heartbeat")},
}
Configure = Callable[[dict[str, str]], None]


def policy_for(issuer: Issuer, role: Role, asked_for: str = "GET/status") -> dict[str, Any]:
    token = issuer.token(issuer.claims(**{"cognito:groups": [role.value]}))
    request = AuthRequest("TOKEN", f"Bearer {token}", f"{API}/{asked_for}")
    answer = gate.authorize(request)
    assert not isinstance(answer, dict)
    policy: dict[str, Any] = answer.to_dict(request)
    return policy


def ask(app: Chalice, token: str | None, method: str = "GET", path: str = "/status") -> Any:
    """The answer of the application behind a local gateway, or its refusal."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with Client(app, project_dir=str(PROJECT)) as client:
        answer: HTTPResponse = client.http.request(method, path, headers=headers)
        return answer


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_both_locks_let_a_role_do_the_same(
    role: Role, method: str, path: str, trusting: Issuer
) -> None:
    expected = (method, path) in MAY[role]
    [statement] = policy_for(trusting, role)["policyDocument"]["Statement"]
    matcher = ARNMatcher(f"{API}/{method}{path}")
    assert matcher.does_any_resource_match(statement["Resource"]) is expected
    assert is_granted(role, method, path) is expected


def test_every_role_has_its_grants() -> None:
    assert set(GRANTS) == set(Role)


def test_the_policy_does_not_depend_on_the_route_asked_for(trusting: Issuer) -> None:
    asked = ["GET/status", "POST/sync", "DELETE/things/7", "GET/"]
    policies = [policy_for(trusting, Role.OPERATOR, route) for route in asked]
    assert all(policy == policies[0] for policy in policies)


def test_the_policy_says_who_it_is(trusting: Issuer) -> None:
    policy = policy_for(trusting, Role.OPERATOR)
    assert policy["principalId"] == SUBJECT
    assert policy["context"] == {"role": "operator", "subject": SUBJECT}


@pytest.mark.usefixtures("in_lambda")
def test_a_token_without_a_role_is_denied_everything(trusting: Issuer) -> None:
    token = trusting.token(trusting.claims(**{"cognito:groups": []}))
    answer = gate.authorize(AuthRequest("TOKEN", f"Bearer {token}", f"{API}/GET/a/b/c"))
    assert isinstance(answer, dict)
    assert answer["policyDocument"]["Statement"] == [
        {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [f"{API}/*"]}
    ]


@pytest.mark.usefixtures("in_lambda")
def test_for_api_gateway_unauthorized_is_one_exact_word(trusting: Issuer) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$") as caught:
        gate.authorize(AuthRequest("TOKEN", "Bearer wrong", f"{API}/GET/status"))
    assert type(caught.value) is Exception
    # Lambda logs the traceback; nothing of the token may hang on to it.
    assert caught.value.__suppress_context__


@pytest.mark.usefixtures("in_lambda")
def test_for_api_gateway_a_missing_configuration_is_a_failure(
    access_environment: Configure, caplog: pytest.LogCaptureFixture
) -> None:
    access_environment({})
    with pytest.raises(AccessNotConfiguredError):
        gate.authorize(AuthRequest("TOKEN", "Bearer any", f"{API}/GET/status"))
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
    app, _ = build()
    token = trusting.token(trusting.claims(**{"cognito:groups": ["viewer"]}))

    @app.authorizer()
    def lenient(request: AuthRequest) -> dict[str, Any]:
        policy = policy_for(trusting, Role.VIEWER)
        policy["policyDocument"]["Statement"][0]["Resource"] = ["*"]
        return policy

    for entries in app.routes.values():
        for entry in entries.values():
            entry.authorizer = lenient
    assert ask(app, token).json_body == {"subject": SUBJECT, "role": "viewer"}
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
    assert ask(app, None).json_body == {"subject": "anybody", "role": "admin"}


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
    ("groups", "expected"), [("viewer", True), ("admin", True), ("device", False), ("x", False)]
)
def test_on_an_open_path_those_who_could_read_the_others_are_known(
    groups: str, expected: bool, trusting: Issuer
) -> None:
    app, _ = build()
    token = trusting.token(trusting.claims(**{"cognito:groups": [groups]}))
    assert ask(app, token, path="/health").json_body == {"status": "up", "is_known": expected}
    assert ask(app, None, path="/health").json_body == {"status": "up", "is_known": False}


@pytest.mark.parametrize("held", list(Role))
@pytest.mark.parametrize("needed", list(Role))
def test_roles_include_the_lower_ones_and_devices_stand_apart(held: Role, needed: Role) -> None:
    ascending = [Role.VIEWER, Role.OPERATOR, Role.ADMIN]
    is_enough = held is needed or (
        held in ascending
        and needed in ascending
        and ascending.index(held) > ascending.index(needed)
    )
    assert held.includes(needed) is is_enough
    if is_enough:
        gate.require_role(Principal("someone", held), needed)
    else:
        with pytest.raises(ForbiddenError, match=f"this needs the role {needed}"):
            gate.require_role(Principal("someone", held), needed)


def test_a_function_that_verifies_no_jwt_does_not_pay_for_it() -> None:
    program = (
        "import sys; from chalicelib.access import gate; "
        "print(sorted({'jwt', 'cryptography', 'chalice.local'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
