"""What the environment decides about access, read and checked like every other setting."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from chalicelib.access import entries
from chalicelib.access.entries import ApiToken
from chalicelib.access.errors import AccessNotConfiguredError
from chalicelib.access.model import Role
from chalicelib.setting import Setting, one_of, true_or_false

NO_WAY_IN = (
    "no way in is configured: set OIDC_ISSUER and OIDC_AUDIENCE, or API_TOKENS "
    "(or AUTH_MODE=none for development)"
)
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")
# What the one token of API_TOKEN_SHA256 is called, which has no name.
_UNNAMED = "api-token"


def _listed(raw: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in raw.split(",") if name.strip())
    if not names:
        raise ValueError("must be client ids, separated by commas")
    return names


def _web_address(raw: str) -> str:
    # Over plain http anybody on the way could hand us keys of their own.
    parts = _split(raw)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _THIS_MACHINE
    )
    is_bare = not (parts.username or parts.password or parts.query or parts.fragment)
    if not (is_safe and is_bare and parts.hostname and raw.isascii() and raw.isprintable()):
        raise ValueError(f"must be an https URL (http on this machine only), not {raw[:80]!r}")
    return raw


def _split(raw: str) -> SplitResult:
    try:
        parts = urlsplit(raw)
        _ = parts.port
    except ValueError:
        return urlsplit("")
    return parts


AUTH_MODE = Setting(
    "AUTH_MODE",
    one_of("required", "none"),
    "`none` lets everybody do everything: for development only.",
    default="required",
)
OIDC_ISSUER = Setting(
    "OIDC_ISSUER",
    _web_address,
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
    _web_address,
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
class AccessSettings:
    """The ways to get in. `is_open` means that everybody may do everything."""

    is_open: bool
    oidc: OidcSettings | None
    api_tokens: tuple[ApiToken, ...]


def access_from_environment(environ: Mapping[str, str] = os.environ) -> AccessSettings:
    """All settings of access.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed, and
    `AccessNotConfiguredError` where nobody could get in.
    """
    is_open = AUTH_MODE.value(environ) == "none"
    settings = AccessSettings(is_open, oidc=_oidc(environ), api_tokens=_api_tokens(environ))
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


def _api_tokens(environ: Mapping[str, str]) -> tuple[ApiToken, ...]:
    named = API_TOKENS.value_if_set(environ) or ()
    sha256 = API_TOKEN_SHA256.value_if_set(environ)
    if sha256 is None:
        return named
    return *named, ApiToken(_UNNAMED, Role(API_TOKEN_ROLE.value(environ)), sha256)
