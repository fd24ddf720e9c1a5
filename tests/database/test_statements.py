"""Named statements: what is in the file is what can be asked for."""

from pathlib import Path

import pytest

from chalicelib.database.statements import load_statements


def test_statements_are_found_by_name_without_their_comment_line(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- A preface.\n\n-- name: one\nSELECT 1\n\n-- name: two\nSELECT :two\n")
    statements = load_statements(path)
    assert {name: statement.text for name, statement in statements.items()} == {
        "one": "SELECT 1",
        "two": "SELECT :two",
    }


def test_a_name_used_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: one\nSELECT 1\n-- name: one\nSELECT 2\n")
    with pytest.raises(ValueError, match=r"queries\.sql names a statement twice"):
        load_statements(path)


def test_a_file_without_statements_has_none(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- nothing yet\n")
    assert load_statements(path) == {}
