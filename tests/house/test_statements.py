"""Statements have a name each: it is used where the code says it, and every one is used."""

import ast
from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements
from tests.sandbox import PROJECT

LOADER = "statements_beside"
FILES = sorted((PROJECT / "chalicelib").rglob("*.sql"))


def loaders_in(code: ast.Module, file: Path) -> set[str]:
    """The names under which a module beside *file* holds its statements."""
    names = set()
    for node in ast.walk(code):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            is_loader = isinstance(call.func, ast.Name) and call.func.id == LOADER
            named = [a.value for a in call.args if isinstance(a, ast.Constant)] or ["queries.sql"]
            if is_loader and named == [file.name]:
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def used_in(code: ast.Module, file: Path) -> set[str]:
    """The names of statements of *file* that a module beside it says."""
    loaders = loaders_in(code, file)
    return {
        node.attr
        for node in ast.walk(code)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in loaders
    }


def is_checked_at_import(file: Path) -> bool:
    """Whether a class has the names of *file* as its fields, and is made of it at import."""
    code = "".join(path.read_text("utf-8") for path in file.parent.glob("*.py"))
    return f'(**load_statements(Path(__file__).with_name("{file.name}")))' in code


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_the_statements_of_a_file_are_those_that_its_code_uses(file: Path) -> None:
    modules = [ast.parse(path.read_text("utf-8")) for path in file.parent.glob("*.py")]
    used = set().union(*(used_in(code, file) for code in modules))
    assert is_checked_at_import(file) or used == set(load_statements(file))
