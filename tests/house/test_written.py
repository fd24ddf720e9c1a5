"""What is written from the declarations is in the repository as it would be written now."""

import pytest

from app import app
from chalicelib.http.gate import declared_routes
from reference.document import PATH, document
from stack.declared import DECLARED
from stack.written import files
from tests.sandbox import PROJECT

WRITTEN = files()


@pytest.mark.parametrize("path", WRITTEN)
def test_a_file_is_what_the_declarations_say(path: str) -> None:
    assert (PROJECT / path).read_text("utf-8") == WRITTEN[path], "run `make template`"


def test_no_file_is_left_of_what_is_declared_no_more() -> None:
    found = [*PROJECT.glob(".chalice/*.json"), *PROJECT.glob("docs/*-role.sql")]
    assert {path.relative_to(PROJECT).as_posix() for path in found} == WRITTEN.keys()


def test_the_reference_is_what_the_declarations_and_the_routes_say() -> None:
    written = document(DECLARED, declared_routes(app))
    assert PATH.read_text("utf-8") == written, "run `make reference`"
