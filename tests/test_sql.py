"""Statements by name."""

from pathlib import Path

import pytest

from chalicelib.sql import load_statements
from tests.sandbox import PROJECT

FEATURES = [path.parent for path in (PROJECT / "chalicelib").glob("*/queries.sql")]


def test_statements_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: one\nSELECT 1\n\n-- name: two\n-- why\nSELECT :x\n")
    statements = load_statements(path)
    assert {name: str(body) for name, body in statements.items()} == {
        "one": "SELECT 1",
        "two": "-- why\nSELECT :x",
    }


def test_a_name_used_twice_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
    with pytest.raises(ValueError, match="names a statement twice"):
        load_statements(path)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda path: path.name)
def test_every_statement_is_used(feature: Path) -> None:
    code = "".join(path.read_text("utf-8") for path in feature.glob("*.py"))
    unused = [
        name
        for name in load_statements(feature / "queries.sql")
        if f'_statements["{name}"]' not in code
    ]
    assert unused == []
