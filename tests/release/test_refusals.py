"""What would not run, or not until the first invocation, is no package."""

import json
import re
import tarfile
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest
from chalice.constants import MISSING_DEPENDENCIES_TEMPLATE
from click.testing import CliRunner
from packaging.requirements import Requirement

from release import bytecode, chalice_package, checks, contents, interpreter
from release.__main__ import main
from release.chalice_package import TEMPLATE, ZIP
from release.errors import ReleaseRefusedError
from release.project import Project
from tests.release.conftest import BuildStage

KNOWN = r"no stage 'staging': the known ones are dev, prod"


def test_an_unknown_stage_is_refused_with_the_known_ones(make: BuildStage) -> None:
    with pytest.raises(ReleaseRefusedError, match=KNOWN):
        make("staging")


def test_the_local_stage_cannot_be_deployed(make: BuildStage) -> None:
    with pytest.raises(ReleaseRefusedError, match="no stage 'local'"):
        make("local")


def test_the_command_says_why_and_fails(tmp_path: Path) -> None:
    ended = CliRunner().invoke(main, ["--stage", "staging", "--out", str(tmp_path)])
    assert ended.exit_code == 1
    assert "refused: there is no stage 'staging'" in ended.stderr


def test_a_refusal_leaves_no_earlier_package_to_be_deployed(
    make: BuildStage, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in (ZIP, TEMPLATE):
        (out / name).touch()
    with pytest.raises(ReleaseRefusedError):
        make("staging")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "name",
    [
        "chalicelib/console/static/vendor/uPlot.min.css",
        "chalicelib/console/static/vendor/preact.js",
        "chalicelib/console/static/shell.js",
        "chalicelib/features/heartbeats/view.js",
        "chalicelib/features/heartbeats/view_device.js",
    ],
)
def test_a_page_that_lacks_a_part_is_refused(make: BuildStage, project: Project, name: str) -> None:
    (project.root / name).unlink()
    with pytest.raises(ReleaseRefusedError, match=f"lacks {re.escape(name)}: run `python -m"):
        make()


def test_a_handler_outside_of_app_py_is_refused(make: BuildStage, project: Project) -> None:
    routes = project.root / "chalicelib" / "features" / "device_parameters" / "routes.py"
    stray = """

    @routes.lambda_function()
    def stray(event: object, context: object) -> None: ...
    """
    routes.write_text(routes.read_text("utf-8") + dedent(stray))
    with pytest.raises(ReleaseRefusedError) as refusal:
        make()
    assert str(refusal.value).startswith(
        "Stray is handled by chalicelib.features.device_parameters.routes.stray, outside of app.py"
    )


def test_links_that_a_checkout_did_not_keep_are_refused(make: BuildStage, project: Project) -> None:
    """Git writes the target's name into a file where there are no symbolic links."""
    for name in ("migrations", "alembic.ini"):
        link = project.root / "vendor" / name
        link.unlink()
        link.write_text(f"../{name}")
    with pytest.raises(ReleaseRefusedError, match="must be symbolic links to them"):
        make()


def test_a_template_that_is_not_valid_is_refused(make: BuildStage, project: Project) -> None:
    resources = project.root / ".chalice" / "resources.json"
    template = json.loads(resources.read_text("utf-8"))
    template["Resources"]["APIHandler"]["Properties"]["Tracing"] = "Sometimes"
    resources.write_text(json.dumps(template))
    with pytest.raises(ReleaseRefusedError, match=r"(?s)is not valid.*Sometimes"):
        make()


def test_what_chalice_cannot_do_is_refused_in_its_words(make: BuildStage, project: Project) -> None:
    (project.root / "app.py").write_text("raise RuntimeError('half written')\n")
    with pytest.raises(ReleaseRefusedError, match=r"(?s)chalice package failed.*half written"):
        make()


def test_a_wheel_that_is_not_to_be_had_is_refused_by_name(
    make: BuildStage, project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chalice packages without it, and exits with 0."""
    put_source_distribution(tmp_path, "elsewhere")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    # pip reads this one the other way round.
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")
    (project.root / "requirements.txt").write_text("elsewhere==1.0\n")
    with pytest.raises(ReleaseRefusedError, match=r"no wheel for Lambda of elsewhere==1\.0: pin"):
        make()


def put_source_distribution(shelf: Path, name: str) -> None:
    """A package that can only be built for another system."""
    source = shelf / f"{name}-1.0"
    source.mkdir()
    (source / "setup.py").write_text(
        f"from setuptools import setup\nsetup(name={name!r}, version='1.0', py_modules=[])\n"
    )
    (source / "setup.cfg").write_text("[bdist_wheel]\nplat_name = win_amd64\n")
    (source / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    with tarfile.open(shelf / f"{name}-1.0.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)


def test_chalices_remark_on_wheels_is_understood() -> None:
    output = "Creating deployment package.\n" + MISSING_DEPENDENCIES_TEMPLATE % "one==1.0\ntwo==2"
    with pytest.raises(ReleaseRefusedError, match=r"no wheel for Lambda of one==1\.0, two==2: "):
        chalice_package.require_success(0, output)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A task root with one distribution."""
    dist_info = tmp_path / "psycopg2_binary-2.9.13.dist-info"
    dist_info.mkdir()
    (dist_info / "WHEEL").write_text("Tag: cp311-cp311-manylinux_2_17_x86_64\n")
    return tmp_path


def test_a_pinned_package_that_did_not_arrive_is_refused(installed: Path) -> None:
    there = Requirement("psycopg2-binary==2.9.13")
    checks.require_wheels(installed, [there])
    for absent in ("psycopg2-binary==2.9.14", "PyJWT==2.15.1"):
        with pytest.raises(ReleaseRefusedError, match=f"lacks {absent.lower()} of requirements"):
            checks.require_wheels(installed, [there, Requirement(absent)])


def test_a_package_compiled_on_this_machine_is_refused(installed: Path) -> None:
    wheel = installed / "psycopg2_binary-2.9.13.dist-info" / "WHEEL"
    wheel.write_text("Tag: cp311-cp311-linux_x86_64\n")
    with pytest.raises(ReleaseRefusedError, match=r"binary==2\.9\.13 was compiled on this"):
        checks.require_wheels(installed, [])


@pytest.mark.parametrize(
    ("zipped", "unzipped", "sentence"),
    [
        (52_428_801, 1, r"52\.4 MB zipped"),
        (1, 262_144_001, r"262\.1 MB unpacked"),
    ],
)
def test_what_lambda_would_not_take_is_refused(zipped: int, unzipped: int, sentence: str) -> None:
    checks.require_size(zipped - 1, unzipped - 1)
    with pytest.raises(ReleaseRefusedError, match=f"the package is {sentence}, and Lambda takes"):
        checks.require_size(zipped, unzipped)


def test_a_module_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    with pytest.raises(ReleaseRefusedError, match=r"(?s)not all of it compiles.*broken\.py"):
        bytecode.compile_below(tmp_path)


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_a_python_that_nobody_tested_is_refused(version: tuple[int, int]) -> None:
    with pytest.raises(ReleaseRefusedError, match=r"runs on 3\.11, 3\.12, 3\.13: make the virtual"):
        interpreter.runtime(version)


def test_the_oldest_python_comes_with_a_warning() -> None:
    assert [interpreter.runtime(version) for version in interpreter.SUPPORTED] == [
        "python3.11",
        "python3.12",
        "python3.13",
    ]
    [warning] = interpreter.warnings((3, 11))
    assert "ends on 2027-06-30" in warning
    assert interpreter.warnings((3, 12)) == []


@pytest.mark.parametrize(
    ("name", "is_needed"),
    [
        ("chalicelib/tests/model.py", True),
        ("migrations/versions/0003_device_parameters_runs.py", True),
        ("sqlalchemy/engine/base.py", True),
        ("sqlalchemy/testing/fixtures.py", False),
        ("sqlalchemy/py.typed", False),
        ("psycopg2/_psycopg.cpython-311-x86_64-linux-gnu.so", True),
        ("cffi/_cffi_include.h", False),
        ("alembic/op.pyi", False),
        ("alembic-1.20.1.dist-info/METADATA", True),
        ("alembic-1.20.1.dist-info/entry_points.txt", True),
        ("alembic-1.20.1.dist-info/licenses/LICENSE", True),
        ("jmespath-1.1.0.dist-info/LICENSE", True),
        ("alembic-1.20.1.dist-info/RECORD", False),
        ("jmespath-1.1.0.data/scripts/jp.py", False),
    ],
)
def test_what_never_runs_stays_out(name: str, is_needed: bool) -> None:
    assert contents.is_needed(PurePosixPath(name)) is is_needed
