"""What the console consists of, by the one name under which each part is served.

`shell.js` of `static/` is `shell.js`; `view.js` in the folder of the feature `heartbeats` is
`heartbeats.view.js`. The names are flat, because a path variable of API Gateway holds no slash. The
table is made at start: a name from a URL is looked up, never made into a path.
"""

from collections.abc import Iterable
from pathlib import Path

from chalicelib.features import FEATURES

HERE = Path(__file__).parent
STATIC = HERE / "static"
FEATURE_FOLDERS = HERE.parent / "features"
INDEX = STATIC / "index.html"
# Written here, because it says which features have a view.
VIEWS = "views.js"

# `web/build.py` puts them into `static/vendor/`. They are served even if they are not there: the
# answer then says how to get them.
_VENDORED = ("htm.js", "preact.js", "preact_hooks.js", "uPlot.iife.min.js", "uPlot.min.css")
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


def assets(features: Iterable[str]) -> dict[str, Path]:
    """The file behind each name: those of the console, then those of the *features*."""
    own = [path for path in STATIC.iterdir() if path.suffix in CONTENT_TYPES and path != INDEX]
    table = {path.name: path for path in own}
    table |= {name: STATIC / "vendor" / name for name in _VENDORED}
    for feature in features:
        table |= {f"{feature}.{path.name}": path for path in _view_files(feature)}
    return table


def views_module(features: Iterable[str], table: dict[str, Path]) -> str:
    """The script that tells the shell which features have a view."""
    named = [f'"{feature}"' for feature in features if f"{feature}.view.js" in table]
    return f"export const FEATURES = [{', '.join(named)}];\n"


def _view_files(feature: str) -> list[Path]:
    return sorted((FEATURE_FOLDERS / feature).glob("view*.js"))


ASSETS = assets(FEATURES)
VIEWS_MODULE = views_module(FEATURES, ASSETS)
