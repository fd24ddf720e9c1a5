"""Which Python a package is made for: the one that makes it."""

import sys

from release.errors import ReleaseRefusedError

SUPPORTED = ((3, 11), (3, 12), (3, 13))
# The C libraries of Amazon Linux 2 and of Amazon Linux 2023. A wheel must not need a newer one.
GLIBC = {(3, 11): (2, 26), (3, 12): (2, 34), (3, 13): (2, 34)}
AGEING = (3, 11)
AGEING_WARNING = (
    "Lambda's python3.11 runs on Amazon Linux 2 and ends on 2027-06-30: package with Python 3.12 "
    "or 3.13."
)


def runtime(version: tuple[int, int] = sys.version_info[:2]) -> str:
    """Lambda's name for Python *version*, such as `python3.13`.

    Raises `ReleaseRefusedError` for one that this application is not tested with.
    """
    if version not in SUPPORTED:
        known = ", ".join(_written(supported) for supported in SUPPORTED)
        raise ReleaseRefusedError(
            f"Python {_written(version)} packages for itself, and this application runs on "
            f"{known}: make the virtual environment with one of them"
        )
    return f"python{_written(version)}"


def warnings(version: tuple[int, int] = sys.version_info[:2]) -> list[str]:
    """What a person should know about Python *version* before it is deployed."""
    return [AGEING_WARNING] if version == AGEING else []


def _written(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
