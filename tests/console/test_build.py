"""The libraries are copied beside the console when they differ, and only then."""

from pathlib import Path

import pytest

from web import build

HOOKS = 'import{options}from"preact";'


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that npm would have filled: one library with a bare import, one without."""
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "hooks.mjs").write_text(HOOKS)
    (tmp_path / "node_modules" / "chart.js").write_text("first")
    files = (
        build.Vendored("hooks.mjs", "hooks.js", (('from"preact"', 'from"./preact.js"'),)),
        build.Vendored("chart.js", "chart.js"),
    )
    monkeypatch.setattr(build, "FILES", files)
    monkeypatch.setattr(build, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(build, "VENDOR", tmp_path / "vendor")
    monkeypatch.setattr(build, "find_node", lambda: None)
    monkeypatch.setattr(build, "install_packages", lambda project, node: None)
    return tmp_path / "node_modules"


def test_what_differs_is_copied_once(modules: Path, tmp_path: Path) -> None:
    vendor = tmp_path / "vendor"
    assert build.build() == [vendor / "hooks.js", vendor / "chart.js"]
    assert build.build() == []
    (modules / "chart.js").write_text("second")
    assert build.build() == [vendor / "chart.js"]
    assert {path.name for path in vendor.iterdir()} == {"hooks.js", "chart.js"}


def test_a_bare_import_becomes_one_that_a_browser_resolves(modules: Path, tmp_path: Path) -> None:
    build.build()
    assert (tmp_path / "vendor/hooks.js").read_text() == 'import{options}from"./preact.js";'


@pytest.mark.parametrize("text", ['import{options}from "preact";', HOOKS + HOOKS])
def test_a_library_that_imports_otherwise_is_refused(
    modules: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (modules / "hooks.mjs").write_text(text)
    assert build.main() == 1
    assert "hooks.mjs" in capsys.readouterr().err
