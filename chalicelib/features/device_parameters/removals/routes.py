"""The HTTP side of removals that wait for a person."""

from urllib.parse import urlencode

import msgspec
from msgspec.structs import replace

from chalicelib.access.model import Role, Scope
from chalicelib.bodies import UNSET
from chalicelib.features.device_parameters.feature import FEATURE
from chalicelib.features.device_parameters.removals.bodies import (
    HeldRemoval,
    Release,
    ReleaseRequest,
    RemovalFilter,
    RemovalQuery,
    RemovalReview,
)
from chalicelib.features.device_parameters.removals.csv_export import csv_lines
from chalicelib.features.device_parameters.removals.listings import list_removals
from chalicelib.features.device_parameters.removals.release import release
from chalicelib.features.device_parameters.removals.review import review
from chalicelib.http import Asked, Nothing, Page, Routes, csv_response, page_of, reading, writing
from chalicelib.paging import DEFAULT_LIMIT

routes = Routes(__name__, FEATURE)

# About 2 MB, where Lambda lets 6 MB through.
CSV_ROWS = 10_000


@routes.get(
    "/removals",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=RemovalQuery,
    answers=Page[HeldRemoval],
)
def list_held_removals(asked: Asked[RemovalQuery, None]) -> Page[HeldRemoval]:
    """Which removals wait for a person? In key order."""
    with reading() as connection:
        return _page(list_removals(connection, asked.query), asked.query)


@routes.get(
    "/removals.csv", least=Role.VIEWER, scope=Scope.PLATFORM, query=RemovalQuery, answers=None
)
def download_held_removals(asked: Asked[RemovalQuery, None]) -> object:
    """The same as CSV, 10 000 at a time; the header `Link` has the address of those that follow."""
    query = replace(asked.query, limit=CSV_ROWS)
    with reading() as connection:
        page = _page(list_removals(connection, query), query)
    text = csv_lines(page.items, with_headings=asked.query.after is UNSET)
    more = {"Link": _next_link(query, page.next)} if page.next else {}
    return csv_response(text, "removals.csv", **more)


@routes.get(
    "/removals/summary",
    least=Role.VIEWER,
    scope=Scope.PLATFORM,
    query=RemovalFilter,
    answers=RemovalReview,
)
def review_removals(asked: Asked[RemovalFilter, None]) -> RemovalReview:
    """How many removals wait, of what kind, and how old is the newest measurement?

    The `token` in the answer releases what is counted in it, and nothing that is held later.
    """
    with reading() as connection:
        return review(connection, asked.query)


@routes.post(
    "/removals/release",
    least=Role.ADMIN,
    scope=Scope.PLATFORM,
    body=ReleaseRequest,
    answers=Release,
)
def release_removals(asked: Asked[Nothing, ReleaseRequest]) -> Release:
    """Let removals go that somebody has reviewed.

    The next run removes those that are not observed by then. What was held after the review is not
    released.
    """
    return writing(lambda connection: release(connection, asked.actor, asked.body))


def _next_link(query: RemovalQuery, after: str) -> str:
    """The address of what follows, for the same filter."""
    facts = msgspec.to_builtins(replace(query, limit=DEFAULT_LIMIT, after=after))
    return f'<removals.csv?{urlencode(facts)}>; rel="next"'


def _page(found: list[HeldRemoval], query: RemovalQuery) -> Page[HeldRemoval]:
    return page_of(found, query, lambda removal: (removal.device_id, removal.parameter_id))
