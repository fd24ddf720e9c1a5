"""The wheel that goes into the layer: the one that pip would install in Lambda."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from release import interpreter
from release.errors import ReleaseRefusedError

ARCHITECTURE = "x86_64"
_OLDEST_GLIBC_MINOR = 17
_MANYLINUX = re.compile(r"manylinux_(\d+)_(\d+)_" + ARCHITECTURE)


@dataclass(frozen=True)
class Wheel:
    """A wheel on this disk, and the oldest C library that it runs on."""

    path: Path
    glibc: tuple[int, int]


def fetch(requirement: Requirement, target: Path) -> Wheel:
    """Download the wheel of *requirement* for this interpreter on Lambda's newest Linux.

    Raises `ReleaseRefusedError` where there is none.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", *_options(), "-d", str(target), str(requirement)],
        env=os.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ReleaseRefusedError(
            f"there is no wheel for Lambda of {requirement}:\n{done.stdout.strip()}"
        )
    [path] = target.glob("*.whl")
    return Wheel(path, glibc_of(path.name))


def glibc_of(filename: str) -> tuple[int, int]:
    """The oldest C library that a wheel of that name runs on."""
    _, _, _, tags = parse_wheel_filename(filename)
    found = [_MANYLINUX.fullmatch(tag.platform) for tag in tags]
    return min((int(match[1]), int(match[2])) for match in found if match)


def _options() -> list[str]:
    """No dependencies: the layer is one wheel, and what it lacks shows when it is tried out.

    pip does not take an older platform for a newer one, so each is named.
    """
    major, minor = max(interpreter.GLIBC.values())
    older = range(minor, _OLDEST_GLIBC_MINOR - 1, -1)
    platforms = [f"--platform=manylinux_{major}_{glibc}_{ARCHITECTURE}" for glibc in older]
    python = f"{sys.version_info.major}{sys.version_info.minor}"
    only = ["--only-binary=:all:", "--no-deps", "--implementation=cp", f"--abi=cp{python}"]
    return [
        "--quiet",
        "--disable-pip-version-check",
        *only,
        f"--python-version={python}",
        *platforms,
    ]
