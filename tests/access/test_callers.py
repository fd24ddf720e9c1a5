"""What the authorizer hands on, and what is made of it behind API Gateway."""

from collections.abc import Callable

import pytest
from chalice.app import Request

from chalicelib.access.callers import as_context, principal_of, remember, vouched_for
from chalicelib.access.errors import UnauthorizedError
from chalicelib.access.model import Principal, Role
from tests.access.issuer import Issuer

CALLERS = [
    Principal("someone", Role.ADMIN),
    Principal("someone", Role.VIEWER, "org-42"),
    Principal("someone", None),
    Principal("someone", Role.ADMIN, is_partial=True),
    Principal("token:d", Role.DEVICE, device_id="boiler-7"),
    Principal("token:d", Role.DEVICE, site_id="building-a"),
    Principal("someone", Role.DEVICE, "org-42", device_id="boiler-7", site_id="building-a"),
]


@pytest.fixture
def request_with(trusting: Issuer) -> Callable[[object], Request]:
    """A request as the function gets it, with what the authorizer handed on."""

    def make(context: object) -> Request:
        event = {
            "requestContext": {"httpMethod": "GET", "resourcePath": "/", "authorizer": context},
            "headers": {},
        }
        return Request({**_EMPTY, **event})

    return make


_EMPTY = {
    "multiValueQueryStringParameters": None,
    "pathParameters": None,
    "body": None,
    "stageVariables": None,
    "isBase64Encoded": False,
}


@pytest.mark.parametrize("caller", CALLERS, ids=str)
def test_all_of_a_caller_is_handed_on(
    caller: Principal, request_with: Callable[[object], Request]
) -> None:
    assert vouched_for(request_with(as_context(caller))) == caller


@pytest.mark.parametrize("caller", CALLERS, ids=str)
def test_api_gateway_is_given_texts_only(caller: Principal) -> None:
    assert all(isinstance(value, str) for value in as_context(caller).values())


def test_what_was_handed_on_before_a_deployment_still_counts(
    request_with: Callable[[object], Request],
) -> None:
    """API Gateway keeps the answer about a token for a minute, through a deployment."""
    before = {"role": "device", "subject": "token:d", "organization": ""}
    assert vouched_for(request_with(before)) == Principal("token:d", Role.DEVICE)


def test_nobody_is_known_until_the_gate_has_looked(
    request_with: Callable[[object], Request],
) -> None:
    request = request_with(as_context(CALLERS[0]))
    with pytest.raises(UnauthorizedError):
        principal_of(request)
    remember(request, CALLERS[1])
    assert principal_of(request) == CALLERS[1]
