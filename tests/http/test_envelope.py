"""What a browser, and a script that only looks, expect of any HTTP service."""

import os
from collections.abc import Iterator

import pytest
import requests

from devdb.local_server import LocalServer
from tests.ports import free_port
from tests.sandbox import PROJECT, Sandbox

ORIGIN = "https://ops.example"
SECONDS = 30


@pytest.fixture(scope="module")
def server(timescale: Sandbox) -> Iterator[str]:
    """`chalice local`, with one origin whose pages may call."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in timescale.environment.items():
            patch.setenv(name, value)
        timescale.migrate()
    environment = {**os.environ, **timescale.environment, "CORS_ALLOW_ORIGIN": ORIGIN}
    with LocalServer(PROJECT, environment, free_port()) as local:
        yield local.url


@pytest.mark.parametrize("path", ["/", "/health", "/status", "/runs", "/device-parameters", "/me"])
def test_head_answers_as_get_does_without_the_body(server: str, path: str) -> None:
    head = requests.head(server + path, timeout=SECONDS)
    got = requests.get(server + path, timeout=SECONDS)
    assert (head.status_code, head.headers["Content-Type"]) == (200, got.headers["Content-Type"])


@pytest.mark.parametrize(("path", "method"), [("/status", "GET"), ("/sync", "POST")])
def test_a_preflight_from_the_allowed_origin_passes(server: str, path: str, method: str) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": method}
    answer = requests.options(server + path, headers=asked, timeout=SECONDS)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert method in answer.headers["Access-Control-Allow-Methods"]
    assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(("path", "status"), [("/status", 200), ("/runs/999", 404)])
def test_answers_and_errors_name_the_allowed_origin(server: str, path: str, status: int) -> None:
    answer = requests.get(server + path, headers={"Origin": ORIGIN}, timeout=SECONDS)
    assert answer.status_code == status
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_nothing_may_be_cached(server: str) -> None:
    assert requests.get(f"{server}/status", timeout=SECONDS).headers["Cache-Control"] == "no-store"
