"""Faults that Chalice lets through, and that Lambda refuses at once or at the first invocation."""

import re
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from chalicelib.console.assets import ASSETS, INDEX
from release.errors import ReleaseRefusedError
from release.project import ROOT, Project
from release.template import PackagedFunction

# Lambda's limits, in bytes: unpacked, and uploaded without S3.
MAX_UNZIPPED = 262_144_000
MAX_ZIPPED = 52_428_800
_MEGABYTE = 1_000_000
_HANDLER = re.compile(r"app\.\w+")
_BUILT_HERE = re.compile(r"^Tag: .*-(linux_\w+)$", re.MULTILINE)


def require_page(project: Project) -> None:
    """Raise `ReleaseRefusedError` where the page lacks a part.

    Its libraries may be missing, because they are fetched rather than kept with the code.
    """
    files = {INDEX}.union(*(asset.files for asset in ASSETS.values()))
    names = sorted(path.relative_to(ROOT).as_posix() for path in files)
    missing = [name for name in names if not (project.root / name).is_file()]
    if missing:
        raise ReleaseRefusedError(
            f"the page lacks {', '.join(missing)}: run `python -m web.build` (`make setup` does)"
        )


def require_wheels(root: Path, requirements: Iterable[Requirement]) -> None:
    """Raise `ReleaseRefusedError` unless Lambda can load every pinned package in its version."""
    found = {_distribution(path): path for path in root.glob("*.dist-info")}
    wanted = {f"{canonicalize_name(pin.name)}{pin.specifier}" for pin in requirements}
    missing = sorted(wanted - found.keys())
    if missing:
        raise ReleaseRefusedError(f"the package lacks {', '.join(missing)} of requirements.txt")
    built_here = sorted(name for name, path in found.items() if _is_built_here(path))
    if built_here:
        raise ReleaseRefusedError(
            f"{', '.join(built_here)} was compiled on this machine, against its C library: pin a "
            "version that has a manylinux wheel"
        )


def _distribution(path: Path) -> str:
    name, _, version = path.name.removesuffix(".dist-info").rpartition("-")
    return f"{canonicalize_name(name)}=={version}"


def _is_built_here(dist_info: Path) -> bool:
    wheel = dist_info / "WHEEL"
    return wheel.is_file() and _BUILT_HERE.search(wheel.read_text(encoding="utf-8")) is not None


def require_migrations(root: Path, project: Project) -> None:
    """Raise `ReleaseRefusedError` unless the revisions are in the package.

    They come through links, which not every checkout keeps as links.
    """
    wrong = [
        name
        for name, content in project.migrations().items()
        if not (root / name).is_file() or (root / name).read_bytes() != content
    ]
    if wrong:
        raise ReleaseRefusedError(
            f"{', '.join(sorted(wrong))} is not in the package as it is in the project: "
            "vendor/migrations and vendor/alembic.ini must be symbolic links to them"
        )


def require_functions(functions: list[PackagedFunction], runtime: str) -> None:
    """Raise `ReleaseRefusedError` for a handler outside of app.py, or another runtime.

    Lambda imports the module of a handler only, and app.py sets up logging and middleware.
    """
    stray = [function for function in functions if not _HANDLER.fullmatch(function.handler)]
    if stray:
        raise ReleaseRefusedError(
            f"{stray[0].name} is handled by {stray[0].handler}, outside of app.py: Lambda would "
            "import it without the logging and the middleware set up there; declare it in app.py"
        )
    other = [function for function in functions if function.runtime != runtime]
    if other:
        raise ReleaseRefusedError(
            f"{other[0].name} runs on {other[0].runtime}, and the package is made for {runtime}"
        )


def require_size(zipped: int, unzipped: int, made: str = "the package") -> None:
    """Raise `ReleaseRefusedError` for a size in bytes that Lambda would refuse, after minutes."""
    for what, size, limit in (
        ("unpacked", unzipped, MAX_UNZIPPED),
        ("zipped", zipped, MAX_ZIPPED),
    ):
        if size > limit:
            raise ReleaseRefusedError(
                f"{made} is {size / _MEGABYTE:.1f} MB {what}, and Lambda takes "
                f"{limit / _MEGABYTE:.1f} MB"
            )
