"""What gets in, and as whom."""

import hashlib
import time

import pytest

from chalicelib.access.errors import ForbiddenError, IssuerUnavailableError, UnauthorizedError
from chalicelib.access.model import ANYBODY, Principal, Role
from chalicelib.access.settings import AccessSettings, access_from_environment
from chalicelib.access.tokens import authenticate
from tests.access.issuer import (
    API_TOKEN,
    API_TOKEN_SHA256,
    CLIENT,
    ORGANIZATION,
    SUBJECT,
    Issuer,
    forged,
)


@pytest.fixture
def settings(issuer: Issuer) -> AccessSettings:
    return access_from_environment(issuer.environment)


def role_of(settings: AccessSettings, token: str) -> Role | None:
    principal = authenticate(settings, f"Bearer {token}")
    assert principal.subject == SUBJECT
    return principal.role


def test_an_id_token_gets_in(settings: AccessSettings, issuer: Issuer) -> None:
    assert role_of(settings, issuer.token()) is Role.ADMIN


def test_an_access_token_gets_in(settings: AccessSettings, issuer: Issuer) -> None:
    assert role_of(settings, issuer.token(issuer.access_claims())) is Role.ADMIN


def test_an_access_token_bound_to_this_resource_gets_in(
    settings: AccessSettings, issuer: Issuer
) -> None:
    assert role_of(settings, issuer.token(issuer.access_claims(aud=[CLIENT]))) is Role.ADMIN


def test_one_audience_of_several_suffices(settings: AccessSettings, issuer: Issuer) -> None:
    assert role_of(settings, issuer.token(issuer.claims(aud=["other", CLIENT]))) is Role.ADMIN


@pytest.mark.parametrize("audience", [CLIENT, ["other", CLIENT]])
def test_a_token_without_a_use_gets_in_where_the_issuer_writes_none(
    audience: object, issuer: Issuer
) -> None:
    settings = access_from_environment({**issuer.environment, "OIDC_REQUIRE_TOKEN_USE": "false"})
    claims = issuer.claims(token_use=None, aud=audience)
    assert role_of(settings, issuer.token(claims)) is Role.ADMIN
    assert role_of(settings, issuer.token(issuer.access_claims())) is Role.ADMIN


@pytest.mark.parametrize(
    "changed",
    [
        {"token_use": None, "aud": "someone-else"},
        {"token_use": None, "aud": None},
        {"token_use": None, "aud": None, "client_id": CLIENT},
        {"token_use": "refresh"},
        {"token_use": "access"},
    ],
)
def test_a_token_without_a_use_must_be_addressed_to_us(
    changed: dict[str, object], issuer: Issuer
) -> None:
    settings = access_from_environment({**issuer.environment, "OIDC_REQUIRE_TOKEN_USE": "false"})
    with pytest.raises(UnauthorizedError, match="is for another client"):
        authenticate(settings, f"Bearer {issuer.token(issuer.claims(**changed))}")


@pytest.mark.parametrize("claim", ["token_use", "sub", "exp", "iat"])
def test_a_claim_that_is_missing_is_named(
    claim: str, settings: AccessSettings, issuer: Issuer
) -> None:
    with pytest.raises(UnauthorizedError, match=f"the token has no claim {claim}"):
        authenticate(settings, f"Bearer {issuer.token(issuer.claims(**{claim: None}))}")


@pytest.mark.parametrize("claim", ["exp", "nbf"])
def test_clocks_may_differ_by_half_a_minute(
    claim: str, settings: AccessSettings, issuer: Issuer
) -> None:
    offset = -20 if claim == "exp" else 20
    claims = issuer.claims(**{claim: int(time.time()) + offset})
    assert role_of(settings, issuer.token(claims)) is Role.ADMIN


@pytest.mark.parametrize(
    ("groups", "custom_role", "role"),
    [
        (["viewer"], None, Role.VIEWER),
        (["eu-central-1_google", "viewer", "operator"], None, Role.OPERATOR),
        (["device"], None, Role.DEVICE),
        (["device", "viewer"], None, Role.VIEWER),
        (None, "operator", Role.OPERATOR),
        (["unrelated"], "viewer", Role.VIEWER),
        # Users may be able to write their own attribute, never their groups.
        (["viewer"], "admin", Role.VIEWER),
    ],
)
def test_the_role_comes_from_the_groups_or_else_from_the_attribute(
    groups: list[str] | None,
    custom_role: str | None,
    role: Role,
    issuer: Issuer,
) -> None:
    settings = access_from_environment({**issuer.environment, "TRUST_ROLE_CLAIM": "true"})
    claims = issuer.claims(**{"cognito:groups": groups, "custom:role": custom_role})
    assert role_of(settings, issuer.token(claims)) is role


@pytest.mark.parametrize("groups", [None, [], ["unrelated"]])
@pytest.mark.parametrize("said", [{}, {"TRUST_ROLE_CLAIM": "false"}])
def test_an_attribute_that_users_may_write_gives_no_role_unless_it_is_trusted(
    groups: list[str] | None, said: dict[str, str], issuer: Issuer
) -> None:
    settings = access_from_environment({**issuer.environment, **said})
    claims = issuer.claims(**{"cognito:groups": groups, "custom:role": "admin"})
    assert role_of(settings, issuer.token(claims)) is None


def test_groups_give_a_role_without_any_trust(settings: AccessSettings, issuer: Issuer) -> None:
    claims = issuer.claims(**{"cognito:groups": ["viewer"], "custom:role": "admin"})
    assert role_of(settings, issuer.token(claims)) is Role.VIEWER


@pytest.mark.parametrize("named", [None, ORGANIZATION])
def test_the_organization_comes_from_the_token(
    named: str | None, settings: AccessSettings, issuer: Issuer
) -> None:
    token = issuer.token(issuer.claims(**{"custom:organizationId": named}))
    assert authenticate(settings, f"Bearer {token}") == Principal(SUBJECT, Role.ADMIN, named)


@pytest.mark.parametrize("named", ["", " ", 7, False, ["org-42"], {}, "org\0"])
def test_a_claim_that_names_no_organization_makes_nobody_one_of_the_platform_s_people(
    named: object, settings: AccessSettings, issuer: Issuer
) -> None:
    token = issuer.token(issuer.claims(**{"custom:organizationId": named}))
    with pytest.raises(ForbiddenError, match="the token names no organization"):
        authenticate(settings, f"Bearer {token}")


@pytest.mark.parametrize(
    "subject", ["", " ", "a\0b", "token:oncall", "cli:root@host", "lambda", "anybody", "api-token"]
)
def test_nobody_is_called_what_somebody_else_is_called_in_the_audit_log(
    subject: str, settings: AccessSettings, issuer: Issuer
) -> None:
    token = issuer.token(issuer.claims(sub=subject))
    with pytest.raises(UnauthorizedError, match="names no caller"):
        authenticate(settings, f"Bearer {token}")


def test_the_static_token_gets_in_as_what_is_configured() -> None:
    settings = access_from_environment({"API_TOKEN_SHA256": API_TOKEN_SHA256})
    assert authenticate(settings, f"Bearer {API_TOKEN}") == Principal("api-token", Role.VIEWER)
    settings = access_from_environment(
        {"API_TOKEN_SHA256": API_TOKEN_SHA256.upper(), "API_TOKEN_ROLE": "operator"}
    )
    assert authenticate(settings, f"bearer {API_TOKEN}").role is Role.OPERATOR


def test_each_static_token_gets_in_under_its_name(issuer: Issuer) -> None:
    other = hashlib.sha256(b"other").hexdigest()
    listed = f"ci:operator:{API_TOKEN_SHA256}, ops-2:admin:{other}"
    settings = access_from_environment({"API_TOKENS": listed})
    assert authenticate(settings, f"Bearer {API_TOKEN}") == Principal("token:ci", Role.OPERATOR)
    assert authenticate(settings, "Bearer other") == Principal("token:ops-2", Role.ADMIN)
    revoked = access_from_environment({"API_TOKENS": f"ops-2:admin:{other}"})
    with pytest.raises(UnauthorizedError):
        authenticate(revoked, f"Bearer {API_TOKEN}")


def test_the_token_without_a_name_counts_beside_the_named_ones() -> None:
    other = hashlib.sha256(b"other").hexdigest()
    settings = access_from_environment(
        {"API_TOKENS": f"ci:admin:{other}", "API_TOKEN_SHA256": API_TOKEN_SHA256}
    )
    assert authenticate(settings, f"Bearer {API_TOKEN}") == Principal("api-token", Role.VIEWER)
    assert authenticate(settings, "Bearer other").subject == "token:ci"


@pytest.mark.parametrize(
    ("binding", "device_id", "site_id"),
    [
        ("", None, None),
        (":device=boiler-7", "boiler-7", None),
        (":device=00:1b:44%2C%20left", "00:1b:44, left", None),
        (":site=building-a", None, "building-a"),
    ],
)
def test_a_static_token_of_a_device_may_be_bound(
    binding: str, device_id: str | None, site_id: str | None
) -> None:
    listed = f"d:device:{API_TOKEN_SHA256}{binding}"
    principal = authenticate(access_from_environment({"API_TOKENS": listed}), f"Bearer {API_TOKEN}")
    assert principal == Principal("token:d", Role.DEVICE, device_id=device_id, site_id=site_id)


@pytest.mark.parametrize(
    ("device_id", "site_id"), [("boiler-7", None), (None, "a"), ("boiler-7", "a"), (None, None)]
)
def test_a_token_of_the_issuer_may_bind_a_device(
    device_id: str | None, site_id: str | None, settings: AccessSettings, issuer: Issuer
) -> None:
    named = {"custom:deviceId": device_id, "custom:siteId": site_id}
    claims = issuer.claims(**{"cognito:groups": ["device"], **named})
    principal = authenticate(settings, f"Bearer {issuer.token(claims)}")
    assert (principal.device_id, principal.site_id) == (device_id, site_id)


def test_a_static_token_may_have_as_many_dots_as_a_jwt(issuer: Issuer) -> None:
    digest = hashlib.sha256(b"one.two.three").hexdigest()
    settings = access_from_environment({**issuer.environment, "API_TOKEN_SHA256": digest})
    assert authenticate(settings, "Bearer one.two.three").subject == "api-token"


def test_without_an_issuer_no_jwt_counts(issuer: Issuer) -> None:
    settings = access_from_environment({"API_TOKEN_SHA256": API_TOKEN_SHA256})
    with pytest.raises(UnauthorizedError):
        authenticate(settings, f"Bearer {issuer.token()}")


def test_without_a_hash_no_static_token_counts(issuer: Issuer) -> None:
    environ = {"OIDC_ISSUER": issuer.url, "OIDC_AUDIENCE": CLIENT}
    with pytest.raises(UnauthorizedError):
        authenticate(access_from_environment(environ), f"Bearer {API_TOKEN}")


def test_a_token_without_a_role_says_who_it_is_all_the_same(
    settings: AccessSettings, issuer: Issuer
) -> None:
    token = issuer.token(issuer.claims(**{"cognito:groups": []}))
    assert authenticate(settings, f"Bearer {token}") == Principal(SUBJECT, None)


def test_nobody_gets_in_while_the_keys_cannot_be_had(own_issuer: Issuer) -> None:
    own_issuer.status = 500
    settings = access_from_environment(own_issuer.environment)
    with pytest.raises(IssuerUnavailableError):
        authenticate(settings, f"Bearer {own_issuer.token()}")


def test_what_cannot_count_costs_no_request(own_issuer: Issuer) -> None:
    settings = access_from_environment(own_issuer.environment)
    token = forged({"alg": "HS256", "kid": "first"}, own_issuer.claims(), b"secret")
    with pytest.raises(UnauthorizedError):
        authenticate(settings, f"Bearer {token}")
    assert own_issuer.request_count == 0


def test_in_the_open_mode_everybody_is_an_administrator() -> None:
    settings = access_from_environment({"AUTH_MODE": "none"})
    assert authenticate(settings, "") == ANYBODY
