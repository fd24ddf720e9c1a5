"""Copies of the project to be doctored, without the dependencies that take long to package."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.console.assets import ASSETS, INDEX
from release import template
from release.build import Release, build
from release.project import ROOT, Project

BuildStage = Callable[..., Release]
_IGNORED = shutil.ignore_patterns("__pycache__", "deployments")


def copy_project(root: Path) -> Project:
    """The project with all of the page, and without what an index is needed for."""
    for name in (".chalice", "chalicelib", "migrations", "vendor"):
        shutil.copytree(ROOT / name, root / name, symlinks=True, ignore=_IGNORED)
    for name in ("app.py", "alembic.ini", "pyproject.toml"):
        shutil.copy2(ROOT / name, root / name)
    (root / "requirements.txt").write_text("", encoding="utf-8")
    edit_resources(root, _without_layers)
    for path in {INDEX}.union(*(asset.files for asset in ASSETS.values())):
        place = root / path.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True)
        place.touch()
    return Project(root)


def edit_resources(root: Path, edit: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Change the resources of the merge template of the project at *root*."""
    path = root / ".chalice" / "resources.json"
    template = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**template, "Resources": edit(template["Resources"])}))


def _without_layers(resources: dict[str, Any]) -> dict[str, Any]:
    for resource in resources.values():
        resource.get("Properties", {}).pop("Layers", None)
    return {
        name: resource
        for name, resource in resources.items()
        if resource.get("Type") != "AWS::Serverless::LayerVersion"
    }


@pytest.fixture(scope="session", autouse=True)
def _lint_once() -> Iterator[None]:
    """What the linter finds in a template it finds in its equals: it takes seven seconds each."""
    lint = template.lint
    found: dict[tuple[bytes, str], list[str]] = {}

    def lint_unless_known(path: Path, region: str) -> list[str]:
        key = (path.read_bytes(), region)
        if key not in found:
            found[key] = lint(path, region)
        return found[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "lint", lint_unless_known)
        yield


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return copy_project(tmp_path / "project")


@pytest.fixture
def make(project: Project, tmp_path: Path) -> BuildStage:
    """Makes the package of that copy, in `out` beside it."""

    def run(stage: str = "prod") -> Release:
        return build(project, stage, tmp_path / "out")

    return run
