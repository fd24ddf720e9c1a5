"""Every environment variable that is read is declared, and read by somebody."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

import chalicelib
from chalicelib.feature import Setting
from stack.declared import DECLARED
from stack.stages import STAGES
from tests.sandbox import PROJECT

SETTINGS = [setting for feature in DECLARED for setting in feature.settings]
SOURCES = {
    path: path.read_text("utf-8")
    for path in (
        *(PROJECT / "chalicelib").rglob("*.py"),
        *(PROJECT / "migrations").rglob("*.py"),
        PROJECT / "app.py",
        PROJECT / "cli.py",
    )
}
# Lambda sets them itself.
RESERVED = re.compile(r"AWS_LAMBDA_\w+")


def _constants() -> Iterator[tuple[str, list[Setting[object]]]]:
    """Every constant of the application that is a setting, or holds some."""
    for found in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        for name, value in vars(importlib.import_module(found.name)).items():
            yield name, [one for one in _held(value) if isinstance(one, Setting)]


def _held(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, tuple | list) else [value]


def test_every_setting_is_declared() -> None:
    made = {setting.name for _, settings in _constants() for setting in settings}
    assert made == {setting.name for setting in SETTINGS}, "see `settings` in a feature.py"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_declared_setting_is_read(setting: Setting[object]) -> None:
    names = {name for name, settings in _constants() if setting in settings}
    code = "\n".join(SOURCES.values())
    read = [name for name in names if re.search(rf"\b{name}(\[\w+\])?\.(value|items)", code)]
    assert read, f"nobody asks for the value of {' or '.join(sorted(names))}"


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_what_a_setting_is_by_default_and_in_a_stage_is_valid(setting: Setting[object]) -> None:
    if setting.default is not None:
        setting.parse(setting.default)
    if setting.in_stage is not None:
        for stage in STAGES:
            setting.parse(setting.in_stage.replace("{stage}", stage))


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_a_setting_says_what_it_decides_in_a_sentence(setting: Setting[object]) -> None:
    assert re.fullmatch(r"[A-Z`0-9].+\.|libpq.+\.", setting.decides), setting.decides


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_no_variable_is_read_past_the_settings(path: Path) -> None:
    read = [name for name in _read(ast.parse(SOURCES[path])) if not RESERVED.fullmatch(name)]
    assert read == [], "declare a Setting"


def _read(tree: ast.Module) -> Iterator[str]:
    """The names in `os.environ["X"]`, `environ.get("X")`, `os.getenv("X")` and the like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            yield from _texts([node.slice])
        if isinstance(node, ast.Call) and re.search(
            r"environ\.\w+$|getenv$", ast.unparse(node.func)
        ):
            yield from _texts(node.args)


def _texts(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
