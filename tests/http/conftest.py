"""Fixtures: an application of toys, and one request to it."""

import json
from collections.abc import Callable
from typing import cast

import pytest
from chalice.app import Chalice
from chalice.test import Client, HTTPResponse

from chalicelib.feature import Feature
from chalicelib.http import Routes, gate
from chalicelib.http.answers import in_our_envelope
from tests.access.sample_app import as_the_token_says
from tests.http import toys
from tests.http.toys import Json
from tests.sandbox import PROJECT

FEATURE = Feature("toys", "What tests play with.")
Ask = Callable[..., HTTPResponse]


@pytest.fixture
def routes() -> Routes:
    return Routes(__name__, FEATURE)


@pytest.fixture
def toy_routes(routes: Routes) -> None:
    """Routes that say what they understood."""
    toys.declare(routes)


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Chalice:
    """An application without routes, that lets everybody in."""
    monkeypatch.setenv("AUTH_MODE", "none")
    app = Chalice(app_name="toys", configure_logs=False)
    app.register_middleware(in_our_envelope, "http")
    return app


@pytest.fixture
def ask(app: Chalice, routes: Routes) -> Ask:
    """One request, after all routes are declared."""

    def request(method: str, path: str, body: object = None, **headers: str) -> HTTPResponse:
        if not app.routes:
            app.register_blueprint(routes)
            gate.close(app, authorizer=None, look_up=as_the_token_says)
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        with Client(app, project_dir=str(PROJECT)) as client:
            return client.http.request(
                method,
                path,
                headers={"Content-Type": "application/json", **headers},
                body=b"" if body is None else sent,
            )

    return request


def error_in(answer: HTTPResponse) -> Json:
    """The error, which stands in the envelope, and that alone."""
    body = answer.json_body
    assert body.keys() == {"error"}
    assert body["error"].keys() == {"code", "message", "details", "requestId"}
    assert body["error"]["requestId"]
    return cast(Json, body["error"])
