"""Each attack twice: against the authorizer as Lambda calls it, and over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from chalice.app import AuthRequest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.access.errors import UnauthorizedError
from chalicelib.access.settings import access_from_environment
from chalicelib.access.tokens import authenticate
from chalicelib.http import gate
from tests.access.attacks import FORBIDDEN, UNAUTHORIZED, WITHOUT_ROLE, Attack
from tests.access.conftest import Server
from tests.access.issuer import Issuer, segment
from tests.access.sample_app import build

APP, _ = build()
METHOD_ARN = "arn:aws:execute-api:eu-central-1:123456789012:abcdef/prod/GET/status"
TABLE = [(401, attack) for attack in UNAUTHORIZED.values()]
TABLE += [(403, attack) for attack in FORBIDDEN.values()]
NAMES = [*UNAUTHORIZED, *FORBIDDEN]
BEHIND = [*TABLE, *((403, attack) for attack in WITHOUT_ROLE.values())]
NAMES_BEHIND = [*NAMES, *WITHOUT_ROLE]


def status_from_api_gateway(header: str) -> int:
    """What API Gateway answers to what the authorizer does."""
    try:
        answer = gate.authorize(APP, AuthRequest("TOKEN", header, METHOD_ARN))
    except Exception as error:
        # API Gateway compares the whole message.
        return 401 if str(error) == "Unauthorized" else 500
    policy = answer if isinstance(answer, dict) else answer.to_dict(AuthRequest("", "", METHOD_ARN))
    [statement] = policy["policyDocument"]["Statement"]
    return 200 if statement["Effect"] == "Allow" else 403


@pytest.mark.parametrize(("status", "attack"), TABLE, ids=NAMES)
@pytest.mark.usefixtures("in_lambda")
def test_the_authorizer_turns_it_away(
    status: int, attack: Attack, trusting: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    header = attack(trusting) or ""
    assert status_from_api_gateway(header) == status
    logged = " ".join(str(vars(record)) for record in caplog.records)
    assert "access_denied" in logged
    token = header.partition(" ")[2]
    assert len(token) < 8 or token not in logged


@pytest.mark.parametrize("attack", WITHOUT_ROLE.values(), ids=WITHOUT_ROLE)
@pytest.mark.usefixtures("in_lambda")
def test_the_authorizer_gives_nobody_a_role_that_the_token_does_not_name(
    attack: Attack, trusting: Issuer
) -> None:
    request = AuthRequest("TOKEN", attack(trusting) or "", METHOD_ARN)
    answer = gate.authorize(APP, request)
    assert not isinstance(answer, dict)
    assert answer.to_dict(request)["context"]["role"] == ""


@pytest.mark.parametrize(("status", "attack"), BEHIND, ids=NAMES_BEHIND)
def test_a_local_server_turns_it_away(
    status: int, attack: Attack, issuer: Issuer, closed_server: Server
) -> None:
    header = attack(issuer)
    assert closed_server.ask(header).status == status
    token = (header or "").partition(" ")[2]
    assert len(token) < 8 or token not in closed_server.log.read_text()


@pytest.mark.usefixtures("in_lambda")
def test_the_attacks_fail_because_of_what_is_wrong_with_them(trusting: Issuer) -> None:
    assert status_from_api_gateway(f"Bearer {trusting.token()}") == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
HEADER_NAMES = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "zip"])
HEADER_VALUES = JSON | st.sampled_from(["RS256", "none", "first"])
SEGMENTS = JSON.map(segment) | st.binary(max_size=40).map(segment)


@pytest.fixture(scope="module")
def trusted(issuer: Issuer) -> Callable[[str], Any]:
    settings = access_from_environment(issuer.environment)
    return lambda header: authenticate(settings, header)


@given(header=st.text(), scheme=st.sampled_from(["", "Bearer ", "bearer "]))
def test_no_text_is_taken_for_a_token_or_breaks_the_check(
    trusted: Callable[[str], Any], scheme: str, header: str
) -> None:
    with pytest.raises(UnauthorizedError):
        trusted(scheme + header)


def test_what_no_encoding_can_say_is_no_token(trusted: Callable[[str], Any]) -> None:
    with pytest.raises(UnauthorizedError):
        trusted("Bearer \ud800")


@given(
    header=st.dictionaries(HEADER_NAMES, HEADER_VALUES) | JSON, payload=SEGMENTS, signature=SEGMENTS
)
def test_nothing_in_the_shape_of_a_token_breaks_the_check(
    trusted: Callable[[str], Any], header: Any, payload: str, signature: str
) -> None:
    with pytest.raises(UnauthorizedError):
        trusted(f"Bearer {segment(header)}.{payload}.{signature}")
