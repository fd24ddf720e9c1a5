"""The authorizer, from the package: with it come PyJWT and cryptography, compiled for Lambda."""

from collections.abc import Iterator
from fnmatch import fnmatch

import pytest

from lambdaenv.container import Container
from tests.access.issuer import API_TOKEN, Issuer
from tests.runtime.conftest import StartContainer, sample

HANDLER = "app.authorize"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def container(start: StartContainer, issuer: Issuer) -> Container:
    """It asks no database."""
    return start(HANDLER, **issuer.environment)


def event(token: str) -> object:
    return {**sample("authorizer"), "authorizationToken": f"Bearer {token}"}


def test_what_a_token_allows_is_answered_as_a_policy(container: Container, issuer: Issuer) -> None:
    asked_for = sample("authorizer")["methodArn"]
    for token, role in ((API_TOKEN, "viewer"), (issuer.token(), "admin")):
        policy = container.invoke(event(token)).result
        assert policy["context"]["role"] == role
        [statement] = policy["policyDocument"]["Statement"]
        assert statement["Effect"] == "Allow"
        assert any(fnmatch(asked_for, resource) for resource in statement["Resource"])


def test_a_token_that_does_not_count_is_unauthorized(container: Container, issuer: Issuer) -> None:
    """API Gateway makes a 401 of exactly this word."""
    kind, message = container.invoke(event(issuer.token() + "x")).error
    assert (kind, message) == ("Exception", "Unauthorized")
    assert issuer.token() not in container.output()
