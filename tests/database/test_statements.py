"""Named statements: what is in the file is what can be asked for."""

from pathlib import Path

import pytest

from chalicelib.database.statements import Statements, load_statements, statements_beside


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


def test_a_statement_is_an_attribute_of_the_file_beside_a_module(tmp_path: Path) -> None:
    (tmp_path / "queries.sql").write_text("-- name: one\nSELECT 1\n")
    (tmp_path / "others.sql").write_text("-- name: two\nSELECT 2\n")
    module = str(tmp_path / "store.py")
    assert statements_beside(module).one.text == "SELECT 1"
    assert statements_beside(module, "others.sql").two.text == "SELECT 2"


def test_a_name_that_the_file_does_not_have_is_no_attribute(tmp_path: Path) -> None:
    path = tmp_path / "queries.sql"
    path.write_text("-- name: one\nSELECT 1\n")
    with pytest.raises(AttributeError, match=r"queries\.sql has no statement named 'two'"):
        _ = Statements(path).two
