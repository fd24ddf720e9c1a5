"""Pages by key: nothing is shown twice, nothing is left out, nonsense is named."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import InvalidRequestError
from chalicelib.http.paging import page_document, page_request

KEYS = st.lists(st.tuples(st.text(), st.integers(0, 2**63 - 1)), unique=True).map(sorted)


@given(KEYS, st.integers(1, 500))
def test_following_next_visits_every_item_once(keys: list[tuple[str, int]], limit: int) -> None:
    storable = [key for key in keys if "\0" not in key[0]]
    seen: list[tuple[str, int]] = []
    after: str | None = None
    while True:
        page = page_request(str(limit), after, (str, int))
        rest = [key for key in storable if page.after is None or key > page.after]
        document = page_document(rest[: limit + 1], page, lambda key: {"key": key}, lambda key: key)
        seen += [item["key"] for item in document["items"]]
        after = document["next"]
        if after is None:
            break
    assert seen == storable


@pytest.mark.parametrize("limit", ["0", "501", "-1", "ten", "1.0", "", " 5", "٣", "9" * 400])
def test_an_impossible_limit_is_named(limit: str) -> None:
    with pytest.raises(InvalidRequestError, match="limit must be a whole number from 1 to 500"):
        page_request(limit, None, (int,))


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "after",
    [
        "",
        "?",
        "é",
        "AAAA",
        _encoded("text"),
        _encoded([1]),
        _encoded(["a", 1, 2]),
        _encoded([1, "a"]),
        _encoded(["a", True]),
        _encoded(["a", -1]),
        _encoded(["a", 2**63]),
        _encoded(["\0", 1]),
        _encoded(["\ud800", 1]),
    ],
)
def test_a_forged_key_is_named(after: str) -> None:
    with pytest.raises(InvalidRequestError, match="after must be the `next` of an earlier page"):
        page_request(None, after, (str, int))
