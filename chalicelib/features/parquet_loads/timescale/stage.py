"""Good rows in a temporary table, where they can be compared with those of the real one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection, TextClause

from chalicelib.features.parquet_loads.timescale import store
from chalicelib.features.parquet_loads.timescale.csv_copy import copy_in
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange

# So few rows are looked up in the tables one by one. For more of them, whole chunks are read.
FEW_ROWS = 10_000


@dataclass(frozen=True)
class Stage:
    """The statements of a temporary table for the rows of one kind of dataset."""

    create: TextClause
    copy: TextClause
    drop_repeated: TextClause
    measure: TextClause
    analyze: TextClause
    index: TextClause


@dataclass(frozen=True)
class Staged:
    """What the stage holds. *repeated* has the numbers of the rows that were dropped from it."""

    batch_count: int
    row_count: int
    covered: TimeRange | None
    repeated: list[int]


def stage(connection: Connection, tables: Stage, batches: Iterator[pa.RecordBatch]) -> Staged:
    """Copy *batches* into the stage, and drop every row whose key an earlier row has."""
    connection.execute(tables.create)
    batch_count = copy_in(connection, tables.copy, batches)
    repeated = sorted(connection.execute(tables.drop_repeated).scalars())
    row = connection.execute(tables.measure).one()
    if row.row_count > FEW_ROWS:
        store.forbid_nested_loops(connection)
    else:
        connection.execute(tables.index)
    connection.execute(tables.analyze)
    covered = TimeRange(row.first, row.last) if row.row_count else None
    return Staged(batch_count, row.row_count, covered, repeated)
