"""Data that a downgrade would take with it: it must be told to, before it begins."""

import re
from collections.abc import Iterable
from types import ModuleType

from alembic.util import CommandError
from sqlalchemy import Connection, func, select, table, text

from chalicelib.database.tables import SCHEMA
from migrations.stand_in import StandIn, in_place_of_op

COUNTED = 1000
_TAKES_DATA = re.compile(
    r"\b(DROP TABLE|DROP MATERIALIZED VIEW|DROP COLUMN|TRUNCATE|DELETE FROM)\b", re.IGNORECASE
)
_NAMED = re.compile(rf"\b{SCHEMA}\.(\w+)")


class Foreseen(StandIn):
    """Collects what would lose data, and carries nothing out."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.names: list[str] = []

    def execute(self, statement: str) -> None:
        """Note every relation that *statement* names, where it is one that takes data away."""
        if _TAKES_DATA.search(statement):
            self.names += _NAMED.findall(statement)


def relations_lost(connection: Connection, revisions: Iterable[ModuleType]) -> list[str]:
    """The tables and aggregates that *revisions* would drop, empty or take columns from.

    The revisions look at the database as they do on their way down, so that what a revision would
    leave where it is does not count.
    """
    foreseen = Foreseen(connection)
    for revision in revisions:
        with in_place_of_op(revision, foreseen):
            revision.downgrade()
    return sorted(set(foreseen.names))


def require_consent(connection: Connection, revisions: Iterable[ModuleType]) -> None:
    """Raise `CommandError` where going down by *revisions* would lose data; nothing is changed."""
    counts = [(name, _rows_of(connection, name)) for name in relations_lost(connection, revisions)]
    filled = [f"{SCHEMA}.{name} ({_said(count)})" for name, count in counts if count]
    if filled:
        raise CommandError(
            f"this downgrade would drop data for good: {', '.join(filled)}; nothing has been "
            "changed. Where they may go, say so: `alembic -x drop-data=yes downgrade …`, or "
            '`"drop_data": true` to the function migrate'
        )


def _rows_of(connection: Connection, name: str) -> int:
    """How many rows there are, counted no further than is told."""
    is_there = text("SELECT to_regclass(:name) IS NOT NULL")
    if not connection.execute(is_there, {"name": f"{SCHEMA}.{name}"}).scalar_one():
        return 0
    rows = select(text("1")).select_from(table(name, schema=SCHEMA)).limit(COUNTED + 1)
    return int(connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one())


def _said(count: int) -> str:
    if count > COUNTED:
        return f"more than {COUNTED:,} rows"
    return f"{count:,} row{'' if count == 1 else 's'}"
