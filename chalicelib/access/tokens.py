"""From an `Authorization` header to a principal."""

import hashlib
import hmac

from chalicelib.access.entries import ApiToken
from chalicelib.access.errors import UnauthorizedError
from chalicelib.access.model import ANYBODY, Principal
from chalicelib.access.settings import AccessSettings

# Checked before anything is parsed. API Gateway takes 10 KiB of headers in all.
MAX_HEADER_CHARACTERS = 8 * 1024


def authenticate(settings: AccessSettings, header: str) -> Principal:
    """Who sends this `Authorization` header.

    Raises `UnauthorizedError` for a header that proves nothing, `ForbiddenError` for a good
    token that is bound to nothing, `IssuerUnavailableError` where the issuer has to be asked first.
    """
    if settings.is_open:
        return ANYBODY
    token = _bearer_token(header)
    if settings.oidc and token.count(".") == 2:
        from chalicelib.access import oidc

        if oidc.is_jwt(token):
            return oidc.principal_of_jwt(settings.oidc, token)
    known = _api_token(settings.api_tokens, token)
    if known is None:
        raise UnauthorizedError("the token is not known here")
    return Principal(known.subject, known.role, device_id=known.device_id, site_id=known.site_id)


def _bearer_token(header: str) -> str:
    if len(header) > MAX_HEADER_CHARACTERS:
        raise UnauthorizedError("the token is too long")
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or not token.isascii():
        raise UnauthorizedError("there is no bearer token")
    return token


def _api_token(known: tuple[ApiToken, ...], token: str) -> ApiToken | None:
    """The one of *known* that this is. All are compared: the time it takes does not tell which."""
    presented = hashlib.sha256(token.encode()).hexdigest()
    matching = [one for one in known if hmac.compare_digest(presented, one.sha256)]
    return matching[0] if matching else None
