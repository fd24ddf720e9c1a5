"""Keeping the aggregate small: what is old is compressed, and what nobody asks for is dropped.

The runs do this themselves, after their commit, rather than policies of the database. So it never
gets in the way of a refresh, it works where a server has no background workers to spare, and what
goes wrong stands in the log of the runs.
"""

import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.database.extension import in_extension_schema
from chalicelib.database.statements import statements_beside
from chalicelib.errors import ApplicationError
from chalicelib.features.device_parameters import aggregate, store
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.settings import SyncSettings

logger = logging.getLogger(__name__)

# By then few measurements still arrive, and a chunk of a day is complete.
COMPRESS_AFTER = timedelta(days=2)
# Of each run. A day makes two, and an installation that has a past catches up within some days.
MOST_CHUNKS = 4
# A chunk of a large fleet takes a minute. None may take longer than this, and a run that is short
# of time leaves it to the next.
CHUNK_SECONDS = 240.0
# Dropping a chunk, and the end of compressing one, keep its readers out, and those that come later
# queue behind what waits. So upkeep gives way soon, and the next run tries again.
LOCK_SECONDS = 5
# A refresh replaces whole buckets, and a chunk goes as a whole: what is kept is longer than the
# window by this.
MARGIN = timedelta(days=2)

sql = statements_beside(__file__, "upkeep.sql")
_random = random.SystemRandom()


def tend(context: Sync) -> None:
    """Compress and drop what is due, as far as the time allows; the next run does the rest."""
    _is_done(context, "what is old", partial(_drop, context.settings))
    _compress(context)


def kept_since(settings: SyncSettings, now: datetime) -> datetime:
    """The instant before which the aggregate may be gone."""
    window = timedelta(minutes=settings.check_interval_minutes)
    retention = timedelta(days=settings.aggregate_retention_days)
    return now - max(retention, window + MARGIN)


def _compress(context: Sync) -> None:
    """Compress some of what is due, in any order: one that cannot be holds up no other for long."""
    due: list[str] = []
    _is_done(context, "what is due", lambda connection: due.extend(_chunks_due(connection)))
    compressed = 0
    for chunk in _random.sample(due, len(due)):
        is_late = context.deadline.remaining_seconds() < CHUNK_SECONDS
        if is_late or compressed == MOST_CHUNKS:
            break
        compressed += _is_done(context, chunk, _compressing(chunk))


def _is_done(context: Sync, subject: str, work: Callable[[Connection], None]) -> bool:
    """Do *work* in a transaction of its own; where it fails, the log says so."""
    seconds = min(context.deadline.remaining_seconds(), CHUNK_SECONDS + database.RESERVE_SECONDS)
    try:
        with database.transaction(context.engine, Deadline.after(seconds)) as connection:
            database.configure(connection, {"lock_timeout": f"{LOCK_SECONDS}s"})
            work(connection)
    except ApplicationError as error:
        facts = {"subject": subject, "reason": error.message}
        logger.warning("aggregate_not_tended", extra=facts)
        return False
    return True


def _drop(settings: SyncSettings, connection: Connection) -> None:
    before = kept_since(settings, store.database_clock(connection))
    for statement in (sql.drop_old_sets, sql.drop_old_pairs):
        connection.execute(in_extension_schema(connection, statement), {"before": before})


def _chunks_due(connection: Connection) -> list[str]:
    values = {
        "aggregates": list(aggregate.AGGREGATES),
        "before": store.database_clock(connection) - COMPRESS_AFTER,
    }
    return list(connection.execute(sql.list_chunks_to_compress, values).scalars())


def _compressing(chunk: str) -> Callable[[Connection], None]:
    def compress(connection: Connection) -> None:
        statement = in_extension_schema(connection, sql.compress_chunk)
        connection.execute(statement, {"chunk": chunk})
        logger.info("aggregate_compressed", extra={"chunk": chunk})

    return compress
