"""The layer that carries Arrow: what is in it, and when there is none."""

import json
import sys
from functools import partial
from importlib.util import MAGIC_NUMBER
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import ZipFile

import pytest

from chalicelib.features.parquet_loads.feature import PYARROW
from release import archive
from release.build import Release, build
from release.chalice_package import TEMPLATE
from release.errors import ReleaseRefusedError
from release.layer import build as layers
from release.layer import contents, wheel
from release.project import Project
from stack.layers import resource
from tests.release.conftest import BuildStage, copy_project, edit_resources
from tests.shared import made_once

USER = "Migrate"
USES_ARROW = "import pyarrow as pa\nfrom pyarrow import csv\nimport pyarrow.parquet\n"


def with_a_layer(resources: dict[str, Any]) -> dict[str, Any]:
    resources[USER]["Properties"]["Layers"] = [{"Ref": PYARROW.resource}]
    return {**resources, PYARROW.resource: resource(PYARROW)}


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One with a function that has the layer, and with nothing in its loads but Arrow.

    What else they import is not packaged here.
    """
    project = copy_project(tmp_path_factory.mktemp("layer") / "project")
    for module in layers.layered(project.root):
        (project.root / f"{module.replace('.', '/')}.py").write_text("import pyarrow\n")
    edit_resources(project.root, with_a_layer)
    (project.root / "chalicelib" / "reads.py").write_text(USES_ARROW)
    return project


@pytest.fixture(scope="module")
def release(layered: Project, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return made_once(tmp_path_factory, "layered", partial(build, layered, "prod"))


@pytest.fixture(scope="module")
def layer(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Lambda unpacks to /opt."""
    root = tmp_path_factory.mktemp("opt")
    archive.unpack(release.out / layers.ZIP, root)
    return root


def test_a_function_that_has_the_layer_gets_it_made(release: Release) -> None:
    users = [function.name for function in release.functions if function.layers]
    assert users == [USER]
    assert release.layer is not None
    assert release.layer.requirement.startswith("pyarrow==")


def test_the_layer_runs_on_what_the_package_runs_on(release: Release) -> None:
    template = json.loads((release.out / TEMPLATE).read_text("utf-8"))
    properties = template["Resources"][PYARROW.resource]["Properties"]
    assert properties["CompatibleRuntimes"] == [release.runtime]
    assert (release.out / properties["ContentUri"]).is_file()


def test_without_such_a_function_there_is_no_layer(make: BuildStage, tmp_path: Path) -> None:
    """There is not even one of an earlier build."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / layers.ZIP).touch()
    assert make().layer is None
    assert not (tmp_path / "out" / layers.ZIP).exists()


def test_the_package_carries_nothing_of_it(release: Release) -> None:
    assert not [name for name in release.sizes if "arrow" in name.lower()]


def test_the_same_wheel_gives_the_same_bytes(
    layered: Project, release: Release, tmp_path: Path
) -> None:
    """Lambda makes a new version of a layer whose zip has changed."""
    (tmp_path / "package").mkdir()
    layers.build(layered, tmp_path / "package", tmp_path)
    assert (tmp_path / layers.ZIP).read_bytes() == (release.out / layers.ZIP).read_bytes()


def test_lambda_finds_all_of_it_in_its_search_path(layer: Path) -> None:
    assert [path.name for path in layer.iterdir()] == ["python"]
    assert (layer / "python" / "pyarrow" / "__init__.py").is_file()


def test_it_says_under_which_licence_it_is_passed_on(layer: Path) -> None:
    [licences] = (layer / "python").glob("pyarrow-*.dist-info/licenses")
    assert {path.name for path in licences.iterdir()} >= {"LICENSE.txt", "NOTICE.txt"}


def test_it_is_compiled_for_the_place_where_it_will_be(layer: Path) -> None:
    sources = list(layer.rglob("*.py"))
    cached = f"__init__.cpython-{sys.version_info.major}{sys.version_info.minor}.pyc"
    bytecode = (layer / "python" / "pyarrow" / "__pycache__" / cached).read_bytes()
    assert bytecode.startswith(MAGIC_NUMBER)
    assert b"/opt/python/pyarrow/__init__.py" in bytecode
    assert len(list(layer.rglob("*.pyc"))) == len(sources)


def test_libraries_may_be_loaded_by_another_user(release: Release) -> None:
    with ZipFile(release.out / layers.ZIP) as zipped:
        modes = {entry.filename: entry.external_attr >> 16 for entry in zipped.infolist()}
    libraries = {name for name in modes if ".so" in name}
    assert {modes[name] for name in libraries} == {0o100755}
    assert {modes[name] for name in modes.keys() - libraries} == {0o100644}


def test_a_third_of_the_wheel_stays_behind(release: Release) -> None:
    """The zip must fit into an upload, and package and layer together into a function."""
    assert release.layer is not None
    assert release.layer.zipped < 40_000_000
    assert release.layer.unzipped < 110_000_000


@pytest.mark.parametrize(
    ("imported", "named"),
    [
        ("import pyarrow.flight", "pyarrow._flight"),
        ("from pyarrow import orc", "pyarrow._orc"),
        ("import elsewhere\nimport pyarrow", "elsewhere"),
    ],
)
def test_a_layer_that_lacks_what_the_loads_import_is_refused(
    layer: Path, tmp_path: Path, imported: str, named: str
) -> None:
    (tmp_path / "chalicelib").mkdir()
    (tmp_path / "chalicelib" / "reads.py").write_text(imported)
    with pytest.raises(ReleaseRefusedError, match=rf"(?s)lacks what the loads use.*{named}"):
        layers.try_out(tmp_path, layer / "python")


def test_a_layer_that_lacks_a_library_is_refused(layer: Path, tmp_path: Path) -> None:
    """It would import, here, and fail with the first file."""
    archive.unpack(_packed(layer, tmp_path), tmp_path / "copied")
    [library] = (tmp_path / "copied" / "python" / "pyarrow").glob("libparquet.so.*")
    library.unlink()
    with pytest.raises(ReleaseRefusedError, match="libparquet"):
        layers.try_out(tmp_path, tmp_path / "copied" / "python")


def _packed(layer: Path, folder: Path) -> Path:
    archive.pack(layer, folder / "packed.zip")
    return folder / "packed.zip"


def test_who_uses_the_layer_is_read_from_the_source(tmp_path: Path) -> None:
    sources = {
        "a/__init__.py": "import pyarrow",
        "a/b.py": "def f():\n    from pyarrow import csv",
        "c.py": "import json\nfrom chalicelib.a import b\nfrom . import a",
        "d.py": "import pyarrow_ops",
    }
    for name, source in sources.items():
        path = tmp_path / "chalicelib" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    assert layers.layered(tmp_path) == ["chalicelib.a", "chalicelib.a.b"]


def test_a_wheel_that_is_not_to_be_had_is_refused(
    layered: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(ReleaseRefusedError, match=r"no wheel for Lambda of pyarrow==26\.0\.0"):
        wheel.fetch(_other(layered), tmp_path)


def _other(layered: Project) -> Any:
    requirement = layered.layer_requirement()
    requirement.specifier = type(requirement.specifier)("==26.0.0")
    return requirement


@pytest.mark.parametrize(
    ("version", "is_too_old"), [((3, 11), True), ((3, 12), False), ((3, 13), False)]
)
def test_a_system_that_is_too_old_is_a_warning(version: tuple[int, int], is_too_old: bool) -> None:
    """Every other function runs there, and so do the tests here."""
    warnings = layers.glibc_warnings("pyarrow==1", (2, 28), version)
    assert bool(warnings) is is_too_old
    for warning in warnings:
        assert warning.startswith("pyarrow==1 needs glibc 2.28, and Lambda's python3.11 has 2.26:")


@pytest.mark.parametrize(
    ("tags", "glibc"),
    [
        ("manylinux_2_28_x86_64", (2, 28)),
        ("manylinux2014_x86_64.manylinux_2_17_x86_64", (2, 17)),
        ("manylinux_2_17_x86_64.manylinux_2_28_x86_64", (2, 17)),
    ],
)
def test_a_wheel_says_which_system_it_needs(tags: str, glibc: tuple[int, int]) -> None:
    assert wheel.glibc_of(f"pyarrow-26.0.1-cp312-cp312-{tags}.whl") == glibc


@pytest.mark.parametrize(
    ("name", "is_needed"),
    [
        ("pyarrow/parquet/core.py", True),
        ("pyarrow/lib.cpython-312-x86_64-linux-gnu.so", True),
        ("pyarrow/_csv.cpython-312-x86_64-linux-gnu.so", True),
        ("pyarrow/_flight.cpython-312-x86_64-linux-gnu.so", False),
        ("pyarrow/_parquet_encryption.cpython-312-x86_64-linux-gnu.so", False),
        ("pyarrow/libarrow.so.2600", True),
        ("pyarrow/libarrow_python.so.2600", True),
        ("pyarrow/libarrow_python.so.2600.1.0", False),
        ("pyarrow/libarrow_python.so", False),
        ("pyarrow/libarrow_s3.so.2600", False),
        ("pyarrow/include/arrow/api.h", False),
        ("pyarrow/_compute.pyx", False),
        ("pyarrow/tests/test_array.py", False),
        ("pyarrow/conftest.py", False),
        ("pyarrow-26.0.1.dist-info/METADATA", True),
        ("pyarrow-26.0.1.dist-info/licenses/NOTICE.txt", True),
        ("pyarrow-26.0.1.dist-info/RECORD", False),
    ],
)
def test_what_reads_no_parquet_stays_behind(name: str, is_needed: bool) -> None:
    assert contents.is_needed(PurePosixPath(name)) is is_needed
