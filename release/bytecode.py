"""Bytecode beside the sources: Lambda's task root is read-only, so nobody would ever cache it."""

import os
import subprocess
import sys
from pathlib import Path

from release.errors import ReleaseRefusedError

# Where Lambda unpacks it, and so what a traceback should say.
TASK_ROOT = "/var/task"


def compile_below(root: Path, place: str = TASK_ROOT) -> None:
    """Compile every module below *root*, which will be *place*, for the interpreter that runs this.

    Nothing is checked when it is loaded: neither the time of the source, which the zip does not
    keep, nor its hash. Raises `ReleaseRefusedError` for a module that does not compile.
    """
    options = ["-q", "-f", "--invalidation-mode", "unchecked-hash"]
    paths = ["-s", str(root), "-p", place, str(root)]
    done = subprocess.run(
        [sys.executable, "-m", "compileall", "-j", "0", *options, *paths],
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseRefusedError(f"not all of it compiles:\n{done.stdout.strip()}")


def _environment() -> dict[str, str]:
    """Nothing of this terminal's Python decides where bytecode goes, or what is in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # The order in which a set is walked would show in the bytes.
    return {**kept, "PYTHONHASHSEED": "0"}
