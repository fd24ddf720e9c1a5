"""Staged rows into the table, in place of those that the object's former version brought.

Other objects may bring the same readings. The newest object wins, and the readings of the others
are shadowed: they are kept aside, and come back when the newer object no longer brings them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, TextClause

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.model import Dataset, ObjectVersion
from chalicelib.features.parquet_loads.timescale.statements import statements_for
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange, bounds


@dataclass(frozen=True)
class Incoming:
    """The object whose rows are staged, what they cover, and what its former version covered."""

    object_id: int
    dataset: Dataset
    found: ObjectVersion
    covered: TimeRange | None
    former: TimeRange | None
    deadline: Deadline


@dataclass(frozen=True)
class Merged:
    """How many readings have changed, and how many of the staged ones are kept aside."""

    added: int
    changed: int
    removed: int
    shadowed: int


def merge(connection: Connection, incoming: Incoming) -> Merged:
    """Bring the staged rows into the table of their dataset, and say what changed there."""
    statements, covered = statements_for(incoming.dataset), incoming.covered
    removed = _withdraw(connection, incoming)
    _compare(connection, incoming)
    _run(connection, statements.shadow_displaced, incoming, covered)
    shadowed = _run(connection, statements.shadow_outdated, incoming, covered)
    changed = _rewrite(connection, statements.change_readings, statements.measure_changes, incoming)
    added = _run(connection, statements.add_readings, incoming, covered)
    return Merged(added, changed, removed, shadowed)


def _withdraw(connection: Connection, incoming: Incoming) -> int:
    """Take back the readings of the former version; returns how many this one does not bring."""
    former = incoming.former
    if former is None:
        return 0
    statements = statements_for(incoming.dataset)
    removed = _run(connection, statements.find_missing, incoming, former)
    _run(connection, statements.find_shared, incoming, former)
    _rewrite(connection, statements.delete_withdrawn, statements.measure_withdrawn, incoming)
    _run(connection, statements.forget_former_version, incoming, former)
    _run(connection, statements.restore_shadowed, incoming, former)
    return removed


def _compare(connection: Connection, incoming: Incoming) -> None:
    """Find out which of the staged readings exist, and who brought them."""
    statements = statements_for(incoming.dataset)
    _run(connection, statements.compare_staged, incoming, incoming.covered)
    connection.execute(statements.analyze_compared)


def _rewrite(
    connection: Connection, statement: TextClause, measure: TextClause, incoming: Incoming
) -> int:
    """Change or delete the readings that *measure* finds; returns how many.

    In a compressed chunk, TimescaleDB first unpacks every batch that the conditions on the table
    alone do not rule out, whether or not a row of it is touched. So the statement is told the times
    and places of these readings, and it is not executed where there are none.
    """
    affected = connection.execute(measure).mappings().one()
    if affected["places"] is None:
        return 0
    return _execute(connection, statement, incoming, affected)


def _run(
    connection: Connection, statement: TextClause, incoming: Incoming, covered: TimeRange | None
) -> int:
    """Execute *statement* for the time that is *covered*; returns how many rows it touched."""
    return _execute(connection, statement, incoming, bounds(covered))


def _execute(
    connection: Connection, statement: TextClause, incoming: Incoming, limits: Mapping[Any, Any]
) -> int:
    database.limit_statements(connection, incoming.deadline)
    values = {
        "object_id": incoming.object_id,
        "dataset": incoming.dataset,
        "modified_at": incoming.found.modified_at,
        "bucket": incoming.found.location.bucket,
        "object_key": incoming.found.location.key,
        **limits,
    }
    return connection.execute(statement, values).rowcount
