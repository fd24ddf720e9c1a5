"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements
from tests.sandbox import PROJECT

# Two files that share their names are bound by a class whose fields have those names.
QUERIES = [
    path
    for path in (PROJECT / "chalicelib").rglob("*.sql")
    if path.stem not in ("energy", "measurements")
]
README = (PROJECT / "README.md").read_text("utf-8")


def binding_code(queries: Path) -> str:
    """The modules that read *queries*."""
    modules = [path.read_text("utf-8") for path in queries.parent.glob("*.py")]
    return "".join(code for code in modules if f'"{queries.name}"' in code)


@pytest.mark.parametrize("queries", QUERIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_statements_of_a_feature_are_those_its_code_binds(queries: Path) -> None:
    code = binding_code(queries)
    bound = re.findall(r'^_[A-Z_]+ = _statements\["(\w+)"\]$', code, re.MULTILINE)
    assert sorted(bound) == sorted(load_statements(queries))
    assert len(bound) == code.count("_statements["), "statements are bound at import, by name"


@pytest.mark.parametrize("queries", QUERIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_bound_statement_is_executed(queries: Path) -> None:
    code = binding_code(queries)
    constants = re.findall(r"^(_[A-Z_]+) = _statements", code, re.MULTILINE)
    assert [name for name in constants if len(re.findall(rf"\b{name}\b", code)) < 2] == []


def test_the_readme_documents_every_setting() -> None:
    modules = (PROJECT / "chalicelib").rglob("settings.py")
    settings = "".join(path.read_text("utf-8") for path in modules)
    migrations = (PROJECT / "migrations" / "env.py").read_text("utf-8")
    read = re.findall(r'\benviron(?:\.get\(|,)\s*"([A-Z0-9_]+)"', settings + migrations)
    table = README.partition("## Settings")[2]
    documented = re.findall(r"^\| `([A-Z0-9_]+)` \|", table, re.MULTILINE)
    assert sorted(documented) == sorted(set(read))


def test_the_readme_gives_every_default() -> None:
    source = (PROJECT / "chalicelib" / "settings.py").read_text("utf-8")
    defaults = dict(re.findall(r'read\(\s*environ,\s*"([A-Z0-9_]+)",.*?,\s*"([^"]+)"\s*\)', source))
    documented = dict(re.findall(r"^\| `([A-Z0-9_]+)` \| `([^`]+)` \|", README, re.MULTILINE))
    assert len(defaults) > 5
    assert {name: documented.get(name) for name in defaults} == defaults
