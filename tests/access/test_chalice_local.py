"""The statuses that callers see, over HTTP from `chalice local`."""

import json
from pathlib import Path

import pytest

from tests.access.conftest import Answer, Server, serve
from tests.access.issuer import API_TOKEN, API_TOKEN_SHA256, ORGANIZATION, SUBJECT, Issuer


def header(issuer: Issuer, role: str, organization: str | None = None) -> str:
    claims = {"cognito:groups": [role], "custom:organizationId": organization}
    return f"Bearer {issuer.token(issuer.claims(**claims))}"


@pytest.mark.parametrize(
    ("organization", "method", "path", "statuses"),
    [
        #                                       viewer operator admin device
        (None, "GET", "/status", (200, 200, 200, 403)),
        (None, "GET", "/things", (200, 200, 200, 403)),
        (None, "GET", "/things/7", (200, 200, 200, 403)),
        (None, "POST", "/things/7", (403, 403, 200, 403)),
        (None, "POST", "/sync", (403, 200, 200, 403)),
        (None, "POST", "/sync?force=true", (403, 403, 200, 403)),
        (None, "POST", "/heartbeat", (403, 403, 200, 200)),
        (ORGANIZATION, "GET", "/status", (403, 403, 403, 403)),
        (ORGANIZATION, "GET", "/things", (200, 200, 200, 403)),
        (ORGANIZATION, "GET", "/things/7", (403, 403, 403, 403)),
        (ORGANIZATION, "POST", "/things/7", (403, 403, 200, 403)),
        (ORGANIZATION, "POST", "/sync", (403, 403, 403, 403)),
        (ORGANIZATION, "POST", "/heartbeat", (403, 403, 200, 200)),
    ],
)
def test_each_role_may_what_it_should(
    organization: str | None,
    method: str,
    path: str,
    statuses: tuple[int, ...],
    issuer: Issuer,
    closed_server: Server,
) -> None:
    roles = ("viewer", "operator", "admin", "device")
    answers = [
        closed_server.ask(header(issuer, role, organization), method, path).status for role in roles
    ]
    assert tuple(answers) == statuses


def test_health_is_open(closed_server: Server) -> None:
    assert closed_server.ask(None, path="/health").status == 200
    assert closed_server.ask("Bearer wrong", path="/health").status == 200


def test_a_view_knows_who_calls(issuer: Issuer, closed_server: Server) -> None:
    answer = closed_server.ask(header(issuer, "operator"))
    assert json.loads(answer.body) == {
        "subject": SUBJECT,
        "role": "operator",
        "organization": None,
    }
    answer = closed_server.ask(f"Bearer {API_TOKEN}")
    assert json.loads(answer.body) == {
        "subject": "api-token",
        "role": "viewer",
        "organization": None,
    }


def test_a_view_knows_where_its_caller_belongs(issuer: Issuer, closed_server: Server) -> None:
    answer = closed_server.ask(header(issuer, "viewer", ORGANIZATION), path="/things")
    assert json.loads(answer.body)["organization"] == ORGANIZATION


def test_the_bearer_of_a_token_of_the_issuer_is_told_which_claim_it_lacks(
    issuer: Issuer, closed_server: Server
) -> None:
    lacking = issuer.claims(token_use=None)
    answer = closed_server.ask(f"Bearer {issuer.token(lacking)}")
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (401, "UNAUTHORIZED")
    assert error["details"] == {"missing_claim": "token_use"}
    forged = closed_server.ask(f"Bearer {issuer.token(lacking, key='thief')}")
    assert json.loads(forged.body)["error"]["details"] == {}


def test_a_refusal_has_the_envelope_and_gives_no_reason(
    issuer: Issuer, closed_server: Server
) -> None:
    answer = closed_server.ask(f"Bearer {issuer.token(issuer.claims(exp=1))}")
    error = json.loads(answer.body)["error"]
    assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert set(error) == {"code", "message", "details", "requestId"}
    assert (error["code"], error["message"]) == ("UNAUTHORIZED", "a valid bearer token is needed")
    assert error["details"] == {}
    assert "ExpiredSignatureError" in closed_server.log.read_text()


@pytest.mark.parametrize(
    ("role", "asked", "status", "code"),
    [
        (None, ("GET", "/status"), 401, "UNAUTHORIZED"),
        ("garbage", ("GET", "/status"), 401, "UNAUTHORIZED"),
        ("viewer", ("POST", "/sync"), 403, "FORBIDDEN"),
        ("unknown", ("GET", "/status"), 403, "FORBIDDEN"),
        (None, ("GET", "/nowhere"), 404, "NOT_FOUND"),
        ("viewer", ("GET", "/nowhere"), 404, "NOT_FOUND"),
        (None, ("DELETE", "/status"), 405, "METHOD_NOT_ALLOWED"),
        ("admin", ("DELETE", "/health"), 405, "METHOD_NOT_ALLOWED"),
        ("admin", ("POST", "/sync?force=maybe"), 400, "INVALID_REQUEST"),
        ("admin", ("GET", "/things/%ff"), 400, "INVALID_REQUEST"),
        ("admin", ("POST", "/notes", "{"), 400, "INVALID_REQUEST"),
        ("admin", ("POST", "/notes", '{"text": "' + "x" * 100 + '"}'), 400, "INVALID_REQUEST"),
        ("admin", ("POST", "/failures"), 500, "INTERNAL_ERROR"),
    ],
)
def test_every_refusal_has_the_envelope_and_the_headers(
    role: str | None,
    asked: tuple[str, ...],
    status: int,
    code: str,
    issuer: Issuer,
    closed_server: Server,
) -> None:
    token = {None: None, "garbage": "Bearer garbage"}.get(role, header(issuer, str(role)))
    method, path, *body = asked
    sent = body[0] if body else None
    answer = closed_server.ask(token, method, path, sent, **{"Content-Type": "application/json"})
    error = json.loads(answer.body)["error"]
    assert (answer.status, error["code"]) == (status, code)
    assert set(error) == {"code", "message", "details", "requestId"}
    assert error["requestId"]
    assert_safe(answer)
    assert answer.headers.get("WWW-Authenticate") == ("Bearer" if status == 401 else None)


def assert_safe(answer: Answer) -> None:
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_a_body_that_is_no_json_by_its_own_word_is_refused_likewise(
    issuer: Issuer, closed_server: Server
) -> None:
    token = header(issuer, "admin")
    answer = closed_server.ask(token, "POST", "/notes", "a=b", **{"Content-Type": "text/plain"})
    assert answer.status == 415
    assert json.loads(answer.body)["error"]["code"] == "UNSUPPORTED_MEDIA_TYPE"
    assert_safe(answer)


def test_an_answer_is_as_safe_as_a_refusal(issuer: Issuer, closed_server: Server) -> None:
    assert_safe(closed_server.ask(header(issuer, "viewer")))


def test_nobody_s_token_is_repeated_to_them(closed_server: Server) -> None:
    assert "s3cret" not in closed_server.ask("Bearer s3cret", path="/nowhere").body


def test_forcing_needs_an_administrator_and_says_so(issuer: Issuer, closed_server: Server) -> None:
    answer = closed_server.ask(header(issuer, "operator"), "POST", "/sync?force=true")
    error = json.loads(answer.body)["error"]
    assert (error["code"], error["message"]) == ("FORBIDDEN", "this needs the role admin")


def test_unreachable_keys_are_a_503_and_let_nobody_in(tmp_path: Path, own_issuer: Issuer) -> None:
    token = own_issuer.token()
    own_issuer.status = 500
    with serve(tmp_path, own_issuer.environment) as server:
        answer = server.ask(f"Bearer {token}")
        assert answer.status == 503
        assert json.loads(answer.body)["error"]["code"] == "ISSUER_UNAVAILABLE"
        assert "127.0.0.1" not in answer.body
        assert server.ask(f"Bearer {API_TOKEN}").status == 200
        assert "access_unavailable" in server.log.read_text()


def test_without_a_way_in_nothing_is_served_and_the_log_says_why(tmp_path: Path) -> None:
    with serve(tmp_path, {}) as server:
        log = server.log.read_text()
        assert "no way in is configured: set OIDC_ISSUER" in log
        answer = server.ask("Bearer any")
        assert answer.status == 503
        assert json.loads(answer.body)["error"]["code"] == "ACCESS_NOT_CONFIGURED"
        # As in API Gateway, a request without a token is turned away before we are asked.
        assert server.ask(None).status == 401


def test_a_setting_that_is_wrong_closes_the_gate(tmp_path: Path) -> None:
    environ = {"AUTH_MODE": "None", "API_TOKEN_SHA256": API_TOKEN_SHA256}
    with serve(tmp_path, environ) as server:
        assert server.ask(f"Bearer {API_TOKEN}").status == 503
        assert "AUTH_MODE must be one of" in server.log.read_text()


def test_the_open_mode_lets_everybody_in_and_warns(tmp_path: Path) -> None:
    with serve(tmp_path, {"AUTH_MODE": "none"}) as server:
        answer = server.ask(None)
        assert (answer.status, json.loads(answer.body)["role"]) == (200, "admin")
        assert server.ask(None, "POST", "/sync?force=true").status == 200
        warnings = [line for line in server.log.read_text().splitlines() if "WARNING" in line]
        assert len(warnings) == 1
        assert "access_open_to_all" in warnings[0]
