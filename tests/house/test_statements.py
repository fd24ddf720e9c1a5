"""Statements have a name each: it is used where the code says it, and every one is used."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements
from tests.sandbox import PROJECT

FILES = sorted((PROJECT / "chalicelib").rglob("*.sql"))
LOADER = "statements_beside"


def code_of(file: Path) -> Iterator[ast.AST]:
    """Every node of the modules that may use *file*: those of its package and below."""
    for module in file.parent.rglob("*.py"):
        yield from ast.walk(ast.parse(module.read_text("utf-8")))


def loaders_of(file: Path) -> set[str]:
    """The names under which the modules of the package hold the statements of *file*."""
    names = set()
    for node in code_of(file):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            call = node.value
            is_loader = isinstance(call.func, ast.Name) and call.func.id == LOADER
            named = [a.value for a in call.args if isinstance(a, ast.Constant)] or ["queries.sql"]
            if is_loader and named == [file.name]:
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def used_in(file: Path) -> set[str]:
    """The names of statements of *file* that the code says."""
    loaders = loaders_of(file)
    return {
        node.attr
        for node in code_of(file)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (node.value.id if isinstance(node.value, ast.Name) else node.value.attr) in loaders
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PROJECT)))
def test_the_statements_of_a_file_are_those_that_its_code_uses(file: Path) -> None:
    assert loaders_of(file), f"no module loads {file.name}"
    assert used_in(file) == set(load_statements(file))
