"""Rows that are due: claimed by one, for a while, and done until they are settled."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, text

from chalicelib import database, due
from chalicelib.database import Deadline
from chalicelib.due.store import LONGEST_PAUSE
from tests.sandbox import Sandbox

CHORES = Table(
    "chores",
    MetaData(schema="iot_data"),
    Column("room", Text, primary_key=True),
    Column("chore", Text, primary_key=True),
    Column("note", Text),
    *due.due_columns(),
)
LEASE = timedelta(minutes=5)


@pytest.fixture
def chores(migrated: Sandbox, engine: Engine) -> Iterator[Sandbox]:
    with transaction(engine) as connection:
        CHORES.create(connection)
    yield migrated
    migrated.rows("DROP TABLE iot_data.chores")


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    with database.transaction(engine, Deadline.after(30)) as connection:
        yield connection


def want(engine: Engine, chore: str, **others: Any) -> None:
    with transaction(engine) as connection:
        due.put(connection, CHORES, {"room": "kitchen", "chore": chore, **others})


def claim(engine: Engine, limit: int = 10) -> list[due.Claimed]:
    with transaction(engine) as connection:
        return due.claim(connection, CHORES, limit=limit, lease=LEASE)


def names(claimed: list[due.Claimed]) -> list[str]:
    return [one.key["chore"] for one in claimed]


def make_due(chores: Sandbox) -> None:
    chores.rows("UPDATE iot_data.chores SET due_at = now() - interval '1 second'")


def test_what_is_claimed_is_nobody_else_s_until_the_lease_is_over(
    chores: Sandbox, engine: Engine
) -> None:
    want(engine, "dishes", note="with soap")
    [claimed] = claim(engine)
    assert (claimed.key, claimed.row["note"], claimed.attempt_count) == (
        {"room": "kitchen", "chore": "dishes"},
        "with soap",
        1,
    )
    assert claim(engine) == []
    make_due(chores)
    [again] = claim(engine)
    assert (again.attempt_count, again.claim_id != claimed.claim_id) == (2, True)


def test_what_is_settled_is_gone(chores: Sandbox, engine: Engine) -> None:
    want(engine, "dishes")
    [claimed] = claim(engine)
    with transaction(engine) as connection:
        assert due.settle(connection, CHORES, claimed)
    make_due(chores)
    assert claim(engine) == []


def test_whoever_is_late_settles_nothing(chores: Sandbox, engine: Engine) -> None:
    want(engine, "dishes")
    [late] = claim(engine)
    make_due(chores)
    [current] = claim(engine)
    with transaction(engine) as connection:
        assert not due.settle(connection, CHORES, late)
        assert not due.postpone(connection, CHORES, late, "too late")
        assert due.settle(connection, CHORES, current)


def test_what_is_wanted_anew_is_done_anew(chores: Sandbox, engine: Engine) -> None:
    want(engine, "dishes")
    [before] = claim(engine)
    want(engine, "dishes")
    with transaction(engine) as connection:
        assert not due.settle(connection, CHORES, before)
    assert names(claim(engine)) == ["dishes"]


def test_what_fails_waits_longer_each_time_but_not_for_ever(
    chores: Sandbox, engine: Engine
) -> None:
    want(engine, "dishes")
    pauses = []
    for _ in range(14):
        make_due(chores)
        [claimed] = claim(engine)
        with transaction(engine) as connection:
            due.postpone(connection, CHORES, claimed, "no water" * 1000)
        pause = chores.value("SELECT extract(epoch FROM due_at - now()) FROM iot_data.chores")
        pauses.append(round(float(pause), -1))
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (30, LONGEST_PAUSE.total_seconds())
    assert chores.value("SELECT length(last_error) FROM iot_data.chores") == 500


def test_the_longest_due_come_first_and_no_more_than_are_asked_for(
    chores: Sandbox, engine: Engine
) -> None:
    for number, chore in enumerate(["c", "a", "b"]):
        want(engine, chore)
        chores.rows(
            "UPDATE iot_data.chores SET due_at = now() - %s * interval '1 hour' WHERE chore = %s",
            [number, chore],
        )
    assert sorted(names(claim(engine, limit=2))) == ["a", "b"]
    assert names(claim(engine, limit=2)) == ["c"]


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_are_claimed_however_the_server_looks_for_them(
    limit: int, chores: Sandbox, engine: Engine
) -> None:
    """One that looks again for each row finds others then: those that it has locked it skips."""
    chores.rows("CREATE INDEX ON iot_data.chores (due_at)")
    for number in range(6):
        want(engine, f"chore {number}")
    with transaction(engine) as connection:
        for kind in ("hashjoin", "mergejoin", "hashagg", "material", "sort"):
            connection.execute(text(f"SET LOCAL enable_{kind} = off"))
        assert len(due.claim(connection, CHORES, limit=limit, lease=LEASE)) == limit


def test_what_waits_is_counted(chores: Sandbox, engine: Engine) -> None:
    with transaction(engine) as connection:
        assert due.waiting(connection, CHORES) == due.Waiting(0, 0.0)
    want(engine, "dishes")
    chores.rows("UPDATE iot_data.chores SET asked_at = now() - interval '90 seconds'")
    with transaction(engine) as connection:
        found = due.waiting(connection, CHORES)
    assert found.count == 1
    assert 90 <= found.oldest_seconds < 120


@pytest.mark.postgresql
def test_two_at_once_claim_different_rows(chores: Sandbox, engine: Engine) -> None:
    for chore in ("dishes", "floor"):
        want(engine, chore)
    with transaction(engine) as one, transaction(engine) as other:
        first = due.claim(one, CHORES, limit=1, lease=LEASE)
        second = due.claim(other, CHORES, limit=2, lease=LEASE)
    assert sorted(names(first) + names(second)) == ["dishes", "floor"]
    assert len(first) == 1


@pytest.mark.postgresql
def test_a_claim_that_is_rolled_back_claims_nothing(chores: Sandbox, engine: Engine) -> None:
    want(engine, "dishes")

    def claim_and_fail() -> None:
        with transaction(engine) as connection:
            due.claim(connection, CHORES, limit=1, lease=LEASE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_fail()
    assert names(claim(engine)) == ["dishes"]
