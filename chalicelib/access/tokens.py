"""From an `Authorization` header to a principal."""

import hashlib
import hmac

from chalicelib.access.errors import UnauthorizedError
from chalicelib.access.model import ANYBODY, Principal
from chalicelib.access.settings import AccessSettings, ApiTokenSettings

# Checked before anything is parsed. API Gateway takes 10 KiB of headers in all.
MAX_HEADER_CHARACTERS = 8 * 1024
API_TOKEN_SUBJECT = "api-token"  # noqa: S105 a name in the logs, no secret


def authenticate(settings: AccessSettings, header: str) -> Principal:
    """Who sends this `Authorization` header.

    Raises `UnauthorizedError` for a header that proves nothing, `ForbiddenError` for a good
    token without a role, `IssuerUnavailableError` where the issuer has to be asked first.
    """
    if settings.is_open:
        return ANYBODY
    token = _bearer_token(header)
    if settings.oidc and token.count(".") == 2:
        from chalicelib.access import oidc

        if oidc.is_jwt(token):
            return oidc.principal_of_jwt(settings.oidc, token)
    if settings.api_token and _is_api_token(settings.api_token, token):
        return Principal(API_TOKEN_SUBJECT, settings.api_token.role)
    raise UnauthorizedError("the token is not known here")


def _bearer_token(header: str) -> str:
    if len(header) > MAX_HEADER_CHARACTERS:
        raise UnauthorizedError("the token is too long")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii():
        raise UnauthorizedError("there is no bearer token")
    return token


def _is_api_token(settings: ApiTokenSettings, token: str) -> bool:
    presented = hashlib.sha256(token.encode()).hexdigest()
    return hmac.compare_digest(presented, settings.sha256)
