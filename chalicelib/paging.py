"""Pages by key: a page starts after the last key of the one before, however much there is.

Counting rows to skip would cost more with every page, and would show rows twice or never while
rows come and go.
"""

import base64
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from chalicelib.bodies import MAX_BIGINT, UNSET, Body, Meta, UnsetType
from chalicelib.errors import InvalidRequestError
from chalicelib.text import is_storable_text

T = TypeVar("T")

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Limit = Annotated[
    int, Meta(ge=1, le=MAX_LIMIT, description="How many items a page may hold.", examples=[50])
]
After = Annotated[
    str,
    Meta(
        description="The `next` of the page before, unchanged; leave it out for the first page.",
        # The pattern is for the document only. `start_after` refuses what does not match, in a
        # sentence.
        extra_json_schema={"pattern": "^[A-Za-z0-9_-]+$"},
    ),
]


class PageQuery(Body):
    """How many items, and the key after which they start."""

    limit: Limit = DEFAULT_LIMIT
    after: After | UnsetType = UNSET


class Page(Body, Generic[T]):
    """One page of a list."""

    items: Annotated[list[T], Meta(max_length=MAX_LIMIT)]
    next: Annotated[
        str | None,
        Meta(description="Pass it on as `after` for the next page; null on the last."),
    ]


def page_of(
    found: list[T],
    query: PageQuery,
    key: Callable[[T], tuple[Any, ...]],
) -> Page[T]:
    """The page of *found*, which holds one item more than asked for where there is more."""
    items = found[: query.limit]
    following = cursor(key(items[-1])) if len(found) > query.limit else None
    return Page(items=items, next=following)


def start_after(query: PageQuery, *kinds: type) -> tuple[Any, ...] | None:
    """The key after which the page starts, its parts of these *kinds*; None for the first page.

    Raises `InvalidRequestError` for anything but the `next` of an earlier page.
    """
    return None if query.after is UNSET else key_in(query.after, *kinds)


def key_in(after: str, *kinds: type) -> tuple[Any, ...]:
    """The key that *after* spells, its parts of these *kinds*; raises as `start_after` does."""
    key = _decoded(after)
    if key is None or len(key) != len(kinds):
        raise _not_a_cursor()
    return tuple(_part(part, kind) for part, kind in zip(key, kinds, strict=True))


def cursor(key: tuple[Any, ...]) -> str:
    """*key* as text for an address."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _decoded(spelled: str) -> list[Any] | None:
    try:
        padded = spelled.encode("ascii") + b"=" * (-len(spelled) % 4)
        key = msgspec.json.decode(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        return None
    return key if isinstance(key, list) else None


def _part(part: object, kind: type[T]) -> T:
    try:
        value = msgspec.convert(part, kind)
    except msgspec.ValidationError:
        raise _not_a_cursor() from None
    if not _is_storable(value):
        raise _not_a_cursor()
    return value


def _is_storable(value: object) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is not None
    if isinstance(value, int):
        return 0 <= value <= MAX_BIGINT
    return isinstance(value, str) and is_storable_text(value)


def _not_a_cursor() -> InvalidRequestError:
    return InvalidRequestError(
        "after must be the `next` of an earlier page, unchanged", parameter="after"
    )
