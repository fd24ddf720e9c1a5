"""Puts the libraries of the console beside it.

They are locked in package-lock.json and kept out of the repository; without them the console says
what is missing. Run this before packaging; the second time it does nothing.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from devdb.errors import EmbeddedDatabaseError
from devdb.node import find_node, install_packages

WEB = Path(__file__).resolve().parent
MODULES = WEB / "node_modules"
VENDOR = WEB.parent / "chalicelib" / "console" / "static" / "vendor"


class UnexpectedContentError(Exception):
    """A library no longer reads as this module expects it."""


@dataclass(frozen=True)
class Vendored:
    """A file of a package, the name it gets, and what has to be replaced in it, once each."""

    source: str
    name: str
    replacements: tuple[tuple[str, str], ...] = ()

    def content(self) -> bytes:
        """The file as the console serves it."""
        text = (MODULES / self.source).read_text(encoding="utf-8")
        for old, new in self.replacements:
            if text.count(old) != 1:
                raise UnexpectedContentError(
                    f"{self.source} has {old!r} {text.count(old)} times, not once: see web/build.py"
                )
            text = text.replace(old, new)
        return text.encode()


# A browser resolves relative names only, without an import map, which the console's policy forbids.
# The maps are left behind, so nothing may ask for them.
FILES = (
    Vendored("uplot/dist/uPlot.iife.min.js", "uPlot.iife.min.js"),
    Vendored("uplot/dist/uPlot.min.css", "uPlot.min.css"),
    Vendored("uplot/LICENSE", "uPlot.LICENSE"),
    Vendored("preact/dist/preact.mjs", "preact.js", (("//# sourceMappingURL=preact.mjs.map", ""),)),
    Vendored(
        "preact/hooks/dist/hooks.mjs",
        "preact_hooks.js",
        (('from"preact"', 'from"./preact.js"'), ("//# sourceMappingURL=hooks.mjs.map", "")),
    ),
    Vendored("preact/LICENSE", "preact.LICENSE"),
    Vendored(
        "oauth4webapi/build/index.js",
        "oauth4webapi.js",
        (("//# sourceMappingURL=index.js.map", ""),),
    ),
    Vendored("oauth4webapi/LICENSE.md", "oauth4webapi.LICENSE"),
    Vendored("htm/dist/htm.mjs", "htm.js"),
    Vendored("htm/LICENSE", "htm.LICENSE"),
)


def build() -> list[Path]:
    """Install what the lock file asks for and copy what differs; returns what was copied."""
    install_packages(WEB, find_node())
    VENDOR.mkdir(exist_ok=True)
    return [VENDOR / file.name for file in FILES if _write(file.content(), VENDOR / file.name)]


def _write(content: bytes, target: Path) -> bool:
    if target.is_file() and target.read_bytes() == content:
        return False
    # Renamed into place, so that a page served meanwhile never reads half a file.
    partial = target.with_suffix(".partial")
    partial.write_bytes(content)
    partial.replace(target)
    return True


def main() -> int:
    """Build, and say what was done."""
    try:
        copied = build()
    except (EmbeddedDatabaseError, UnexpectedContentError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"copied {', '.join(path.name for path in copied)}" if copied else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
