"""Tokens of the OIDC issuer, as Amazon Cognito user pools write them.

An *id* token names its client in `aud`, an *access* token in `client_id`; other issuers do not say
which of the two a token is, and name the client in `aud`. Imported on the first
such token only: PyJWT and cryptography take longer to import than most requests to answer.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from typing import Any

import jwt
from jwt.exceptions import MissingRequiredClaimError, PyJWTError

from chalicelib.access.errors import ClaimMissingError, ForbiddenError, UnauthorizedError
from chalicelib.access.keys import ALGORITHM, SigningKeys
from chalicelib.access.model import Principal, Role, is_our_subject, strongest_role
from chalicelib.access.settings import OidcSettings
from chalicelib.text import is_storable_text

LEEWAY_SECONDS = 30
_ORGANIZATION = "custom:organizationId"
_DEVICE = "custom:deviceId"
_SITE = "custom:siteId"
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")
_REQUIRED_CLAIMS = ["exp", "iat", "iss", "sub"]


@lru_cache(maxsize=4)
def signing_keys_at(url: str) -> SigningKeys:
    """One set of keys per address, kept across invocations of a warm container."""
    return SigningKeys(url)


def is_jwt(token: str) -> bool:
    """Whether *token* has the shape of a JWT, which does not mean that it is valid."""
    try:
        jwt.get_unverified_header(token)
    except PyJWTError:
        return False
    return all(map(_is_base64url, token.split(".")))


def _is_base64url(segment: str) -> bool:
    """Whether *segment* is the one spelling of its bytes, without padding (RFC 7515, section 2).

    PyJWT takes others, so that one token would have several texts.
    """
    if not _BASE64URL.fullmatch(segment):
        return False
    decoded = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    return urlsafe_b64encode(decoded).rstrip(b"=").decode() == segment


def principal_of_jwt(settings: OidcSettings, token: str) -> Principal:
    """The caller for whom the issuer vouches; without a role where the token names none of ours.

    Raises `UnauthorizedError` where the token is not valid, `ForbiddenError` where a valid one
    cannot be bound as it is, or names something that cannot be the name of an organization, and
    `IssuerUnavailableError` where the issuer's keys cannot be fetched.
    """
    claims = _verified_claims(settings, token)
    _require_subject(claims["sub"])
    if not _is_for_us(claims, settings.audiences):
        raise UnauthorizedError("the token is for another client, or for another use")
    role = _role_named_in(claims, trusts_role_claim=settings.trusts_role_claim)
    device_id, site_id = _name_in(claims, _DEVICE, "device"), _name_in(claims, _SITE, "site")
    if (device_id or site_id) and role is not Role.DEVICE:
        raise ForbiddenError(
            "only the role device can be bound to a device or a site", subject=claims["sub"]
        )
    organization = _name_in(claims, _ORGANIZATION, "organization")
    return Principal(
        claims["sub"],
        role,
        organization,
        device_id=device_id,
        site_id=site_id,
        is_partial=_is_partial(claims),
    )


def _is_partial(claims: dict[str, Any]) -> bool:
    """Whether the issuer leaves attributes out of the token, as Cognito does of access tokens.

    Where a trigger adds them, there is one.
    """
    is_access = claims.get("token_use") == "access"
    return is_access and not any(claim in claims for claim in (_ORGANIZATION, _DEVICE, _SITE))


def _require_subject(subject: str) -> None:
    """Raise `UnauthorizedError` where the audit log could take the caller for somebody else."""
    if is_our_subject(subject) or not subject.strip() or not is_storable_text(subject):
        raise UnauthorizedError("the token names no caller, or one whose name is reserved")


def _verified_claims(settings: OidcSettings, token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        # This comes before the keys are fetched: a token that cannot be valid must not cost a
        # request.
        if header.get("alg") != ALGORITHM:
            raise UnauthorizedError("the token is signed in a way that is not accepted")
        key = signing_keys_at(settings.jwks_url).find(header.get("kid"))
        if key is None:
            raise UnauthorizedError("the token is signed with a key the issuer does not publish")
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
            options={
                "require": [*_REQUIRED_CLAIMS, *(["token_use"] * settings.requires_token_use)],
                # Which claim names the client depends on the token's use.
                "verify_aud": False,
                "enforce_minimum_key_length": True,
            },
        )
    except MissingRequiredClaimError as error:
        # Its signature was right: that is verified first.
        raise ClaimMissingError(error.claim) from None
    except PyJWTError as error:
        raise UnauthorizedError(f"the token does not verify: {type(error).__name__}") from None


def _is_for_us(claims: dict[str, Any], audiences: tuple[str, ...]) -> bool:
    match claims.get("token_use"):
        case None | "id":
            return _is_addressed_to_us(claims, audiences)
        case "access":
            # A token that is bound to a resource names an audience besides, which then has to be
            # ours, too.
            is_bound = "aud" in claims
            is_ours = claims.get("client_id") in audiences
            return is_ours and (not is_bound or _is_addressed_to_us(claims, audiences))
        case _:
            return False


def _is_addressed_to_us(claims: dict[str, Any], audiences: tuple[str, ...]) -> bool:
    named = claims.get("aud")
    return any(name in audiences for name in (named if isinstance(named, list) else [named]))


def _role_named_in(claims: dict[str, Any], *, trusts_role_claim: bool) -> Role | None:
    """The role that the groups name, which only an administrator assigns.

    A user pool can let users write their own `custom:role`, so it has to be trusted expressly.
    """
    groups = claims.get("cognito:groups")
    role = strongest_role(groups) if isinstance(groups, list) else None
    if role is None and trusts_role_claim:
        return strongest_role([claims.get("custom:role")])
    return role


def _name_in(claims: dict[str, Any], claim: str, what: str) -> str | None:
    """What the token is bound to; None where it says nothing about it.

    A claim that says something else than a name must not free its bearer: without an organization
    it would be one of the platform's own people, without a device it could speak for any.
    """
    named = claims.get(claim)
    if named is None:
        return None
    if not isinstance(named, str) or not named.strip() or not is_storable_text(named):
        raise ForbiddenError(f"the token names no {what}", subject=claims["sub"])
    return named
