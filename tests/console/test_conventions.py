"""What every module of the console and of the views keeps to; read, not run."""

import re
from pathlib import Path

import pytest

from chalicelib.console.assets import ASSETS, FEATURE_FOLDERS, INDEX, SERVICE_FOLDER, STATIC, VIEWS

FILES = sorted(set().union(*(asset.files for asset in ASSETS.values())) | {INDEX})
OURS = [path for path in FILES if path.parent != STATIC / "vendor"]
SCRIPTS = [path for path in OURS if path.suffix == ".js"]
OF_VIEWS = [path for path in SCRIPTS if {FEATURE_FOLDERS, SERVICE_FOLDER} & {*path.parents}]
OF_CONSOLE = [path for path in SCRIPTS if path.parent == STATIC]
# Whose things are looked at is a question of every feature, and so of the console.
WHOSE = "organizations"
IMPORT = re.compile(r'^(?:import|export) (?:\{ (.+) \}|\w+) from "\./(.+)";$', re.MULTILINE)
# Each of them would read what the API says as HTML, or as a script.
DANGEROUS = (
    "innerHTML",
    "outerHTML",
    "insertAdjacentHTML",
    "dangerouslySetInnerHTML",
    "document.write",
    "eval(",
    "new Function",
    "srcdoc",
    "javascript:",
)


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def imports_of(path: Path) -> list[tuple[list[str], Path]]:
    """The names that are imported, and the file they come from."""
    found = IMPORT.findall(path.read_text(encoding="utf-8"))
    return [
        ([name for name in names.split(", ") if name], _file(path, source))
        for names, source in found
    ]


def _file(importer: Path, source: str) -> Path:
    beside = importer.parent / source
    return ASSETS[source].path if source in ASSETS and not beside.is_file() else beside


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_nothing_is_inline_and_nothing_is_read_as_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for forbidden in DANGEROUS:
        assert forbidden not in text
    assert " style=" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_whatever_is_imported_is_there(path: Path) -> None:
    for names, source in imports_of(path):
        if source.name == VIEWS:
            continue
        exported = source.read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf"\bexport\b[^;=]*\b{name}\b", exported), (source.name, name)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_whatever_is_imported_is_used(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for line in re.findall(r"^import \{ (.+) \} from", text, re.MULTILINE):
        for name in line.split(", "):
            assert len(re.findall(rf"\b{name}\b", text)) > 1, name


@pytest.mark.parametrize("path", OF_VIEWS, ids=name_of)
def test_a_view_imports_the_console_and_its_own_modules_only(path: Path) -> None:
    for _, source in imports_of(path):
        assert source in (STATIC / "console.js", path.parent / source.name)
        assert source.name.startswith(("console.", "view_"))


@pytest.mark.parametrize("path", OF_CONSOLE, ids=name_of)
def test_the_console_names_no_feature(path: Path) -> None:
    text = path.read_text(encoding="utf-8").replace(WHOSE, "")
    for feature in {view.parent.name for view in OF_VIEWS if view.parent != SERVICE_FOLDER}:
        assert feature not in text


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_module_can_be_read_at_a_sitting(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 200


def test_every_module_is_part_of_the_script_that_it_belongs_to() -> None:
    for asset in ASSETS.values():
        text = asset.text()
        for module in asset.modules:
            assert f"\n// {module.name}\n" in text, name_of(module)


def test_a_page_is_few_requests() -> None:
    # The API's stage lets a burst of 40 through, and a page asks for data besides.
    views = [name for name in ASSETS if name.endswith(".view.js")]
    assert len(ASSETS) - len(views) <= 12
