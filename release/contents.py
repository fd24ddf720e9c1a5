"""Which files of a distribution are used in Lambda, and which only make the package larger."""

from collections.abc import Callable
from pathlib import Path, PurePosixPath

# The application's own code goes in as it is.
OURS = ("app.py", "alembic.ini", "chalicelib", "migrations")
_LEFT_OUT_FOLDERS = ("__pycache__", "test", "tests", "testing")
_LEFT_OUT_SUFFIXES = (".pyi", ".pyx", ".pxd", ".c", ".h", ".py.typed")
# What importlib.metadata reads while running: the version, and who plugs in where.
_KEPT_METADATA = ("METADATA", "entry_points.txt", "top_level.txt")
_LEGAL = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")


def leave_out_dead_weight(root: Path) -> None:
    """Remove below *root* what never runs; licences stay."""
    keep_only(root, is_needed)


def keep_only(root: Path, is_needed: Callable[[PurePosixPath], bool]) -> None:
    """Remove below *root* every file that is not needed, and the folders that are then empty."""
    for path in sorted(root.rglob("*"), reverse=True):
        name = PurePosixPath(path.relative_to(root).as_posix())
        if path.is_file() and not is_needed(name):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def is_needed(name: PurePosixPath) -> bool:
    """Whether the file *name* of the package may be used, or must be shown, at run time."""
    top = name.parts[0]
    if top in OURS:
        return True
    if top.endswith(".dist-info"):
        return name.name in _KEPT_METADATA or _is_legal(name)
    if top.endswith(".data"):
        return False
    is_for_tests = any(folder in _LEFT_OUT_FOLDERS for folder in name.parts[1:-1])
    return (
        not is_for_tests and not name.name.endswith(_LEFT_OUT_SUFFIXES) and name.name != "py.typed"
    )


def _is_legal(name: PurePosixPath) -> bool:
    return "licenses" in name.parts or name.name.upper().startswith(_LEGAL)
