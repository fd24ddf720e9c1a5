"""Copies of the project to be doctored, without the dependencies that take long to package."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from chalicelib.page.routes import ASSETS, STATIC
from release.build import Release, build
from release.project import ROOT, Project

BuildStage = Callable[..., Release]
_IGNORED = shutil.ignore_patterns("__pycache__", "deployments")


def copy_project(root: Path) -> Project:
    """The project without requirements, so that no index is needed, and with all of the page."""
    for name in (".chalice", "chalicelib", "migrations", "vendor"):
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=_IGNORED)
    for name in ("app.py", "alembic.ini"):
        shutil.copy2(ROOT / name, root / name)
    (root / "requirements.txt").write_text("", encoding="utf-8")
    for asset in ASSETS.values():
        place = root / "chalicelib" / "page" / STATIC.name / asset.file
        place.parent.mkdir(exist_ok=True)
        place.touch()
    return Project(root)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copy_project(tmp_path / "project")


@pytest.fixture
def make(project: Project, tmp_path: Path) -> BuildStage:
    """Makes the package of that copy, in `out` beside it."""

    def run(stage: str = "prod") -> Release:
        return build(project, stage, tmp_path / "out")

    return run
