"""The console: a shell without data, so that a browser may open it without a token.

What it shows comes from the JSON API, which asks for one. All its URLs are relative, because API
Gateway serves the application below its stage: the page has to be opened with the trailing slash.
"""

from hashlib import sha256
from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.console.assets import ASSETS, CONTENT_TYPES, INDEX, VIEWS, VIEWS_MODULE
from chalicelib.errors import UnknownResourceError
from chalicelib.http import endpoint

routes = Blueprint(__name__)
READ = ["GET", "HEAD"]

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


@routes.route("/", methods=READ)
@endpoint(routes)
def get_page() -> Response:
    """The page itself."""
    return _served(INDEX.name, INDEX.read_text(encoding="utf-8"))


@routes.route("/assets/{name}", methods=READ)
@endpoint(routes)
def get_asset(name: str) -> Response:
    """A script, a style sheet or an image of the page."""
    if name == VIEWS:
        return _served(name, VIEWS_MODULE)
    asset = ASSETS.get(name)
    if asset is None:
        raise UnknownResourceError(f"there is no asset {name[:40]!r}")
    try:
        return _served(name, asset.text())
    except FileNotFoundError:
        raise UnknownResourceError(
            f"{name} is missing: run `python -m web.build` before packaging"
        ) from None


def _served(name: str, content: str) -> Response:
    tag = sha256(content.encode()).hexdigest()[:32]
    # `no-cache` means asking each time: the modules import each other, and have to fit.
    headers: dict[str, str | list[str]] = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Content-Type": CONTENT_TYPES[Path(name).suffix],
        "ETag": f'"{tag}"',
    }
    if tag in _known_tags():
        return Response(body="", status_code=304, headers=headers)
    return Response(body=content, headers=headers)


def _known_tags() -> set[str]:
    """What the browser holds already; a proxy that compresses marks its tags as weak."""
    request = routes.current_request
    given = request.headers.get("if-none-match", "") if request else ""
    return {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
