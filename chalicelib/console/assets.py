"""What the console consists of, by the one name under which each part is served.

The names are flat, because a path variable of API Gateway holds no slash: `view.js` in the folder
of the feature `heartbeats` is `heartbeats.view.js`. The table is made at start: a name from a URL
is looked up, never made into a path. The service itself has a view as features do.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from chalicelib.console.modules import joined
from chalicelib.features import FEATURES
from chalicelib.service.feature import SERVICE

HERE = Path(__file__).parent
STATIC = HERE / "static"
FEATURE_FOLDERS = HERE.parent / "features"
SERVICE_FOLDER = HERE.parent / SERVICE.name
INDEX = STATIC / "index.html"
# Its text is made here, because it says which features have a view.
VIEWS = "views.js"

# The console is one script, except for what starts it.
_CONSOLE = STATIC / "console.js"
_PLAIN = ("icon.svg", "page.js", "style.css")
# `web/build.py` puts them into `static/vendor/`. They are in the table even if they are not there:
# the answer then says how to get them.
_VENDORED = (
    "htm.js",
    "oauth4webapi.js",
    "preact.js",
    "preact_hooks.js",
    "uPlot.iife.min.js",
    "uPlot.min.css",
)
CONTENT_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}


@dataclass(frozen=True)
class Asset:
    """A file, or one script of a module and those among *modules* that it imports."""

    path: Path
    modules: tuple[Path, ...] = ()

    @property
    def files(self) -> set[Path]:
        """The files that it is made of, which all have to be there."""
        return {self.path, *self.modules}

    def text(self) -> str:
        """The text that is served.

        It is read each time, so that a change shows when the page is loaded anew.
        """
        if not self.modules:
            return self.path.read_text(encoding="utf-8")
        texts = {module.name: module.read_text(encoding="utf-8") for module in self.modules}
        return joined(self.path.name, texts)


def assets(features: Iterable[str]) -> dict[str, Asset]:
    """The parts of the console, then the views of those *features* that have one, by name."""
    own = sorted(path for path in STATIC.glob("*.js") if path.name not in _PLAIN)
    views = {f"{feature}.view.js": _view(feature) for feature in features}
    return {
        **{name: Asset(STATIC / name) for name in _PLAIN},
        **{name: Asset(STATIC / "vendor" / name) for name in _VENDORED},
        _CONSOLE.name: Asset(_CONSOLE, tuple(own)),
        **{name: view for name, view in views.items() if view.path in view.modules},
    }


def views_module(features: Iterable[str], table: Mapping[str, Asset]) -> str:
    """The script that tells the shell which features have a view."""
    named = [f'"{feature}"' for feature in features if f"{feature}.view.js" in table]
    return f"export const FEATURES = [{', '.join(named)}];\n"


def _view(feature: str) -> Asset:
    folder = SERVICE_FOLDER if feature == SERVICE.name else FEATURE_FOLDERS / feature
    return Asset(folder / "view.js", tuple(sorted(folder.glob("view*.js"))))


NAMES = [feature.name for feature in (*FEATURES, SERVICE)]
ASSETS = assets(NAMES)
VIEWS_MODULE = views_module(NAMES, ASSETS)
