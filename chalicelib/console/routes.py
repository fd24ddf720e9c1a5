"""The console: a shell without data, so that a browser may open it without a token.

What it shows comes from the JSON API, which asks for one. All its URLs are relative, because API
Gateway serves the application below its stage: the page has to be opened with the trailing slash.
"""

from hashlib import sha256
from pathlib import Path

from chalice.app import Request, Response

from chalicelib.access.model import Scope
from chalicelib.bodies import Body
from chalicelib.console.assets import ASSETS, CONTENT_TYPES, INDEX, VIEWS, VIEWS_MODULE
from chalicelib.console.page import login_offered, policy, text_of_page
from chalicelib.errors import UnknownResourceError
from chalicelib.http import Asked, Nothing, Routes
from chalicelib.http.answers import SAFE_HEADERS
from chalicelib.service.feature import SERVICE

routes = Routes(__name__, SERVICE)


class Returning(Body, forbid_unknown_fields=False):
    """What the issuer adds to the address when it sends somebody back; the page reads it."""


@routes.get("/", least=None, scope=Scope.OPEN, query=Returning, answers=None)
def get_page(asked: Asked[Returning, None]) -> Response:
    """The page itself, which holds no data: a browser has no token before it has asked for one."""
    login = login_offered()
    return _served(INDEX.name, text_of_page(login), asked.request, policy(login))


@routes.get("/assets/{name}", least=None, scope=Scope.OPEN, answers=None)
def get_asset(asked: Asked[Nothing, None], name: str) -> Response:
    """A script, a style sheet or an image of the page."""
    if name == VIEWS:
        return _served(name, VIEWS_MODULE, asked.request)
    asset = ASSETS.get(name)
    if asset is None:
        raise UnknownResourceError(f"there is no asset {name[:40]!r}")
    try:
        return _served(name, asset.text(), asked.request)
    except FileNotFoundError:
        raise UnknownResourceError(
            f"{name} is missing: run `python -m web.build` before packaging"
        ) from None


def _served(name: str, content: str, request: Request, allowed: str = policy()) -> Response:
    tag = sha256(content.encode()).hexdigest()[:32]
    # `no-cache` means that a browser asks each time: the scripts import each other, and have to
    # fit.
    headers: dict[str, str | list[str]] = {
        "Content-Security-Policy": allowed,
        **SAFE_HEADERS,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Content-Type": CONTENT_TYPES[Path(name).suffix],
        "ETag": f'"{tag}"',
    }
    if tag in _known_tags(request):
        return Response(body="", status_code=304, headers=headers)
    return Response(body=content, headers=headers)


def _known_tags(request: Request) -> set[str]:
    """The tags of what the browser holds already. A proxy that compresses marks them as weak."""
    given = request.headers.get("if-none-match", "")
    return {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
