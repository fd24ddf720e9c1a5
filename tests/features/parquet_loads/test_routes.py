"""The ledger over HTTP."""

import json
from typing import Any

import pytest
from chalice.test import Client

from app import app
from tests.features.parquet_loads.bucket import Bucket
from tests.features.parquet_loads.conftest import LoadRunner
from tests.sandbox import Sandbox

ROWS = [(0, "N", 1.5), (1, "N", 2.5)]


def get(path: str, expected: int = 200) -> dict[str, Any]:
    with Client(app) as client:
        answer = client.http.get(path)
    assert answer.status_code == expected
    body: dict[str, Any] = json.loads(answer.body)
    return body


@pytest.fixture
def _three_loads(migrated: Sandbox, load: LoadRunner, bucket: Bucket) -> None:
    load(bucket.put("dataset=generation/a.parquet", ROWS))
    load(bucket.put_bytes("dataset=consumption/b.parquet", b""))
    load(bucket.put("dataset=generation/c.parquet", [*ROWS, (3, "", 1.0)]))


@pytest.mark.usefixtures("_three_loads")
def test_loads_come_newest_first_and_in_pages() -> None:
    first = get("/loads?limit=2")
    assert [load["key"][-9:] for load in first["items"]] == ["c.parquet", "b.parquet"]
    rest = get(f"/loads?limit=2&after={first['next']}")
    assert [load["key"][-9:] for load in rest["items"]] == ["a.parquet"]
    assert rest["next"] is None


@pytest.mark.usefixtures("_three_loads")
@pytest.mark.parametrize(
    ("query", "expected"),
    [("status=failed", "cb"), ("status=succeeded", "a"), ("dataset=generation", "ca"),
     ("dataset=generation&status=failed", "c"), ("status=running", "")],
)  # fmt: skip
def test_loads_are_found_by_status_and_dataset(query: str, expected: str) -> None:
    assert [load["key"][-9] for load in get(f"/loads?{query}")["items"]] == list(expected)


def test_a_load_says_what_became_of_it(migrated: Sandbox, load: LoadRunner, bucket: Bucket) -> None:
    ended = load(bucket.put("dataset=generation/c.parquet", [*ROWS, (3, "", 1.0)]))
    document = get(f"/loads/{ended.load_id}")
    assert (document["bucket"], document["key"]) == ("readings", "dataset=generation/c.parquet")
    assert document["error"]["code"] == "too_many_rejected"
    assert document["error"]["message"] == "1 of 3 rows are bad, and at most 10 percent are allowed"
    assert document["rejects_key"] == "rejected/dataset=generation/c.parquet"
    assert document["rows"] == {
        "read": 3, "loaded": 0, "rejected": 1, "added": 0, "changed": 0, "removed": 0, "shadowed": 0
    }  # fmt: skip
    assert document["started_at"] <= document["finished_at"]
    assert document["duration_ms"] >= 0


@pytest.mark.parametrize("load_id", ["1", "0", "-1", "x", "9" * 30, "1.0", "%31%32"])
def test_a_missing_load_is_not_found(migrated: Sandbox, load_id: str) -> None:
    assert get(f"/loads/{load_id}", 404)["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "query", ["status=done", "dataset=weather", "limit=0", "after=x", "sink=timescale"]
)
def test_a_malformed_request_is_refused(migrated: Sandbox, query: str) -> None:
    assert get(f"/loads?{query}", 400)["error"]["code"] == "INVALID_REQUEST"
