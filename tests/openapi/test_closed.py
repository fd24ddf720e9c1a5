"""Without a valid token, `chalice local` answers nothing but `/health`."""

import json
from collections.abc import Iterator
from hashlib import sha256

import pytest

from devdb.local_server import LocalServer
from tests.openapi.conftest import Answer, ask, serve
from tests.openapi.described import DOCUMENT, Operation, operations

TOKEN = "a-token-for-tests"
CLOSED = [operation for operation in operations() if "security" not in operation.described]


@pytest.fixture(scope="module")
def closed_server() -> Iterator[LocalServer]:
    """One static token opens it; it needs no database to turn everybody else away."""
    with serve(API_TOKEN_SHA256=sha256(TOKEN.encode()).hexdigest()) as server:
        yield server


def ask_for(server: LocalServer, operation: Operation, authorization: str | None) -> Answer:
    headers = {} if authorization is None else {"Authorization": authorization}
    return ask(server, operation.method, operation.path, headers)


def name_of(operation: Operation) -> str:
    return f"{operation.method} {operation.route}"


def test_all_but_health_is_closed() -> None:
    documented = {operation.route for operation in operations()}
    assert documented - {operation.route for operation in CLOSED} == {"/health"}


@pytest.mark.parametrize("operation", CLOSED, ids=name_of)
def test_without_a_token_every_operation_is_a_401(
    operation: Operation, closed_server: LocalServer
) -> None:
    assert ask_for(closed_server, operation, None).status == 401


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Bearer a.b.c", "Basic YTpi", TOKEN])
@pytest.mark.parametrize("operation", CLOSED, ids=name_of)
def test_with_a_wrong_token_every_operation_is_a_401(
    operation: Operation, authorization: str, closed_server: LocalServer
) -> None:
    answer = ask_for(closed_server, operation, authorization)
    assert (answer.status, answer.challenge) == (401, "Bearer")
    if operation.method != "HEAD":
        assert json.loads(answer.body)["error"]["code"] == "UNAUTHORIZED"


def test_the_token_opens_the_document(closed_server: LocalServer) -> None:
    [operation] = [o for o in CLOSED if name_of(o) == "GET /openapi.json"]
    answer = ask_for(closed_server, operation, f"Bearer {TOKEN}")
    assert answer.status == 200
    assert json.loads(answer.body) == DOCUMENT


def test_health_is_open(closed_server: LocalServer) -> None:
    [operation] = [o for o in operations() if name_of(o) == "GET /health"]
    answer = ask_for(closed_server, operation, None)
    # The service is down, because there is no database, and says no more than that.
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (503, "DOWN")
