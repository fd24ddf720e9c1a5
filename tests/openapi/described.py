"""The requests that the document describes."""

from typing import Any, NamedTuple

from app import app
from chalicelib.http.gate import declared_routes
from chalicelib.http.openapi import document

METHODS = ("get", "head", "post", "put", "patch", "delete")
DOCUMENT = document(list(declared_routes(app)))


class Operation(NamedTuple):
    """A method on a path as routes spell it, and on one that a caller could ask for."""

    method: str
    route: str
    path: str
    described: dict[str, Any]
    query: dict[str, Any]


def operations() -> list[Operation]:
    """All requests that the document describes, with the example of each parameter that has one."""
    found = []
    for route, item in DOCUMENT["paths"].items():
        path = route.format_map(_examples(item))
        for method in METHODS:
            if method in item:
                described = item[method]
                found.append(
                    Operation(method.upper(), route, path, described, _examples(described))
                )
    return found


def _examples(described: dict[str, Any]) -> dict[str, Any]:
    parameters = described.get("parameters", [])
    return {each["name"]: each["example"] for each in parameters if "example" in each}
