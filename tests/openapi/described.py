"""The requests that the document describes."""

from typing import Any, NamedTuple

from chalicelib.openapi.document import document

METHODS = ("get", "head", "post")


class Operation(NamedTuple):
    """A method on a path as routes spell it, and on one that a caller could ask for."""

    method: str
    route: str
    path: str
    described: dict[str, Any]
    query: dict[str, Any]


def operations() -> list[Operation]:
    """All of them; *query* holds the example of each parameter."""
    found = []
    for route, item in document()["paths"].items():
        examples = {
            place: {p["name"]: p["example"] for p in item.get("parameters", []) if p["in"] == place}
            for place in ("path", "query")
        }
        for method in METHODS:
            if method in item:
                path = route.format_map(examples["path"])
                found.append(
                    Operation(method.upper(), route, path, item[method], examples["query"])
                )
    return found
