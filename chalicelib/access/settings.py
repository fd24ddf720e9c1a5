"""What the environment decides about access, read and checked like every other setting."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.access import entries
from chalicelib.access.addresses import origin_of, origins, web_address
from chalicelib.access.entries import ApiToken
from chalicelib.access.errors import AccessNotConfiguredError
from chalicelib.access.model import Role
from chalicelib.errors import InvalidSettingError
from chalicelib.setting import Setting, one_of, true_or_false

NO_WAY_IN = (
    "no way in is configured: set OIDC_ISSUER and OIDC_AUDIENCE, or API_TOKENS "
    "(or AUTH_MODE=none for development)"
)
# What the one token of API_TOKEN_SHA256 is called, which has no name.
_UNNAMED = "api-token"


def _listed(raw: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in raw.split(",") if name.strip())
    if not names:
        raise ValueError("must be client ids, separated by commas")
    return names


def _client_id(raw: str) -> str:
    if not (raw.isascii() and raw.isprintable()) or " " in raw:
        raise ValueError(f"must be a client id, not {raw[:80]!r}")
    return raw


def _scopes(raw: str) -> tuple[str, ...]:
    scopes = tuple(raw.replace(",", " ").split())
    if "openid" not in scopes:
        raise ValueError(f"must have the scope openid, not {raw[:80]!r}")
    return scopes


AUTH_MODE = Setting(
    "AUTH_MODE",
    one_of("required", "none"),
    "`none` lets everybody do everything: for development only.",
    default="required",
)
OIDC_ISSUER = Setting(
    "OIDC_ISSUER",
    web_address,
    "The issuer of the bearer tokens, such as a Cognito user pool.",
    is_optional=True,
)
OIDC_AUDIENCE = Setting(
    "OIDC_AUDIENCE",
    _listed,
    "The client ids that they may be issued to, separated by commas.",
    is_optional=True,
)
OIDC_JWKS_URL = Setting(
    "OIDC_JWKS_URL",
    web_address,
    "Where the issuer publishes its keys; by default `/.well-known/jwks.json` below the issuer.",
    is_optional=True,
)
OIDC_REQUIRE_TOKEN_USE = Setting(
    "OIDC_REQUIRE_TOKEN_USE",
    true_or_false,
    "Whether a token must have the claim `token_use`, as Cognito's have. With `false`, one without "
    "it counts where `aud` names one of the clients.",
    default="true",
)
TRUST_ROLE_CLAIM = Setting(
    "TRUST_ROLE_CLAIM",
    true_or_false,
    "Whether `custom:role` gives a role where no group does: only where users cannot write it.",
    default="false",
)
OIDC_CLIENT_ID = Setting(
    "OIDC_CLIENT_ID",
    _client_id,
    "The client as which the console signs people in; by default the first of `OIDC_AUDIENCE`.",
    is_optional=True,
)
OIDC_SCOPES = Setting(
    "OIDC_SCOPES",
    _scopes,
    "The scopes that the console asks the issuer for. Some issuers give no refresh token without "
    "`offline_access`.",
    default="openid",
)
OIDC_ENDPOINT_ORIGINS = Setting(
    "OIDC_ENDPOINT_ORIGINS",
    origins,
    "Where the issuer has its token endpoint, if that is elsewhere than the issuer, such as "
    "Cognito's domain.",
    is_optional=True,
)
API_TOKENS = Setting(
    "API_TOKENS",
    entries.listed,
    "Static bearer tokens as `name:role:sha256`, separated by commas or spaces. One of the role "
    "`device` may go on `:device=ID` or `:site=ID`.",
    is_optional=True,
)
API_TOKEN_SHA256 = Setting(
    "API_TOKEN_SHA256",
    entries.sha256,
    "The SHA-256 of one static bearer token, in hexadecimal: short for an entry of `API_TOKENS`.",
    is_optional=True,
)
API_TOKEN_ROLE = Setting(
    "API_TOKEN_ROLE",
    one_of(*Role),
    "What that token may do.",
    default=Role.VIEWER.value,
)
ACCESS = (
    AUTH_MODE,
    OIDC_ISSUER,
    OIDC_AUDIENCE,
    OIDC_JWKS_URL,
    OIDC_REQUIRE_TOKEN_USE,
    TRUST_ROLE_CLAIM,
    OIDC_CLIENT_ID,
    OIDC_SCOPES,
    OIDC_ENDPOINT_ORIGINS,
    API_TOKENS,
    API_TOKEN_SHA256,
    API_TOKEN_ROLE,
)


@dataclass(frozen=True)
class OidcSettings:
    """The issuer whose tokens are valid, the clients that they are for, and where its keys are.

    *requires_token_use* is for Cognito, each of whose tokens says what it is for. With
    *trusts_role_claim* an attribute of the user gives a role, too.
    """

    issuer: str
    audiences: tuple[str, ...]
    jwks_url: str
    requires_token_use: bool = True
    trusts_role_claim: bool = False


@dataclass(frozen=True)
class LoginSettings:
    """How the console signs people in, and the *origins* that it asks for that."""

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True)
class AccessSettings:
    """The ways to get in. `is_open` means that everybody may do everything."""

    is_open: bool
    oidc: OidcSettings | None
    api_tokens: tuple[ApiToken, ...]
    login: LoginSettings | None = None


def access_from_environment(environ: Mapping[str, str] = os.environ) -> AccessSettings:
    """All settings of access.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed, and
    `AccessNotConfiguredError` where nobody could get in.
    """
    is_open = AUTH_MODE.value(environ) == "none"
    oidc = _oidc(environ)
    login = _login(environ, oidc) if oidc and not is_open else None
    settings = AccessSettings(is_open, oidc, _api_tokens(environ), login)
    if not (is_open or settings.oidc or settings.api_tokens):
        raise AccessNotConfiguredError(NO_WAY_IN)
    return settings


def _oidc(environ: Mapping[str, str]) -> OidcSettings | None:
    if not any(environ.get(one.name) for one in (OIDC_ISSUER, OIDC_AUDIENCE, OIDC_JWKS_URL)):
        return None
    issuer = OIDC_ISSUER.value(environ)
    published = f"{issuer.rstrip('/')}/.well-known/jwks.json"
    return OidcSettings(
        issuer=issuer,
        audiences=OIDC_AUDIENCE.value(environ),
        jwks_url=OIDC_JWKS_URL.value_if_set(environ) or published,
        requires_token_use=OIDC_REQUIRE_TOKEN_USE.value(environ),
        trusts_role_claim=TRUST_ROLE_CLAIM.value(environ),
    )


def _login(environ: Mapping[str, str], oidc: OidcSettings) -> LoginSettings:
    client_id = OIDC_CLIENT_ID.value_if_set(environ) or oidc.audiences[0]
    if client_id not in oidc.audiences:
        # The API would refuse every token that the console gets.
        raise InvalidSettingError(OIDC_CLIENT_ID.name, f"must be one of {OIDC_AUDIENCE.name}")
    elsewhere = OIDC_ENDPOINT_ORIGINS.value_if_set(environ) or ()
    return LoginSettings(
        issuer=oidc.issuer,
        client_id=client_id,
        scopes=OIDC_SCOPES.value(environ),
        origins=tuple(dict.fromkeys((origin_of(oidc.issuer), *elsewhere))),
    )


def _api_tokens(environ: Mapping[str, str]) -> tuple[ApiToken, ...]:
    named = API_TOKENS.value_if_set(environ) or ()
    sha256 = API_TOKEN_SHA256.value_if_set(environ)
    if sha256 is None:
        return named
    return *named, ApiToken(_UNNAMED, Role(API_TOKEN_ROLE.value(environ)), sha256)
