"""The package, made once, and containers that run it as Lambda does."""

import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from lambdaenv.container import Container, link_runtime
from release import archive
from release.build import Release, build
from release.chalice_package import TEMPLATE, ZIP
from release.layer.build import ZIP as LAYER_ZIP
from release.project import ROOT, Project
from tests.sandbox import Sandbox
from tests.shared import made_once
from web.build import FILES, VENDOR

_ROLE = f"device_parameters_lambda_{os.getpid()}"
StartContainer = Callable[..., Container]
EVENTS = ROOT / "tests" / "events"
STAGE = "prod"


def sample(name: str) -> Any:
    """An event as AWS sends it."""
    return json.loads((EVENTS / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """What `make package` makes."""
    if not all((VENDOR / file.name).is_file() for file in FILES):
        pytest.skip("a library of the page is missing: run `python -m web.build`")
    return made_once(tmp_path_factory, "release", partial(build, Project(), STAGE))


@pytest.fixture(scope="session")
def task_root(package: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The package, unpacked where nobody may write, and checked at the end: nobody has written."""
    root = tmp_path_factory.mktemp("task")
    archive.unpack(package.out / ZIP, root)
    _set_writable(root, is_writable=False)
    before = _listing(root)
    yield root
    after = _listing(root)
    _set_writable(root, is_writable=True)
    assert after == before, "something was written to the task root"


@pytest.fixture(scope="session")
def layers(package: Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What Lambda unpacks to /opt, by the handlers that have layers."""
    users = [function.handler for function in package.functions if function.layers]
    opt = tmp_path_factory.mktemp("opt")
    if users:
        archive.unpack(package.out / LAYER_ZIP, opt)
        _set_writable(opt, is_writable=False)
    return dict.fromkeys(users, opt)


@pytest.fixture(scope="session")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libraries that Lambda itself brings along."""
    folder = tmp_path_factory.mktemp("runtime")
    link_runtime(folder)
    return folder


@pytest.fixture(scope="session")
def stage_variables(package: Release) -> dict[str, dict[str, str]]:
    """The environment that the template gives to each handler, every parameter at its default.

    What has no default, the secret with the login, is not there: the tests bring their own.
    """
    template = json.loads((package.out / TEMPLATE).read_text(encoding="utf-8"))
    known = {
        **{name: name for name in template["Resources"]},
        **{name: each.get("Default") for name, each in template["Parameters"].items()},
        "AWS::StackName": "device-parameters-prod",
    }
    environments = {}
    for function in package.functions:
        properties = template["Resources"][function.name]["Properties"]
        given = {
            name: _resolved(value, known)
            for name, value in properties["Environment"]["Variables"].items()
        }
        environments[function.handler] = {
            name: value for name, value in given.items() if value is not None
        }
    return environments


def _resolved(value: Any, known: dict[str, str | None]) -> str | None:
    if isinstance(value, str):
        return value
    if "Fn::If" in value:  # whether a parameter is given, and here none is
        return _resolved(value["Fn::If"][2], known)
    return known.get(value["Ref"])


@pytest.fixture
def start(
    task_root: Path,
    layers: dict[str, Path],
    runtime: Path,
    stage_variables: dict[str, dict[str, str]],
    tmp_path: Path,
) -> Iterator[StartContainer]:
    """Starts a container of the test's own."""
    with ExitStack() as containers:

        def run(handler: str, **variables: str) -> Container:
            configured = {**stage_variables[handler], **variables}
            output = tmp_path / f"{handler}-{len(list(tmp_path.iterdir()))}.log"
            opt = layers.get(handler)
            container = Container(task_root, runtime, handler, configured, output, opt)
            return containers.enter_context(container)

        yield run


@pytest.fixture(scope="session")
def _warm_containers(
    task_root: Path,
    layers: dict[str, Path],
    runtime: Path,
    timescale: Sandbox,
    stage_variables: dict[str, dict[str, str]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[StartContainer]:
    known: dict[str, Container] = {}
    logs = tmp_path_factory.mktemp("logs")
    with ExitStack() as containers:

        def find(handler: str) -> Container:
            if handler not in known or not known[handler].is_running:
                variables = {
                    **stage_variables[handler],
                    **timescale.environment,
                    "AUTH_MODE": "none",
                }
                output, opt = logs / f"{handler}.log", layers.get(handler)
                container = Container(task_root, runtime, handler, variables, output, opt)
                known[handler] = containers.enter_context(container)
            return known[handler]

        yield find


@pytest.fixture
def warm(_warm_containers: StartContainer, migrated: Sandbox) -> StartContainer:
    """Finds the container of a handler that earlier tests have used already, on this database."""
    return _warm_containers


def _listing(root: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.lstat().st_mtime_ns) for path in [root, *root.rglob("*")])


def _set_writable(root: Path, *, is_writable: bool) -> None:
    for path in [root, *root.rglob("*")]:
        mode = path.stat().st_mode
        path.chmod(mode | stat.S_IWUSR if is_writable else mode & ~0o222)


@pytest.fixture
def as_the_functions(migrated: Sandbox) -> Iterator[dict[str, str]]:
    """What has every session be of a role that the policies hold."""
    migrated.rows(f"CREATE ROLE {_ROLE}")
    migrated.rows(f"GRANT USAGE ON SCHEMA iot_data TO {_ROLE}")
    migrated.rows(f"GRANT ALL ON ALL TABLES IN SCHEMA iot_data TO {_ROLE}")
    yield {**migrated.environment, "AUTH_MODE": "none", "PGOPTIONS": f"-c role={_ROLE}"}
    migrated.rows(f"DROP OWNED BY {_ROLE}")
    migrated.rows(f"DROP ROLE {_ROLE}")
