"""Items that are collected in the database become events: whole, in order, and of a size."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.outbox import store
from tests.sandbox import Sandbox

NOW = datetime(2026, 11, 1, 10, 5, tzinfo=UTC)
_COLLECT = text(
    "INSERT INTO pg_temp.news_item (detail_type, subject, item) "
    "SELECT 'Thing ' || kind, jsonb_build_object('site_id', site), "
    "jsonb_build_object('number', n, 'text', repeat('ä', CAST(:length AS integer))) "
    "FROM unnest(CAST(:kinds AS text[])) AS kind, unnest(CAST(:sites AS text[])) AS site, "
    "generate_series(1, CAST(:count AS integer)) AS n ORDER BY kind DESC, site, n"
)


def collect(
    connection: Connection, count: int, length: int = 0, kinds: str = "x", sites: str = "a"
) -> None:
    values = {"count": count, "length": length, "kinds": list(kinds), "sites": list(sites)}
    connection.execute(_COLLECT, values)


def queue(engine: Engine, *collections: dict[str, Any]) -> None:
    with database.transaction(engine, Deadline.after(60)) as connection:
        store.collect_items(connection)
        for collection in collections:
            collect(connection, **collection)
        store.queue_items(
            connection,
            stream="tests",
            batch_key="1",
            source="tests",
            common={"at": NOW, "limit": 5},
            items_name="things",
            occurred_at=NOW,
        )


def queued(migrated: Sandbox) -> list[tuple[str, dict[str, Any]]]:
    query = "SELECT detail_type, detail FROM iot_data.outbox_events ORDER BY position"
    return [(detail_type, detail) for detail_type, detail in migrated.rows(query)]


def size(detail: object) -> int:
    return len(json.dumps(detail, ensure_ascii=False).encode())


def test_an_event_says_what_is_common_its_subject_and_its_items(
    migrated: Sandbox, engine: Engine
) -> None:
    queue(engine, {"count": 2})
    [(detail_type, detail)] = queued(migrated)
    assert detail_type == "Thing x"
    assert detail == {
        "event_id": migrated.value("SELECT event_id FROM iot_data.outbox_events"),
        "at": "2026-11-01T10:05:00Z",
        "limit": 5,
        "site_id": "a",
        "chunk": 1,
        "chunks": 1,
        "things": [{"number": 1, "text": ""}, {"number": 2, "text": ""}],
    }
    row = "SELECT stream, batch_key, source, occurred_at FROM iot_data.outbox_events"
    assert migrated.rows(row) == [("tests", "1", "tests", NOW)]


def test_each_kind_and_subject_has_events_of_its_own_in_the_order_of_collecting(
    migrated: Sandbox, engine: Engine
) -> None:
    queue(engine, {"count": 1, "kinds": "xy", "sites": "ba"}, {"count": 1, "kinds": "w"})
    found = [(detail_type, detail["site_id"]) for detail_type, detail in queued(migrated)]
    assert found == [
        *(("Thing y", "a"), ("Thing y", "b")),
        *(("Thing x", "a"), ("Thing x", "b")),
        ("Thing w", "a"),
    ]


@pytest.mark.parametrize("sites", ["a", "ab"])
def test_many_items_come_in_chunks_that_fit_and_miss_none(
    migrated: Sandbox, engine: Engine, sites: str
) -> None:
    queue(engine, {"count": 2_000, "length": 100, "sites": sites})
    details = [detail for _, detail in queued(migrated)]
    for site in sites:
        own = [detail for detail in details if detail["site_id"] == site]
        numbers = [thing["number"] for detail in own for thing in detail["things"]]
        assert numbers == list(range(1, 2_001))
        assert [detail["chunk"] for detail in own] == list(range(1, len(own) + 1))
        assert {detail["chunks"] for detail in own} == {len(own)}
        assert max(map(size, own)) < 64 * 1024
        assert min(map(size, own[:-1])) > 50_000
    assert len({detail["event_id"] for detail in details}) == len(details)


def test_an_item_larger_than_a_chunk_skips_no_number(migrated: Sandbox, engine: Engine) -> None:
    queue(engine, {"count": 3, "length": 100_000})
    details = [detail for _, detail in queued(migrated)]
    assert [(detail["chunk"], detail["chunks"]) for detail in details] == [(1, 3), (2, 3), (3, 3)]
    assert [thing["number"] for detail in details for thing in detail["things"]] == [1, 2, 3]


def test_without_items_nothing_is_queued(migrated: Sandbox, engine: Engine) -> None:
    queue(engine, {"count": 0})
    assert queued(migrated) == []


def test_the_items_of_one_transaction_are_not_those_of_the_next(
    migrated: Sandbox, engine: Engine
) -> None:
    queue(engine, {"count": 1})
    queue(engine, {"count": 1, "sites": "b"})
    assert [detail["site_id"] for _, detail in queued(migrated)] == ["a", "b"]
