"""What every module of the console and of the views keeps to; read, not run."""

import re
from pathlib import Path

import pytest

from chalicelib.console.assets import ASSETS, FEATURE_FOLDERS, INDEX, STATIC, VIEWS

OURS = {name: path for name, path in ASSETS.items() if path.parent != STATIC / "vendor"}
SCRIPTS = sorted(name for name in OURS if name.endswith(".js"))
VIEW_FILES = sorted(name for name, path in OURS.items() if FEATURE_FOLDERS in path.parents)
IMPORTED = re.compile(r"""(?:from|import)\s+"([^"]+)";""")
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


def text_of(name: str) -> str:
    return ASSETS[name].read_text(encoding="utf-8")


def imports_of(name: str) -> list[str]:
    return IMPORTED.findall(text_of(name))


@pytest.mark.parametrize("path", [INDEX, *OURS.values()], ids=lambda path: path.name)
def test_nothing_is_inline_and_nothing_is_read_as_html(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for forbidden in DANGEROUS:
        assert forbidden not in text
    assert " style=" not in text
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


@pytest.mark.parametrize("name", SCRIPTS)
def test_whatever_is_imported_is_served(name: str) -> None:
    for imported in imports_of(name):
        assert imported.removeprefix("./") in {*ASSETS, VIEWS}, imported


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_module_exports_what_is_imported_of_it(name: str) -> None:
    for names, imported in re.findall(r'import \{([^}]+)\} from "\./([^"]+)";', text_of(name)):
        if imported in OURS:
            for wanted in (each.strip() for each in names.split(",")):
                assert re.search(rf"\bexport\b[^;]*\b{wanted}\b", text_of(imported)), wanted


@pytest.mark.parametrize("name", VIEW_FILES)
def test_a_view_imports_the_console_and_its_own_parts_only(name: str) -> None:
    feature = name.split(".")[0]
    for imported in imports_of(name):
        assert imported == "./console.js" or imported.startswith(f"./{feature}.view_"), imported


@pytest.mark.parametrize("name", sorted(set(SCRIPTS) - set(VIEW_FILES)))
def test_the_console_names_no_feature(name: str) -> None:
    for feature in {view.split(".")[0] for view in VIEW_FILES}:
        assert f'"{feature}' not in text_of(name)
        assert f"/{feature}." not in text_of(name)


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_module_uses_all_that_it_imports(name: str) -> None:
    text = text_of(name)
    for names in re.findall(r"import \{([^}]+)\} from", text):
        for used in (each.strip() for each in names.split(",")):
            assert len(re.findall(rf"\b{used}\b", text)) > 1, used
