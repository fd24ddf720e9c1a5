"""Good rows in a temporary table, where they can be compared with those of the real one."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy import Connection

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.timescale import store
from chalicelib.features.parquet_loads.timescale.csv_copy import copy_in
from chalicelib.features.parquet_loads.timescale.statements import statements_for
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange

# So few rows are looked up in the tables one by one. For more of them, whole chunks are read.
FEW_ROWS = 10_000


@dataclass(frozen=True)
class Staged:
    """What is staged. *repeated* has the numbers of the rows that were dropped from it."""

    batch_count: int
    row_count: int
    covered: TimeRange | None
    repeated: list[int]


def stage(connection: Connection, dataset: Dataset, batches: Iterator[pa.RecordBatch]) -> Staged:
    """Stage the rows of *batches*, without those whose key an earlier row has."""
    statements = statements_for(dataset)
    connection.execute(statements.create_tables)
    batch_count = copy_in(connection, statements.copy_rows, batches)
    repeated = sorted(connection.execute(statements.drop_repeated).scalars())
    row_count, covered = store.measure_staged(connection)
    if row_count > FEW_ROWS:
        store.forbid_nested_loops(connection)
    else:
        connection.execute(statements.index_staged)
    store.analyze_staged(connection)
    return Staged(batch_count, row_count, covered, repeated)
