"""What goes into a package."""

import json
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from release.build import Release, build
from release.chalice_package import TEMPLATE, ZIP
from tests.release.conftest import copy_project
from tests.shared import made_once

GONE = f"gone.cpython-{sys.version_info.major}{sys.version_info.minor}.pyc"


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Release, Release]:
    """Made twice, on a terminal with settings of its own and with leftovers lying around."""
    return made_once(tmp_path_factory, "releases", make_twice)


def make_twice(folder: Path) -> tuple[Release, Release]:
    project = copy_project(folder / "project")
    caches = project.root / "migrations" / "versions" / "__pycache__"
    caches.mkdir()
    (caches / GONE).write_bytes(b"stale")
    (project.root / "chalicelib" / ".notes").write_text("mine")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setenv("AUTH_MODE", "none")
        monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(folder / "elsewhere"))
        monkeypatch.setenv("PYTHONOPTIMIZE", "2")
        first = build(project, "prod", folder / "first")
        (project.root / "app.py").touch()
        return first, build(project, "prod", folder / "second")


def test_a_package_carries_the_application_its_revisions_and_their_bytecode(
    releases: tuple[Release, Release],
) -> None:
    names = releases[0].sizes.keys()
    assert {"app.py", "alembic.ini", "migrations/env.py", "chalice/app.py"} <= names
    assert "chalicelib/features/device_parameters/queries.sql" in names
    sources = [name for name in names if name.endswith(".py")]
    bytecode = [name for name in names if name.endswith(".pyc")]
    assert len(bytecode) == len(sources)


def test_leftovers_stay_behind(releases: tuple[Release, Release]) -> None:
    names = releases[0].sizes.keys()
    assert not [name for name in names if name.endswith((GONE, ".notes"))]


def test_the_same_project_gives_the_same_bytes(releases: tuple[Release, Release]) -> None:
    for name in (ZIP, TEMPLATE):
        first, second = ((release.out / name).read_bytes() for release in releases)
        assert first == second


def test_another_user_may_read_what_was_packaged(releases: tuple[Release, Release]) -> None:
    with ZipFile(releases[0].out / ZIP) as zipped:
        modes = {entry.external_attr >> 16 for entry in zipped.infolist()}
    assert modes == {0o100644}


def test_the_access_of_a_terminal_is_not_packaged(releases: tuple[Release, Release]) -> None:
    template = json.loads(Path(releases[0].out / TEMPLATE).read_text("utf-8"))
    paths = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    assert paths["/status"]["get"]["security"] == [{"authorize": []}]
