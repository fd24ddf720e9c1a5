"""Rows that are due, in any table that has the columns for it, as functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    Uuid,
    and_,
    delete,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.schema import Column

from chalicelib.database.tables import instant_column

# The first pause after a failure doubles with each further one.
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
_MOST_DOUBLINGS = 10
# Of the reason why something has failed.
MAX_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class Claimed:
    """A row that is ours until its lease runs out, or until somebody wants the work anew."""

    key: Mapping[str, Any]
    claim_id: UUID
    attempt_count: int
    row: Mapping[str, Any]


@dataclass(frozen=True)
class Waiting:
    """How many rows there are, and how long the oldest has been asked for, in seconds."""

    count: int
    oldest_seconds: float


def due_columns() -> tuple[Column[Any], ...]:
    """The columns of a table of due work, besides its key and the rest.

    *due_at* is when the row may be claimed; a claim moves it to the end of its lease. *asked_at* is
    when the work was wanted.
    """
    return (
        instant_column("asked_at", nullable=False, is_defaulted=True),
        instant_column("due_at", nullable=False, is_defaulted=True),
        Column("claim_id", Uuid),
        Column("attempt_count", Integer, nullable=False, server_default=text("0")),
        Column("last_error", Text),
    )


def put(connection: Connection, table: Table, values: Mapping[str, Any]) -> None:
    """Have the work of *values*, which hold the key, done as soon as the transaction commits.

    Where a row is there already it is due at once, and whoever has claimed it does not settle it:
    what was done may be older than what is wanted now.
    """
    anew = {
        "asked_at": func.now(),
        "due_at": func.now(),
        "claim_id": None,
        "attempt_count": 0,
        "last_error": None,
    }
    added = insert(table).values(dict(values))
    key = [column.name for column in table.primary_key]
    connection.execute(added.on_conflict_do_update(index_elements=key, set_=anew))


def claim(connection: Connection, table: Table, *, limit: int, lease: timedelta) -> list[Claimed]:
    """At most *limit* rows that are due, the longest due first, for as long as *lease*.

    Rows that another transaction is claiming are passed over.
    """
    # A sub-select could be looked at once for each row, and would lock others each time.
    due = (
        select(*table.primary_key)
        .where(table.c.due_at <= func.now())
        .order_by(table.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = (
        update(table)
        .where(*(column == due.c[column.name] for column in table.primary_key))
        .values(
            due_at=func.now() + lease,
            claim_id=func.gen_random_uuid(),
            attempt_count=table.c.attempt_count + 1,
        )
        .returning(*table.c)
    )
    rows = [row._mapping for row in connection.execute(claimed)]
    return [_claimed(table, dict(row)) for row in rows]


def settle(connection: Connection, table: Table, claimed: Claimed) -> bool:
    """Forget the row, whose work is done; False where somebody has wanted it anew meanwhile."""
    return connection.execute(delete(table).where(_is_ours(table, claimed))).rowcount == 1


def postpone(connection: Connection, table: Table, claimed: Claimed, reason: str) -> bool:
    """Have the work tried again after a pause that grows; False where it has been wanted anew."""
    doublings = min(claimed.attempt_count - 1, _MOST_DOUBLINGS)
    pause = min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
    later = {
        "due_at": func.now() + pause,
        "claim_id": None,
        "last_error": reason[:MAX_REASON_CHARACTERS],
    }
    postponed = update(table).where(_is_ours(table, claimed)).values(later)
    return connection.execute(postponed).rowcount == 1


def waiting(connection: Connection, table: Table) -> Waiting:
    """What has not been done yet."""
    age = func.extract("epoch", func.now() - func.min(table.c.asked_at))
    count, oldest = connection.execute(select(func.count(), age).select_from(table)).one()
    return Waiting(count, float(oldest or 0))


def _claimed(table: Table, row: dict[str, Any]) -> Claimed:
    key = {column.name: row[column.name] for column in table.primary_key}
    return Claimed(key, row["claim_id"], row["attempt_count"], row)


def _is_ours(table: Table, claimed: Claimed) -> ColumnElement[bool]:
    keys = (table.c[name] == value for name, value in claimed.key.items())
    return and_(*keys, table.c.claim_id == claimed.claim_id)
