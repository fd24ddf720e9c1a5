"""Where a value stands in a JSON document, such as `params."temperature:0".tC` or `data[0].value`.

The grammar is that of JMESPath (https://jmespath.org), and its own library reads it. Of that only
fields and indexes are let through, so that a path leads to one value or to none, and looking for it
takes as many steps as the path has.
"""

import warnings
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any, Final

MAX_LENGTH = 200
MAX_DEPTH = 20

# A text is the name of a field, a number the place in a list; a negative one counts from its end.
Path = tuple[str | int, ...]

_HINT = (
    'it is made of names, names in double quotes, dots, and places in lists, such as a."b:0".c[0]'
)


class _Missing(Enum):
    MISSING = "missing"


# What `find` returns where there is nothing: null is something.
MISSING: Final = _Missing.MISSING


class PathError(ValueError):
    """Why a text is no path, as what follows its name: "is empty"."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Path:
    """*text* as a path; raises `PathError`, which says why it is none."""
    if not text.strip():
        raise PathError("is empty")
    if len(text) > MAX_LENGTH:
        raise PathError(f"has more than {MAX_LENGTH} characters")
    path = tuple(_steps(_tree(text)))
    if len(path) > MAX_DEPTH:
        raise PathError(f"has more than {MAX_DEPTH} steps")
    return path


def find(path: Path, document: object) -> Any:
    """What stands at *path* in *document*, as `json.loads` makes it, or `MISSING`."""
    value = document
    for step in path:
        if isinstance(step, str):
            if not isinstance(value, dict):
                return MISSING
            value = value.get(step, MISSING)
        else:
            if not isinstance(value, list) or not -len(value) <= step < len(value):
                return MISSING
            value = value[step]
    return value


def _tree(text: str) -> Mapping[str, Any]:
    """What JMESPath makes of *text*."""
    # Declarations of features name paths, and are imported where no path is ever read.
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parsed: Mapping[str, Any] = jmespath.compile(text).parsed
    except (JMESPathError, RecursionError):
        raise PathError(f"is no path: {_HINT}") from None
    return parsed


def _steps(node: Mapping[str, Any]) -> Iterator[str | int]:
    match node["type"]:
        case "field" | "index":
            yield node["value"]
        case "subexpression":
            for child in node["children"]:
                yield from _steps(child)
        case "index_expression":
            of, *indexes = node["children"]
            # What the document itself is a list of is indexed by nothing before it.
            if of["type"] != "identity":
                yield from _steps(of)
            for index in indexes:
                yield from _steps(index)
        case _:
            raise PathError(f"may find several values, or computes one: {_HINT}")
