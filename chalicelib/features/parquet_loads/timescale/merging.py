"""What both kinds of readings need to be merged into their tables."""

from dataclasses import dataclass

from sqlalchemy import Connection, TextClause

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.model import Dataset, ObjectVersion
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange, bounds


@dataclass(frozen=True)
class Incoming:
    """The object whose rows are staged, what they cover, and what its former version covered."""

    object_id: int
    dataset: Dataset
    found: ObjectVersion
    span: TimeRange | None
    former: TimeRange | None
    deadline: Deadline


@dataclass(frozen=True)
class Merged:
    """How many readings are now others than before, and how many staged ones are kept aside."""

    added: int
    changed: int
    removed: int
    shadowed: int


def run(
    connection: Connection, statement: TextClause, incoming: Incoming, span: TimeRange | None
) -> int:
    """Execute *statement*, which looks no further than *span*; returns how many rows it touched."""
    database.limit_statements(connection, incoming.deadline)
    values = {
        "object_id": incoming.object_id,
        "dataset": incoming.dataset,
        "modified_at": incoming.found.modified_at,
        "bucket": incoming.found.location.bucket,
        "object_key": incoming.found.location.key,
        **bounds(span),
    }
    return connection.execute(statement, values).rowcount
