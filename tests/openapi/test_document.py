"""The document by itself, and beside the code it describes."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app import app
from chalicelib.access import errors as access_errors
from chalicelib.access.model import Role
from chalicelib.errors import ApplicationError
from chalicelib.features import FEATURES
from chalicelib.http.gate import declared_routes
from chalicelib.service.feature import SERVICE
from chalicelib.version import VERSION
from tests.openapi.described import DOCUMENT, Operation, operations

# What answers something else than JSON.
PAGE = {"/", "/assets/{name}", "/removals.csv"}
OPERATIONS = operations()
ROUTES = {route.name: route for route in declared_routes(app) if route.address not in PAGE}
# What devices send has the shape that their makers give it.
OPEN = ("TelemetryDocument",)
each_operation = pytest.mark.parametrize(
    "operation", OPERATIONS, ids=lambda operation: operation.described["operationId"]
)


def test_it_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_it_covers_every_route_and_nothing_else() -> None:
    routes = {path: set(methods) for path, methods in app.routes.items() if path not in PAGE}
    documented: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        documented.setdefault(operation.route, set()).add(operation.method)
    assert documented == routes


def test_its_version_is_the_project_s() -> None:
    assert DOCUMENT["info"]["version"] == VERSION


def test_what_it_calls_open_is_open() -> None:
    described = {operation.route for operation in OPERATIONS if "security" in operation.described}
    assert described == {r.address for r in ROUTES.values() if r.requirement.is_open}


def test_its_tags_are_the_features() -> None:
    about = {feature.name: feature.about for feature in (SERVICE, *FEATURES)}
    assert {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]} == about


def test_operations_have_names_of_their_own() -> None:
    names = Counter(operation.described["operationId"] for operation in OPERATIONS)
    assert max(names.values()) == 1


def test_every_error_has_a_status_that_is_described() -> None:
    described = {status for operation in OPERATIONS for status in operation.described["responses"]}
    assert access_errors.UnauthorizedError in ApplicationError.__subclasses__()
    raised = {str(kind.http_status) for kind in ApplicationError.__subclasses__()}
    assert raised - described == set()


def test_everything_it_defines_is_used() -> None:
    used = {part["$ref"] for part in parts(DOCUMENT) if "$ref" in part}
    components = DOCUMENT["components"]
    defined = {
        f"#/components/{k}/{name}" for k in ("schemas", "responses") for name in components[k]
    }
    assert used == defined


def test_what_is_asked_in_an_address_is_no_body() -> None:
    queries = {route.query.__name__ for route in ROUTES.values()}
    assert queries & DOCUMENT["components"]["schemas"].keys() == set()


def test_every_example_fits_its_schema() -> None:
    count = 0
    for schema, example in examples():
        OAS31Validator({**schema, "components": DOCUMENT["components"]}).validate(example)
        count += 1
    assert count > 20


@pytest.mark.parametrize("name", DOCUMENT["components"]["responses"])
def test_an_error_has_an_example_with_a_code_of_its_own(name: str) -> None:
    described = DOCUMENT["components"]["responses"][name]
    if name == "WithoutBody":
        assert "content" not in described
        return
    code = described["content"]["application/json"]["example"]["error"]["code"]
    assert (code == "INTERNAL_ERROR") is (name == "InternalError")


@each_operation
def test_an_operation_explains_itself(operation: Operation) -> None:
    described = operation.described
    assert described["summary"].endswith((".", "?"))
    assert described["description"].endswith(".")
    assert len(described["tags"]) == 1
    for status, response in described["responses"].items():
        assert "$ref" in response or response["description"].endswith("."), status


@each_operation
def test_an_operation_says_who_may_call_it(operation: Operation) -> None:
    requirement = ROUTES[operation.described["operationId"].removeprefix("head_")].requirement
    says = operation.described["description"].rpartition("\n\n")[2]
    named = {role for role in Role if f"It takes the role `{role}`" in says}
    assert named == ({requirement.least} if requirement.least else set())
    assert ("Open to everybody." in says) is requirement.is_open
    assert ("belongs to an organization may not call it" in says) is (
        requirement.scope == "platform"
    )


@pytest.mark.parametrize(
    "route",
    [route for route, item in DOCUMENT["paths"].items() if "get" in item],
)
def test_head_is_get_without_the_body(route: str) -> None:
    item = DOCUMENT["paths"][route]
    got, head = dict(item["get"]), dict(item["head"])
    assert head.pop("operationId") == f"head_{got.pop('operationId')}"
    assert head.pop("description").startswith("The same as GET, without the body.")
    responses = got.pop("responses")
    bodiless = {"$ref": "#/components/responses/WithoutBody"}
    assert head.pop("responses") == dict.fromkeys(responses, bodiless)
    got.pop("description")
    assert head == got


@each_operation
def test_a_parameter_says_what_it_means(operation: Operation) -> None:
    item = DOCUMENT["paths"][operation.route]
    for each in [*item.get("parameters", []), *operation.described.get("parameters", [])]:
        assert each["description"].endswith("."), each["name"]
        # The key of a page has none: it means something in the list it comes from only.
        assert ("example" in each) is (each["name"] != "after"), each["name"]


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_a_schema_says_what_it_is_and_takes_nothing_else(name: str) -> None:
    schema = DOCUMENT["components"]["schemas"][name]
    assert schema["description"].endswith(".")
    assert "title" not in schema
    assert "    " not in schema["description"]
    assert schema["type"] in ("object", "string")
    is_closed = schema["type"] == "object" and name not in OPEN
    assert schema.get("additionalProperties") is (False if is_closed else None)


@pytest.mark.parametrize("name", DOCUMENT["components"]["schemas"])
def test_a_field_says_what_it_means_unless_its_type_does(name: str) -> None:
    for field, schema in DOCUMENT["components"]["schemas"][name].get("properties", {}).items():
        is_said_elsewhere = any("$ref" in part for part in parts(schema))
        assert schema.get("description", "").endswith(".") or is_said_elsewhere, field


@each_operation
def test_whatever_comes_in_is_bounded(operation: Operation) -> None:
    """Otherwise a text that no column can hold, or Infinity, would get as far as the database."""
    item = DOCUMENT["paths"][operation.route]
    parameters = [*item.get("parameters", []), *operation.described.get("parameters", [])]
    body = operation.described.get("requestBody", {})
    for name, schema in [
        *((each["name"], each["schema"]) for each in parameters),
        *(field for part in parts(body) if "schema" in part for field in fields(part["schema"])),
    ]:
        # A time of a device is text or number, and judged as a whole where it is read.
        if name not in ("ts", "last_upload_ts", "timestamp"):
            assert list(unbounded(schema)) == [], name


def fields(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of a body, those of what it refers to included."""
    for part in parts(schema):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            properties = DOCUMENT["components"]["schemas"][name].get("properties", {})
            yield from properties.items()
            yield from fields(properties)


def unbounded(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The parts of *schema* that take texts or numbers of any kind."""
    for part in parts(schema):
        is_bounded_text = {"pattern", "enum"} & part.keys()
        has_least = {"minimum", "exclusiveMinimum"} & part.keys()
        is_bounded_number = has_least and "maximum" in part
        is_text, is_number = part.get("type") == "string", part.get("type") in ("number", "integer")
        if (is_text and not is_bounded_text) or (is_number and not is_bounded_number):
            yield part


def examples() -> Iterator[tuple[dict[str, Any], Any]]:
    """Schemas and what is said to fit them: beside the schema, or as one of its own keywords."""
    for part in parts(DOCUMENT):
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
