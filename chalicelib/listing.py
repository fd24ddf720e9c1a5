"""Lists by the number of a page, with totals; and by key, for whoever walks all of it.

A page and its totals are read by one statement, and so agree. A numbered page is found by counting
past those before it: that costs more with each page, and shows rows twice or never while rows come
and go. So it reaches no deeper than `MAX_DEPTH`; the `next` of a page goes on without an end.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func, select, true, tuple_

from chalicelib.bodies import MAX_INTEGER, UNSET, Body, Count, Meta, UnsetType
from chalicelib.errors import InvalidRequestError
from chalicelib.paging import MAX_LIMIT, After, cursor, key_in

T = TypeVar("T")

MAX_DEPTH = 10_000
DEFAULT_SIZE = 25
_FIRST = 1


class SortOrder(StrEnum):
    """Which end of a list comes first."""

    ASCENDING = "asc"
    DESCENDING = "desc"


class ListQuery(Body, rename="camel"):
    """Which page, and from which end. A list adds its filters, and `sort_by` with its choices."""

    page: Annotated[
        int,
        Meta(
            ge=1,
            le=MAX_DEPTH,
            description=f"The number of the page, from 1. Pages end at {MAX_DEPTH:,} items.",
            examples=[1],
        ),
    ] = _FIRST
    page_size: Annotated[
        int,
        Meta(ge=1, le=MAX_LIMIT, description="How many items a page may hold.", examples=[25]),
    ] = DEFAULT_SIZE
    sort_order: Annotated[
        SortOrder, Meta(description="Which end of the list comes first.", examples=["asc"])
    ] = SortOrder.ASCENDING
    after: After | UnsetType = UNSET


class Pagination(Body, rename="camel"):
    """Where a page is in its list."""

    page: Annotated[int, Meta(ge=1, description="The number of the page, from 1.")]
    page_size: Annotated[int, Meta(ge=1, le=MAX_LIMIT, description="How many items it may hold.")]
    total_items: Annotated[Count, Meta(description="How many items the list has.")]
    total_pages: Annotated[Count, Meta(description="How many pages that makes.")]
    has_next: Annotated[bool, Meta(description="Whether a page follows.")]
    has_previous: Annotated[bool, Meta(description="Whether there is a page before.")]


class Listing(Body, Generic[T], rename="camel"):
    """One page of a list, and how long the list is."""

    items: Annotated[list[T], Meta(max_length=MAX_LIMIT)]
    pagination: Pagination
    next: Annotated[
        str | None,
        Meta(description="Pass it on as `after` for the page that follows; null on the last."),
    ]


@dataclass(frozen=True)
class Sorting:
    """By what a list is sorted: a name for it, its column, and the column's kind in Python.

    The column is never null. *key* is the column of ids, which decides where two are equal.
    """

    name: str
    column: ColumnElement[Any]
    kind: type
    key: ColumnElement[Any]


def listed(
    connection: Connection,
    found: Select[Any],
    query: ListQuery,
    sorting: Sorting,
    read: Callable[[Row[Any]], T],
    *,
    total: Select[Any] | None = None,
) -> Listing[T]:
    """The page of *found* that *query* asks for, each row of it as *read* makes of it.

    *total* is a statement that knows how many there are without counting them one by one.
    Raises `InvalidRequestError` for a page that is too deep, or an `after` of another list.
    """
    number, key = _start(query, sorting)
    counted = total if total is not None else _counting(found)
    rows, total_items = _read(connection, found, query, sorting, key, counted)
    items = rows[: query.page_size]
    has_next = len(rows) > query.page_size
    return Listing(
        items=[read(row) for row in items],
        pagination=_pagination(query, number, total_items, has_next=has_next),
        next=_next(query, sorting, number, items[-1]) if has_next else None,
    )


def _start(query: ListQuery, sorting: Sorting) -> tuple[int, tuple[Any, Any] | None]:
    """The number of the page, and the key after which it starts, where *query* names one."""
    if query.after is UNSET:
        _require_depth(query)
        return query.page, None
    if query.page != _FIRST:
        raise InvalidRequestError("after names a page already: leave page out", parameter="page")
    by, order, number, *key = key_in(query.after, str, str, int, sorting.kind, str)
    if (by, order) != (sorting.name, query.sort_order):
        raise InvalidRequestError("after is of a list in another order", parameter="after")
    return max(number, _FIRST), (key[0], key[1])


def _require_depth(query: ListQuery) -> None:
    if query.page * query.page_size > max(MAX_DEPTH, query.page_size):
        raise InvalidRequestError(
            f"page reaches beyond {MAX_DEPTH:,} items: pass the next of a page on as after",
            parameter="page",
        )


def _counting(found: Select[Any]) -> Select[Any]:
    return found.with_only_columns(func.count(), maintain_column_froms=True)


def _read(
    connection: Connection,
    found: Select[Any],
    query: ListQuery,
    sorting: Sorting,
    key: tuple[Any, Any] | None,
    counting: Select[Any],
) -> tuple[Sequence[Row[Any]], int]:
    """The rows of the page, one more where there is one, and how many *found* has in all."""
    counted = select(counting.scalar_subquery().label("total_items")).subquery("counted")
    sorts = found.add_columns(sorting.column.label("sorted_by"), sorting.key.label("sorted_by_key"))
    page = _ordered(_past(sorts, query, sorting, key), query, sorting).subquery("page")
    both = select(page, counted.c.total_items).select_from(counted.outerjoin(page, true()))
    rows = connection.execute(_in_order(both, query, page.c.sorted_by, page.c.sorted_by_key)).all()
    return [row for row in rows if row.sorted_by_key is not None], rows[0].total_items


def _past(
    found: Select[Any], query: ListQuery, sorting: Sorting, key: tuple[Any, Any] | None
) -> Select[Any]:
    if key is None:
        return found.offset((query.page - 1) * query.page_size)
    place = tuple_(sorting.column, sorting.key)
    is_up = query.sort_order is SortOrder.ASCENDING
    return found.where(place > tuple_(*key) if is_up else place < tuple_(*key))


def _ordered(found: Select[Any], query: ListQuery, sorting: Sorting) -> Select[Any]:
    return _in_order(found, query, sorting.column, sorting.key).limit(query.page_size + 1)


def _in_order(found: Select[Any], query: ListQuery, *columns: ColumnElement[Any]) -> Select[Any]:
    is_up = query.sort_order is SortOrder.ASCENDING
    return found.order_by(*(column.asc() if is_up else column.desc() for column in columns))


def _pagination(query: ListQuery, number: int, total: int, *, has_next: bool) -> Pagination:
    return Pagination(
        page=min(number, MAX_INTEGER),
        page_size=query.page_size,
        total_items=total,
        total_pages=-(-total // query.page_size),
        has_next=has_next,
        has_previous=number > _FIRST,
    )


def _next(query: ListQuery, sorting: Sorting, number: int, last: Row[Any]) -> str:
    order = query.sort_order.value
    return cursor((sorting.name, order, number + 1, last.sorted_by, last.sorted_by_key))
