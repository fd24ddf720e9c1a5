"""Pages of loads: queries whose shape depends on the request."""

from sqlalchemy import Connection, select

from chalicelib.bodies import UNSET
from chalicelib.features.parquet_loads.bodies import LoadQuery
from chalicelib.features.parquet_loads.model import Load
from chalicelib.features.parquet_loads.store import load_from_row
from chalicelib.features.parquet_loads.tables import parquet_loads
from chalicelib.paging import start_after


def list_loads(connection: Connection, query: LoadQuery) -> list[Load]:
    """Loads, newest first, one more than the page holds."""
    found = select(parquet_loads).order_by(parquet_loads.c.load_id.desc())
    if query.status is not UNSET:
        found = found.where(parquet_loads.c.status == query.status)
    if query.dataset is not UNSET:
        found = found.where(parquet_loads.c.dataset == query.dataset)
    if after := start_after(query, int):
        found = found.where(parquet_loads.c.load_id < after[0])
    return [load_from_row(row) for row in connection.execute(found.limit(query.limit + 1))]
