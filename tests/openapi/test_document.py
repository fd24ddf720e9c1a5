"""The document by itself, and beside the code it describes."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from chalicelib.openapi.document import VERSION, document
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.access import errors as access_errors
from chalicelib.access import gate
from chalicelib.errors import ApplicationError
from tests.openapi.described import operations
from tests.sandbox import PROJECT

PAGE = {"/", "/assets/{name}"}


def test_it_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(document()).validate()


def test_it_covers_every_route_and_nothing_else() -> None:
    routes = {path: set(methods) for path, methods in app.routes.items() if path not in PAGE}
    documented: dict[str, set[str]] = {}
    for operation in operations():
        documented.setdefault(operation.route, set()).add(operation.method)
    assert documented == routes


def test_its_version_is_the_project_s() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["project"]
    assert document()["info"]["version"] == VERSION == project["version"]


def test_what_it_calls_open_is_open() -> None:
    described = {operation.route for operation in operations() if "security" in operation.described}
    assert described == set(gate.OPEN_PATHS) - PAGE


def test_every_error_has_a_status_that_is_described() -> None:
    described = {
        status for operation in operations() for status in operation.described["responses"]
    }
    assert access_errors.UnauthorizedError in ApplicationError.__subclasses__()
    raised = {str(kind.http_status) for kind in ApplicationError.__subclasses__()}
    assert raised - described == set()


def test_everything_it_defines_is_used() -> None:
    used = {part["$ref"] for part in parts(document()) if "$ref" in part}
    components = document()["components"]
    defined = {
        f"#/components/{k}/{name}" for k in ("schemas", "responses") for name in components[k]
    }
    assert used == defined


def test_every_example_fits_its_schema() -> None:
    count = 0
    for schema, example in examples():
        OAS31Validator({**schema, "components": document()["components"]}).validate(example)
        count += 1
    assert count > 20


@pytest.mark.parametrize(
    "operation", operations(), ids=lambda operation: operation.described["operationId"]
)
def test_an_operation_explains_itself(operation: Any) -> None:
    assert operation.described["summary"]
    assert operation.described["description"]


def examples() -> Iterator[tuple[dict[str, Any], Any]]:
    """Schemas and what is said to fit them: beside the schema, or as one of its own keywords."""
    for part in parts(document()):
        if "schema" in part:
            given = [part["example"]] if "example" in part else []
            given += [example["value"] for example in part.get("examples", {}).values()]
            yield from ((part["schema"], example) for example in given)
        elif "type" in part:
            yield from ((part, example) for example in part.get("examples", []))


def parts(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in *node*, however deep."""
    if isinstance(node, dict):
        yield node
        for child in node.values():
            yield from parts(child)
    elif isinstance(node, list):
        for child in node:
            yield from parts(child)
