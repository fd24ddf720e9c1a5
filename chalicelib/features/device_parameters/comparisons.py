"""The table and the aggregate beside what they are made from, as functions that read both."""

from typing import Any

from sqlalchemy import Connection, TextClause

from chalicelib.database.statements import statements_beside
from chalicelib.features.device_parameters.model import MAX_KEY_BYTES, Difference, Window

sql = statements_beside(__file__)


def compare_with_measurements(
    connection: Connection, window: Window, limit: int
) -> list[Difference]:
    """How the table differs from a full scan of the measurements in *window*."""
    values = {
        "window_start": window.start,
        "window_end": window.end,
        "max_key_bytes": MAX_KEY_BYTES,
    }
    connection.execute(sql.expect_from_measurements, values)
    return _differences(connection, sql.compare_pairs, {}, limit)


def has_legacy_view(connection: Connection) -> bool:
    """Whether the migration found a view to replace."""
    return bool(connection.execute(sql.has_legacy_view).scalar_one())


def compare_with_legacy_view(connection: Connection, limit: int) -> list[Difference]:
    """How the table differs from what the view that it replaced answers now."""
    connection.execute(sql.expect_from_legacy_view)
    return _differences(connection, sql.compare_pairs, {}, limit)


def compare_aggregate(connection: Connection, window: Window, limit: int) -> list[Difference]:
    """How the closed buckets of *window* differ from the measurements they summarize."""
    values = {"first_bucket": window.first_bucket, "hot_bucket": window.hot_bucket}
    return _differences(connection, sql.compare_buckets, values, limit)


def _differences(
    connection: Connection, statement: TextClause, values: dict[str, Any], limit: int
) -> list[Difference]:
    rows = connection.execute(statement, {**values, "limit": limit})
    return [Difference(row.kind, row.total, list(row.examples)) for row in rows]
