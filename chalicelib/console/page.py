"""The page as it is served: what it has to know of the issuer, and whom it may ask."""

import json
from typing import Any

from chalicelib.access.callers import configured
from chalicelib.access.errors import AccessNotConfiguredError
from chalicelib.access.settings import LoginSettings
from chalicelib.console.assets import INDEX

_NO_LOGIN = '<meta name="login" content="">'


def login_offered() -> LoginSettings | None:
    """How people sign in; None where nobody can, or where nobody has to."""
    try:
        return configured().login
    except AccessNotConfiguredError:
        return None


def text_of_page(login: LoginSettings | None) -> str:
    """The page, with *login* for its script. Nothing of it is secret."""
    page = INDEX.read_text(encoding="utf-8")
    if login is None:
        return page
    # Imported for a page with a login only: no other request waits for it.
    from html import escape

    known = escape(json.dumps(_told(login)))
    return page.replace(_NO_LOGIN, _NO_LOGIN.replace('""', f'"{known}"'))


def policy(login: LoginSettings | None = None) -> str:
    """What the page may load, and whom it may ask: itself, and the issuer where one is known."""
    asked = " ".join(("'self'", *(login.origins if login else ())))
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            f"connect-src {asked}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _told(login: LoginSettings) -> dict[str, Any]:
    return {
        "issuer": login.issuer,
        "clientId": login.client_id,
        "scopes": " ".join(login.scopes),
        "origins": login.origins,
    }
