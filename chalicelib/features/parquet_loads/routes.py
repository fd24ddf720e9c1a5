"""The HTTP side of loads: reading the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Blueprint
from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.errors import UnknownResourceError
from chalicelib.features.parquet_loads import listings, store
from chalicelib.features.parquet_loads.load_documents import load_document
from chalicelib.features.parquet_loads.model import Dataset, LoadStatus
from chalicelib.http import REQUEST_SECONDS, choice, endpoint, query_parameters
from chalicelib.http.paging import page_document, page_request
from chalicelib.settings import database_from_environment

routes = Blueprint(__name__)
READ = ["GET", "HEAD"]


@routes.route("/loads", methods=READ)
@endpoint(routes)
def list_loads() -> dict[str, Any]:
    """Loads, newest first."""
    given = query_parameters(routes, "limit", "after", "status", "dataset")
    page = page_request(given.get("limit"), given.get("after"), (int,))
    status = choice("status", given.get("status"), LoadStatus)
    dataset = choice("dataset", given.get("dataset"), Dataset)
    with _read() as connection:
        loads = listings.list_loads(connection, page, status, dataset)
    return page_document(loads, page, load_document, lambda load: (load.load_id,))


@routes.route("/loads/{load_id}", methods=READ)
@endpoint(routes)
def get_load(load_id: str) -> dict[str, Any]:
    """One load."""
    query_parameters(routes)
    # The length first: Python refuses to read a number of thousands of digits.
    is_short = len(load_id) <= len(str(2**63))
    is_number = is_short and load_id.isascii() and load_id.isdecimal() and int(load_id) < 2**63
    with _read() as connection:
        load = store.find_load(connection, int(load_id)) if is_number else None
    if load is None:
        raise UnknownResourceError(f"there is no load {load_id[:40]!r}")
    return load_document(load)


@contextmanager
def _read() -> Iterator[Connection]:
    engine = database.engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(REQUEST_SECONDS)) as connection:
        yield connection
