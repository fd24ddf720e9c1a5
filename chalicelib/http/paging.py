"""Pages by key: a page starts after the last key of the one before, however much there is.

Counting rows to skip would cost more with every page, and would show rows twice or never while
rows come and go.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from chalicelib.errors import InvalidRequestError
from chalicelib.text import is_storable_text

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True)
class PageRequest:
    """How many items, and the key after which they start (None: from the beginning)."""

    limit: int
    after: tuple[Any, ...] | None


def page_request(limit: str | None, after: str | None, key_types: tuple[type, ...]) -> PageRequest:
    """What `?limit=` and `?after=` ask for; *key_types* are the types of a key's parts.

    Raises `InvalidRequestError` naming the parameter.
    """
    return PageRequest(_limit(limit), None if after is None else _decode(after, key_types))


def page_document(
    found: Sequence[T],
    request: PageRequest,
    document_of: Callable[[T], dict[str, Any]],
    key_of: Callable[[T], tuple[Any, ...]],
) -> dict[str, Any]:
    """`{"items": […], "next": …}` of *found*, which holds one item more where there is more."""
    items = found[: request.limit]
    has_more = len(found) > request.limit
    return {
        "items": [document_of(item) for item in items],
        "next": _encode(key_of(items[-1])) if has_more else None,
    }


def _limit(raw: str | None) -> int:
    if raw is None:
        return DEFAULT_LIMIT
    is_number = raw.isascii() and raw.isdecimal() and len(raw) <= len(str(MAX_LIMIT))
    if not is_number or not 1 <= int(raw) <= MAX_LIMIT:
        raise InvalidRequestError(
            f"limit must be a whole number from 1 to {MAX_LIMIT}", parameter="limit"
        )
    return int(raw)


def _encode(key: tuple[Any, ...]) -> str:
    text = json.dumps(key, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(raw: str, key_types: tuple[type, ...]) -> tuple[Any, ...]:
    try:
        padded = raw.encode("ascii") + b"=" * (-len(raw) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        key = None
    is_key = isinstance(key, list) and [type(part) for part in key] == list(key_types)
    if not is_key or not all(_is_storable(part) for part in key):
        raise InvalidRequestError(
            "after must be the `next` of an earlier page, unchanged", parameter="after"
        )
    return tuple(key)


def _is_storable(part: str | int) -> bool:
    return is_storable_text(part) if isinstance(part, str) else 0 <= part < 2**63
