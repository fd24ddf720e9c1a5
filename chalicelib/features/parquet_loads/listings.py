"""Pages of loads: queries whose shape depends on the request."""

from sqlalchemy import Connection, select

from chalicelib.database.schema import parquet_loads
from chalicelib.features.parquet_loads.model import Dataset, Load, LoadStatus
from chalicelib.features.parquet_loads.store import load_from_row
from chalicelib.http.paging import PageRequest


def list_loads(
    connection: Connection, page: PageRequest, status: LoadStatus | None, dataset: Dataset | None
) -> list[Load]:
    """Loads, newest first, one more than the page holds."""
    query = select(parquet_loads).order_by(parquet_loads.c.load_id.desc())
    if status is not None:
        query = query.where(parquet_loads.c.status == status)
    if dataset is not None:
        query = query.where(parquet_loads.c.dataset == dataset)
    if page.after is not None:
        query = query.where(parquet_loads.c.load_id < page.after[0])
    return [load_from_row(row) for row in connection.execute(query.limit(page.limit + 1))]
