"""The page as it is served: what it is told of the issuer, and whom it may ask."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.test import Client, HTTPResponse

from chalicelib.console.routes import routes

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e"
OIDC = {"AUTH_MODE": "required", "OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": "one"}
SELF_ONLY = "connect-src 'self';"


class _Metas(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "meta" and given.get("name"):
            self.found[str(given["name"])] = str(given["content"])


def served(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], path: str = "/") -> Any:
    for name in ("AUTH_MODE", "OIDC_ISSUER", "OIDC_AUDIENCE", "API_TOKENS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    app = Chalice(app_name="page")
    app.register_blueprint(routes)
    with Client(app) as client:
        answer: HTTPResponse = client.http.get(path)
        return answer


def login_of(answer: Any) -> Any:
    metas = _Metas()
    metas.feed(answer.body.decode())
    return json.loads(metas.found["login"] or "null")


def test_the_page_is_told_of_the_issuer_and_may_ask_it(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = "https://here.auth.eu-central-1.amazoncognito.com"
    answer = served(monkeypatch, {**OIDC, "OIDC_ENDPOINT_ORIGINS": domain})
    origins = ["https://cognito-idp.eu-central-1.amazonaws.com", domain]
    assert login_of(answer) == {
        "issuer": ISSUER,
        "clientId": "one",
        "scopes": "openid",
        "origins": origins,
    }
    allowed = answer.headers["Content-Security-Policy"]
    assert f"connect-src 'self' {' '.join(origins)};" in allowed
    assert "default-src 'none'; script-src 'self';" in allowed


def test_a_script_may_not_ask_the_issuer_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = served(monkeypatch, OIDC, "/assets/page.js")
    assert SELF_ONLY in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "environ",
    [{"AUTH_MODE": "none"}, {**OIDC, "AUTH_MODE": "none"}, {}, {**OIDC, "OIDC_SCOPES": "x"}],
)
def test_without_a_login_the_page_knows_of_none(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = served(monkeypatch, environ)
    assert answer.status_code == 200
    assert login_of(answer) is None
    assert SELF_ONLY in answer.headers["Content-Security-Policy"]


def test_what_is_configured_stays_text_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    client = """"'><script>alert(1)</script>"""
    answer = served(monkeypatch, {**OIDC, "OIDC_AUDIENCE": client})
    assert b"<script>" not in answer.body
    assert login_of(answer)["clientId"] == client


def test_the_page_takes_what_the_issuer_sends_people_back_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = served(monkeypatch, OIDC, "/?code=a&state=b&iss=c&session_state=d")
    assert answer.status_code == 200
    assert b'"a"' not in answer.body
