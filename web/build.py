"""Puts the chart library beside the operator page.

The library is locked in package-lock.json and kept out of the repository; without it the page
works and says what is missing. Run this before packaging; the second time it does nothing.
"""

import sys
from pathlib import Path

from devdb.errors import EmbeddedDatabaseError
from devdb.node import find_node, install_packages

WEB = Path(__file__).resolve().parent
DIST = WEB / "node_modules" / "uplot" / "dist"
VENDOR = WEB.parent / "chalicelib" / "console" / "static" / "vendor"
FILES = ("uPlot.iife.min.js", "uPlot.min.css")


def build() -> list[Path]:
    """Install what the lock file asks for and copy what differs; returns what was copied."""
    install_packages(WEB, find_node())
    VENDOR.mkdir(exist_ok=True)
    return [VENDOR / name for name in FILES if _copy(DIST / name, VENDOR / name)]


def _copy(source: Path, target: Path) -> bool:
    content = source.read_bytes()
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
    except EmbeddedDatabaseError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"copied {', '.join(path.name for path in copied)}" if copied else "up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
