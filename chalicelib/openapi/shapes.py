"""The few kinds of JSON Schema that everything here is made of."""

from enum import StrEnum
from typing import Any

from chalicelib.http.paging import MAX_LIMIT

Schema = dict[str, Any]

MAX_ID = 2**63 - 1
# Any text that PostgreSQL can hold: all but NUL.
STORABLE = r"^[^\u0000]*$"


def record(description: str, **properties: Schema) -> Schema:
    """An object of exactly these properties, all of them there."""
    return {**wishes(description, **properties), "required": list(properties)}


def wishes(description: str, **properties: Schema) -> Schema:
    """An object of at most these properties, any of which may be left out."""
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "additionalProperties": False,
    }


def text(description: str, **more: Any) -> Schema:
    """A string."""
    return {"type": "string", "description": description, **more}


def stored_text(description: str, **more: Any) -> Schema:
    """A string as a database can hold it."""
    return text(description, pattern=STORABLE, **more)


def whole(description: str, minimum: int = 0, maximum: int = MAX_ID, **more: Any) -> Schema:
    """A whole number within limits."""
    limits = {"minimum": minimum, "maximum": maximum}
    return {"type": "integer", "format": "int64", "description": description, **limits, **more}


def number(description: str, minimum: float = 0, **more: Any) -> Schema:
    """A number within limits."""
    limits = {"minimum": minimum}
    return {"type": "number", "format": "double", "description": description, **limits, **more}


def flag(description: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description}


def instant(description: str) -> Schema:
    """A point in time as all answers spell it."""
    example = "2026-11-01T10:17:03.250000Z"
    return text(description, format="date-time", pattern="Z$", examples=[example])


def member(kind: type[StrEnum], description: str) -> Schema:
    """One of the values of *kind*."""
    return text(description, enum=[value.value for value in kind])


def listed(items: Schema, description: str, **more: Any) -> Schema:
    """An array."""
    return {"type": "array", "description": description, "items": items, **more}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    choices = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return {**schema, "type": [*kinds, "null"], **choices}


def page(item: str, description: str) -> Schema:
    """One page of items of that name."""
    return record(
        description,
        items=listed(schema_ref(item), description, maxItems=MAX_LIMIT),
        next=nullable(text("Pass it on as `after` for the next page; null on the last.")),
    )


def schema_ref(name: str) -> Schema:
    """The schema of that name."""
    return {"$ref": f"#/components/schemas/{name}"}
