"""The operator page: a shell without data, so that a browser may open it without a token.

What it shows comes from the JSON API, which asks for one. All its URLs are relative, because API
Gateway serves the application below its stage: the page has to be opened with the trailing slash.
"""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from chalice.app import Request, Response

from chalicelib.access.model import Scope
from chalicelib.errors import UnknownResourceError
from chalicelib.http import Asked, Nothing, Routes
from chalicelib.service.feature import SERVICE

routes = Routes(__name__, SERVICE)

STATIC = Path(__file__).parent / "static"
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


@dataclass(frozen=True)
class Asset:
    """A file below `static/`, and how it is served."""

    file: str
    content_type: str


_SCRIPT = "text/javascript; charset=utf-8"
_STYLE = "text/css; charset=utf-8"

INDEX = Asset("index.html", "text/html; charset=utf-8")
# A fixed table: a name from a URL is looked up, never made into a path.
ASSETS = {
    "api.js": Asset("api.js", _SCRIPT),
    "changes.js": Asset("changes.js", _SCRIPT),
    "chart.js": Asset("chart.js", _SCRIPT),
    "control.js": Asset("control.js", _SCRIPT),
    "dom.js": Asset("dom.js", _SCRIPT),
    "explain.js": Asset("explain.js", _SCRIPT),
    "format.js": Asset("format.js", _SCRIPT),
    "page.js": Asset("page.js", _SCRIPT),
    "runs.js": Asset("runs.js", _SCRIPT),
    "silence.js": Asset("silence.js", _SCRIPT),
    "signin.js": Asset("signin.js", _SCRIPT),
    "status.js": Asset("status.js", _SCRIPT),
    "style.css": Asset("style.css", _STYLE),
    "icon.svg": Asset("icon.svg", "image/svg+xml; charset=utf-8"),
    "uPlot.iife.min.js": Asset("vendor/uPlot.iife.min.js", _SCRIPT),
    "uPlot.min.css": Asset("vendor/uPlot.min.css", _STYLE),
}


# A browser has no token before the page has asked for one; and the page holds no data.
@routes.get("/", least=None, scope=Scope.OPEN, answers=None)
def get_page(asked: Asked[Nothing, None]) -> Response:
    """The page itself."""
    return _served(INDEX, asked.request)


@routes.get("/assets/{name}", least=None, scope=Scope.OPEN, answers=None)
def get_asset(asked: Asked[Nothing, None], name: str) -> Response:
    """A script, a style sheet or an image of the page."""
    asset = ASSETS.get(name)
    if asset is None:
        raise UnknownResourceError(f"there is no asset {name[:40]!r}")
    return _served(asset, asked.request)


def _served(asset: Asset, request: Request) -> Response:
    try:
        content = (STATIC / asset.file).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UnknownResourceError(
            f"{asset.file} is missing: run `python -m web.build` before packaging"
        ) from None
    tag = sha256(content.encode()).hexdigest()[:32]
    # `no-cache` means asking each time: the modules import each other, and have to fit.
    headers: dict[str, str | list[str]] = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache",
        "Content-Type": asset.content_type,
        "ETag": f'"{tag}"',
    }
    if tag in _known_tags(request):
        return Response(body="", status_code=304, headers=headers)
    return Response(body=content, headers=headers)


def _known_tags(request: Request) -> set[str]:
    """What the browser holds already; a proxy that compresses marks its tags as weak."""
    given = request.headers.get("if-none-match", "")
    return {tag.strip().removeprefix("W/").strip('"') for tag in given.split(",")}
