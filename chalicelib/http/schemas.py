"""JSON Schemas of bodies and parameters, as msgspec makes them, with names that read well."""

import inspect
import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec

from chalicelib.bodies import HALVES, Body, Meta
from chalicelib.http.routes import Route

Json = dict[str, Any]

_TEMPLATE = "#/components/schemas/{name}"
# A page of loads is `Page[Load]` in Python, from which msgspec makes `Page_Load_`.
_GENERIC = re.compile(r"\b(Page|Listing)_(\w+)_")


class ErrorFacts(Body):
    """What went wrong."""

    code: Annotated[
        str,
        Meta(
            pattern="^[A-Z0-9_]+$", description="For programs; stable, but there may be new ones."
        ),
    ]
    message: Annotated[str, Meta(description="For people.")]
    details: Annotated[
        dict[str, Any],
        Meta(description="Facts; `parameter` names what is wrong in the request."),
    ]
    request_id: Annotated[
        str, Meta(min_length=1, description="Find the request in the log by it.")
    ] = msgspec.field(name="requestId")


class Error(Body):
    """What every error looks like."""

    error: ErrorFacts


class Schemas:
    """The schemas of all that *routes* take and give, each once."""

    def __init__(self, routes: Sequence[Route]) -> None:
        kinds = [Error, *_kinds(routes)]
        schemas, self._components = msgspec.json.schema_components(kinds, ref_template=_TEMPLATE)
        self._by_kind = {
            repr(kind): _renamed(schema) for kind, schema in zip(kinds, schemas, strict=True)
        }

    def components(self) -> Json:
        """All schemas that are referred to, by name."""
        return {_name(name): _tidied(schema) for name, schema in self._components.items()}

    def of(self, kind: Any) -> Json:
        """The schema of *kind*."""
        schema: Json = self._by_kind[repr(kind)]
        return schema

    def of_body(self, route: Route) -> Json:
        """The schema of what *route* takes."""
        if isinstance(route.body, tuple):
            return {"oneOf": [self.of(kind) for kind in route.body]}
        return self.of(route.body)

    def of_error(self) -> Json:
        """The schema of every error."""
        return self.of(Error)

    def says(self, kind: Any) -> str:
        """What *kind* is, in a sentence."""
        origin = getattr(kind, "__origin__", kind)
        is_ours = isinstance(origin, type) and issubclass(origin, msgspec.Struct)
        says = inspect.getdoc(origin) if is_ours else None
        return (says or "A JSON object.").partition("\n\n")[0]

    def path_parameters(self, route: Route) -> list[Json]:
        """The variables in the address."""
        return [
            {**_parameter(name, "path", msgspec.json.schema(kind)), "required": True}
            for name, kind in route.path.items()
        ]

    def query_parameters(self, route: Route) -> list[Json]:
        """What may follow the question mark."""
        # The schema is made by itself: a query is no body, and so is not among the components.
        [reference], components = msgspec.json.schema_components(
            [route.query], ref_template=_TEMPLATE
        )
        properties = _resolved(reference, components)["properties"]
        return [
            _parameter(name, "query", _resolved(schema, components))
            for name, schema in properties.items()
        ]


def _kinds(routes: Iterable[Route]) -> list[Any]:
    kinds: dict[str, Any] = {}
    for route in routes:
        bodies = route.body if isinstance(route.body, tuple) else (route.body,)
        for kind in (*route.answers.values(), *bodies):
            if kind is not None:
                kinds.setdefault(repr(kind), kind)
    return list(kinds.values())


def _resolved(schema: Json, components: Json) -> Json:
    """*schema* with what it refers to put in its place."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target = components[reference.rpartition("/")[2]]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}}


def _parameter(name: str, place: str, schema: Json) -> Json:
    rest = {k: v for k, v in schema.items() if k not in ("description", "examples")}
    parameter = {
        "name": name,
        "in": place,
        "description": schema.get("description", ""),
        "schema": _tidied(rest),
    }
    examples = schema.get("examples")
    return {**parameter, "example": examples[0]} if examples else parameter


def _tidied(schema: Json) -> Json:
    """Without the title, which only repeats the name, and the indentation of a docstring."""
    tidied: Json = _renamed({key: value for key, value in schema.items() if key != "title"})
    if "description" in tidied:
        tidied["description"] = inspect.cleandoc(tidied["description"])
    # All choices are texts in this application. msgspec does not say so, as the choices show it.
    return {"type": "string", **tidied} if "enum" in tidied else tidied


def _renamed(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _spellable(value) if key == "pattern" else _renamed(value)
            for key, value in node.items()
        }
    if isinstance(node, list):
        return [_renamed(item) for item in node]
    return _name(node) if isinstance(node, str) and node.startswith("#/") else node


def _spellable(pattern: Any) -> Any:
    """*pattern* without what no JSON text can hold, and most tools cannot read in a pattern."""
    return pattern.replace(HALVES, "") if isinstance(pattern, str) else pattern


def _name(name: str) -> str:
    return _GENERIC.sub(r"\2\1", name)
