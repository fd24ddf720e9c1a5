"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements
from tests.sandbox import PROJECT

FEATURES = [path.parent for path in (PROJECT / "chalicelib").rglob("queries.sql")]


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_the_statements_of_a_feature_are_those_its_code_binds(feature: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in feature.glob("*.py"))
    bound = re.findall(r'^_[A-Z_]+ = _statements\["(\w+)"\]$', code, re.MULTILINE)
    assert sorted(bound) == sorted(load_statements(feature / "queries.sql"))
    assert len(bound) == code.count("_statements["), "statements are bound at import, by name"


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_a_bound_statement_is_executed(feature: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in feature.glob("*.py"))
    constants = re.findall(r"^(_[A-Z_]+) = _statements", code, re.MULTILINE)
    assert [name for name in constants if len(re.findall(rf"\b{name}\b", code)) < 2] == []
