"""What paths are made of: operations that read, and parameters."""

from enum import StrEnum
from typing import Any

from chalicelib.http.paging import DEFAULT_LIMIT, MAX_LIMIT
from chalicelib.openapi.responses import CLOSED, answer, errors, without_bodies
from chalicelib.openapi.shapes import Schema, member, text, whole

Operation = dict[str, Any]
Parameter = dict[str, Any]


def reading(
    name: str,
    summary: str,
    description: str,
    body: Schema,
    parameters: tuple[Parameter, ...] = (),
    refusals: tuple[str, ...] = CLOSED,
    tag: str = "sync",
) -> dict[str, Any]:
    """GET, and HEAD for the same without the body."""
    responses = {"200": answer(description, body), **errors(*refusals)}
    about = {"summary": summary, "description": description, "tags": [tag]}
    item = {
        "get": {"operationId": f"get{name}", **about, "responses": responses},
        "head": {
            "operationId": f"head{name}",
            **about,
            "responses": without_bodies(responses),
        },
    }
    return {"parameters": list(parameters), **item} if parameters else item


def paging(after: str) -> tuple[Parameter, Parameter]:
    """`limit`, and `after` with a key that an earlier page could have ended with."""
    limit = whole("How many items.", minimum=1, maximum=MAX_LIMIT, default=DEFAULT_LIMIT)
    key = text(
        "The `next` of the page before, unchanged; leave it out for the first page.",
        pattern="^[A-Za-z0-9_-]+$",
    )
    return in_query("limit", limit, DEFAULT_LIMIT), in_query("after", key, after)


def filtering(name: str, example: StrEnum, description: str) -> Parameter:
    """Only the items of one kind."""
    return in_query(name, member(type(example), description), example.value)


def in_query(name: str, schema: Schema, example: object) -> Parameter:
    """A parameter that may be left out."""
    return _parameter("query", name, schema, example)


def in_path(name: str, schema: Schema, example: object) -> Parameter:
    """A part of the path."""
    return {**_parameter("path", name, schema, example), "required": True}


def _parameter(place: str, name: str, schema: Schema, example: object) -> Parameter:
    rest = {key: value for key, value in schema.items() if key != "description"}
    return {
        "name": name,
        "in": place,
        "description": schema["description"],
        "schema": rest,
        "example": example,
    }
