"""The HTTP side of the sync."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Blueprint
from sqlalchemy import Connection

from chalicelib import database, schema, settings
from chalicelib.database import Deadline
from chalicelib.device_parameters import status
from chalicelib.http import REQUEST_SECONDS, endpoint
from chalicelib.settings import Settings

routes = Blueprint(__name__)


@routes.route("/health")
@endpoint(routes)
def get_health() -> dict[str, Any]:
    """200 if a run could start now, else 503 with the reason."""
    with _read() as (connection, _):
        schema.require_head(connection)
        schema.require_aggregate(connection)
    return {"status": "up"}


@routes.route("/status")
@endpoint(routes)
def get_status() -> dict[str, Any]:
    """The state, the last run and its deltas."""
    with _read() as (connection, configured):
        return status.status_document(status.read_status(connection, configured))


@contextmanager
def _read() -> Iterator[tuple[Connection, Settings]]:
    configured = settings.from_environment()
    engine = database.engine_for(configured.database)
    with database.transaction(engine, Deadline.after(REQUEST_SECONDS)) as connection:
        yield connection, configured
