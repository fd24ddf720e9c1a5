"""Settings of access: each mistake is one sentence that names the variable."""

import pytest

from chalicelib.access.errors import AccessNotConfiguredError
from chalicelib.access.model import Role
from chalicelib.access.settings import OidcSettings, access_from_environment
from chalicelib.errors import InvalidSettingError

ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3D4e"
OIDC = {"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": "one, two,"}
HASH = "ab" * 32


def test_the_address_of_the_keys_follows_from_the_issuer() -> None:
    settings = access_from_environment(OIDC)
    assert settings.oidc == OidcSettings(ISSUER, ("one", "two"), f"{ISSUER}/.well-known/jwks.json")
    assert settings.api_tokens == ()
    assert not settings.is_open


def test_the_address_of_the_keys_can_be_another() -> None:
    elsewhere = "https://keys.example/all.json"
    settings = access_from_environment({**OIDC, "OIDC_JWKS_URL": elsewhere})
    assert settings.oidc is not None
    assert settings.oidc.jwks_url == elsewhere


def test_the_hash_of_the_static_token_is_in_no_repr() -> None:
    settings = access_from_environment({"API_TOKEN_SHA256": HASH, "API_TOKEN_ROLE": "admin"})
    [token] = settings.api_tokens
    assert token.role is Role.ADMIN
    assert HASH not in repr(settings)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9000", "[::1]:9000"])
def test_plain_http_is_good_enough_on_this_machine(host: str) -> None:
    settings = access_from_environment({**OIDC, "OIDC_ISSUER": f"http://{host}/pool"})
    assert settings.oidc is not None


@pytest.mark.parametrize("environ", [{}, {"AUTH_MODE": "required"}, {"OIDC_ISSUER": ""}])
def test_without_a_way_in_the_sentence_says_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(AccessNotConfiguredError) as caught:
        access_from_environment(environ)
    assert caught.value.message == (
        "no way in is configured: set OIDC_ISSUER and OIDC_AUDIENCE, or API_TOKENS "
        "(or AUTH_MODE=none for development)"
    )


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"AUTH_MODE": "off"}, "AUTH_MODE must be one of required, none, not 'off'"),
        ({"OIDC_ISSUER": ISSUER}, "OIDC_AUDIENCE is not set"),
        ({"OIDC_AUDIENCE": "one"}, "OIDC_ISSUER is not set"),
        ({"OIDC_ISSUER": ISSUER, "OIDC_AUDIENCE": " , "}, "OIDC_AUDIENCE must be client ids"),
        ({**OIDC, "OIDC_JWKS_URL": "file:///etc/passwd"}, "OIDC_JWKS_URL must be an https URL"),
        (
            {**OIDC, "OIDC_REQUIRE_TOKEN_USE": "no"},
            "OIDC_REQUIRE_TOKEN_USE must be one of true, false, not 'no'",
        ),
        ({**OIDC, "TRUST_ROLE_CLAIM": "1"}, "TRUST_ROLE_CLAIM must be one of true, false, not '1'"),
        ({"API_TOKEN_SHA256": HASH[:-1]}, "API_TOKEN_SHA256 must be a SHA-256"),
        (
            {"API_TOKEN_SHA256": HASH, "API_TOKEN_ROLE": "root"},
            "API_TOKEN_ROLE must be one of viewer, operator, admin, device, not 'root'",
        ),
    ],
)
def test_a_mistake_is_named(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        access_from_environment(environ)
    assert caught.value.message.startswith(sentence)


@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example",
        "http://127.0.0.1.evil.example",
        "https://",
        "issuer.example",
        "ftp://localhost",
        "https://user:password@issuer.example",
        "https://issuer.example?a=b",
        "https://issuer.example:port",
        "https://[::1",
        "https://issuer.example/a\nb",
    ],
)
def test_an_issuer_that_cannot_be_trusted_is_refused(address: str) -> None:
    with pytest.raises(InvalidSettingError, match="OIDC_ISSUER must be an https URL"):
        access_from_environment({**OIDC, "OIDC_ISSUER": address})


def test_a_token_put_where_its_hash_belongs_is_not_shown() -> None:
    with pytest.raises(InvalidSettingError) as caught:
        access_from_environment({"API_TOKEN_SHA256": "my-own-secret-token"})
    assert "my-own-secret-token" not in str(caught.value)
