"""Keeping the aggregate small: what is old is compressed, and what nobody asks for is dropped.

The runs do this themselves, after their commit, rather than policies of the database. So it never
gets in the way of a refresh, it works where a server has no background workers to spare, and what
goes wrong stands in the log of the runs.
"""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database.extension import in_extension_schema
from chalicelib.database.statements import statements_beside
from chalicelib.errors import ApplicationError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.settings import SyncSettings

logger = logging.getLogger(__name__)

# By then few measurements still arrive, and a chunk of a day is complete.
COMPRESS_AFTER = timedelta(days=2)
# Of each run. A day makes two, and an installation that has a past catches up within some days.
MOST_CHUNKS = 4
# A chunk of a large fleet takes a minute, and a run that is short of time leaves it to the next.
CHUNK_SECONDS = 240.0
# A refresh replaces whole buckets, and a chunk goes as a whole: what is kept is longer than the
# window by this.
MARGIN = timedelta(days=2)

sql = statements_beside(__file__, "upkeep.sql")


def tend(context: Sync) -> None:
    """Compress and drop what is due, as far as the time allows; the next run does the rest."""
    try:
        _drop(context)
        for _ in range(MOST_CHUNKS):
            if context.deadline.remaining_seconds() < CHUNK_SECONDS or not _compress_one(context):
                break
    except ApplicationError as error:
        logger.warning("aggregate_not_tended", extra={"reason": error.message})


def kept_since(settings: SyncSettings, now: datetime) -> datetime:
    """The instant before which the aggregate may be gone."""
    window = timedelta(minutes=settings.check_interval_minutes)
    retention = timedelta(days=settings.aggregate_retention_days)
    return now - max(retention, window + MARGIN)


def _drop(context: Sync) -> None:
    with database.transaction(context.engine, context.deadline) as connection:
        before = kept_since(context.settings, store.database_clock(connection))
        for statement in (sql.drop_old_sets, sql.drop_old_pairs):
            connection.execute(in_extension_schema(connection, statement), {"before": before})


def _compress_one(context: Sync) -> bool:
    """Compress the oldest chunk that is due; returns whether there was one."""
    with database.transaction(context.engine, context.deadline) as connection:
        chunk = _next_chunk(connection)
        if chunk is None:
            return False
        compress = in_extension_schema(connection, sql.compress_chunk)
        connection.execute(compress, {"chunk": chunk})
    logger.info("aggregate_compressed", extra={"chunk": chunk})
    return True


def _next_chunk(connection: Connection) -> str | None:
    values = {
        "aggregates": list(store.AGGREGATES),
        "before": store.database_clock(connection) - COMPRESS_AFTER,
    }
    chunk: str | None = connection.execute(sql.next_chunk_to_compress, values).scalar()
    return chunk
