"""Pages by key: nothing is shown twice, nothing is left out, nonsense is named."""

import base64
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import bodies
from chalicelib.bodies import UNSET
from chalicelib.errors import InvalidRequestError
from chalicelib.paging import PageQuery, cursor, page_of, start_after

STORABLE = st.text().filter(lambda text: "\0" not in text)
KEYS = st.lists(st.tuples(STORABLE, st.integers(0, 2**63 - 1)), unique=True).map(sorted)
ZONES = st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours)))


@given(KEYS, st.integers(1, 500))
def test_following_next_visits_every_item_once(keys: list[tuple[str, int]], limit: int) -> None:
    seen: list[tuple[str, int]] = []
    query = bodies.read_texts(PageQuery, {"limit": str(limit)})
    while True:
        after = start_after(query, str, int)
        rest = [key for key in keys if after is None or key > after]
        page = page_of(rest[: limit + 1], query, lambda key: key)
        seen += page.items
        if page.next is None:
            break
        query = bodies.read_texts(PageQuery, {"limit": str(limit), "after": page.next})
    assert seen == keys


@given(st.datetimes(timezones=ZONES))
def test_an_instant_in_a_key_comes_back_to_the_microsecond(instant: datetime) -> None:
    assert start_after(PageQuery(after=cursor((instant, "d"))), datetime, str) == (instant, "d")


@given(KEYS)
def test_a_cursor_can_stand_in_an_address_as_it_is(keys: list[tuple[str, int]]) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert set("".join(cursor(key) for key in keys)) <= set(alphabet)


def test_a_page_has_fifty_items_unless_told() -> None:
    query = bodies.read_texts(PageQuery, {})
    assert (query.limit, query.after) == (50, UNSET)
    page = page_of(list(range(51)), query, lambda number: (number,))
    assert (page.items, page.next) == (list(range(50)), cursor((49,)))


def test_a_list_that_ends_with_the_page_has_no_next() -> None:
    query = PageQuery(limit=3)
    assert page_of([1, 2, 3], query, lambda number: (number,)).next is None
    assert page_of([], query, lambda number: (number,)).next is None


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.5", "", " 5", "٣", "9" * 400])
def test_an_impossible_limit_is_named(limit: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^limit must be a whole number") as caught:
        bodies.read_texts(PageQuery, {"limit": limit})
    assert caught.value.details == {"parameter": "limit"}


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


NOW = datetime(2026, 11, 1, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    "after",
    [
        "",
        "?",
        "é",
        "\ud800",
        "AAAA",
        cursor((NOW, "a", 1)) + "\n",
        _encoded("text"),
        _encoded({"0": NOW, "1": "a", "2": 1}),
        _encoded([NOW]),
        _encoded([NOW, "a", 1, 2]),
        _encoded([1, "a", NOW]),
        _encoded([NOW, "a", True]),
        _encoded([NOW, "a", "1"]),
        _encoded([NOW, "a", None]),
        _encoded([NOW, "a", -1]),
        _encoded([NOW, "a", 1.5]),
        _encoded([NOW, "a", 2**63]),
        _encoded([NOW, "a", 10**400]),
        _encoded([NOW, "\0", 1]),
        _encoded([NOW, "\ud800", 1]),
        _encoded(["2026-11-01T00:00:00", "a", 1]),
        _encoded(["today", "a", 1]),
        _encoded([0, "a", 1]),
        base64.urlsafe_b64encode(b"[" * 10_000).decode(),
    ],
)
def test_a_forged_key_is_named(after: str) -> None:
    query = bodies.read_texts(PageQuery, {"after": after})
    with pytest.raises(InvalidRequestError) as caught:
        start_after(query, datetime, str, int)
    assert caught.value.message == "after must be the `next` of an earlier page, unchanged"
    assert caught.value.details == {"parameter": "after"}
