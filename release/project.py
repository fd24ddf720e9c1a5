"""The project as it is packaged: its stages, and the files that go in."""

import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from release.errors import ReleaseRefusedError

ROOT = Path(__file__).resolve().parent.parent
# It configures `chalice local` and nothing that could be deployed.
LOCAL_STAGE = "local"
# The group in pyproject.toml of what only the function that reads Parquet needs.
_LAYER_GROUP = "parquet"
_FILES = ("app.py", "requirements.txt")
_FOLDERS = ("chalicelib", "vendor")
_NEVER_SHIPPED = shutil.ignore_patterns("__pycache__", "*.py[co]", ".*")


@dataclass(frozen=True)
class Project:
    """A checkout, and what it says before anything is made of it."""

    root: Path = ROOT

    def stages(self) -> list[str]:
        """The stages that can be deployed."""
        config: dict[str, Any] = json.loads(self._text(".chalice/config.json"))
        return [stage for stage in config["stages"] if stage != LOCAL_STAGE]

    def requirements(self) -> list[Requirement]:
        """What has to be in the package, for the interpreter that runs this."""
        lines = self._text("requirements.txt").splitlines()
        pins = [Requirement(line) for line in lines if line.strip() and not line.startswith("#")]
        return [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]

    def layer_requirement(self) -> Requirement:
        """What the layer is made of, pinned."""
        project: dict[str, Any] = tomllib.loads(self._text("pyproject.toml"))["project"]
        [pin] = project["optional-dependencies"][_LAYER_GROUP]
        return Requirement(pin)

    def migrations(self) -> dict[str, bytes]:
        """What Alembic needs, by its place in the package."""
        folder = self.root / "migrations"
        paths = [self.root / "alembic.ini", *folder.glob("*.py"), *folder.glob("versions/*.py")]
        return {path.relative_to(self.root).as_posix(): path.read_bytes() for path in paths}

    def copy_to(self, target: Path) -> None:
        """Put what Chalice reads into *target*, links followed and leftovers left behind.

        Chalice packages every file below `chalicelib` and `vendor`, caches included. It also keeps
        the package for the next time that these files are the same, and would use one again that
        lacked a wheel.
        """
        shutil.copytree(self.root / ".chalice", target / ".chalice", ignore=_deployments)
        for name in _FILES:
            shutil.copy2(self.root / name, target / name)
        for name in _FOLDERS:
            shutil.copytree(self.root / name, target / name, ignore=_NEVER_SHIPPED)

    def _text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")


def require_stage(project: Project, stage: str) -> None:
    """Raise `ReleaseRefusedError` for a stage that Chalice would package without configuration."""
    known = project.stages()
    if stage not in known:
        raise ReleaseRefusedError(
            f"there is no stage {stage!r}: the known ones are {', '.join(known)}"
        )


def _deployments(_: str, names: list[str]) -> list[str]:
    return [name for name in names if name in ("deployments", "deployed")]
