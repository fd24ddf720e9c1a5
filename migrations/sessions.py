"""The sessions of a migration, in which nothing is set or locked beyond a transaction.

Behind a pooler a session goes on to other clients, with whatever is left in it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.util import CommandError
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.exc import OperationalError

from chalicelib.database import Deadline
from chalicelib.database.extension import extension_schema
from chalicelib.database.isolation import EVERY_ORGANIZATION, ORGANIZATION_SETTING
from chalicelib.database.transaction import RELIED_UPON, configure, time_limit
from migrations.preflight import MIGRATION_LOCK

_APPLICATION_NAME = "device-parameters-migrate"
# The embedded server of development has one backend for all sessions: there a transaction that is
# open would keep the migration itself waiting.
_HAS_SESSIONS = text(
    "SELECT coalesce(current_setting('device_parameters.one_session', true), 'off') <> 'on'"
)
# It waits for as long as the migration takes, on purpose. The second limit came with PostgreSQL 17.
_OUTLIVE_IDLENESS = text(
    "SELECT set_config(name, '0', true) FROM pg_settings "
    "WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')"
)
_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


@contextmanager
def no_other_migrator(engine: Engine, lock_timeout: str) -> Iterator[None]:
    """Hold the lock of migrators on a connection of its own: the revisions commit one by one.

    Raises `CommandError` where another migrator holds it for as long as *lock_timeout*.
    """
    with engine.connect() as holder:
        if holder.execute(_HAS_SESSIONS).scalar_one():
            _lock(holder, lock_timeout)
        else:
            holder.rollback()
        yield


def _lock(holder: Connection, lock_timeout: str) -> None:
    configure(holder, {"lock_timeout": lock_timeout, "application_name": _APPLICATION_NAME})
    holder.execute(_OUTLIVE_IDLENESS)
    try:
        holder.execute(_LOCK, {"key": MIGRATION_LOCK})
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != "55P03":
            raise
        raise CommandError(
            f"another migration has been running for {lock_timeout}; try again later"
        ) from error


@contextmanager
def configured(
    engine: Engine, lock_timeout: str, deadline: Deadline | None
) -> Iterator[Connection]:
    """A connection each of whose transactions begins with what the revisions rely upon.

    The functions of TimescaleDB are found without their schema, wherever that is.
    """

    def begin(connection: Connection) -> None:
        settings = {
            **RELIED_UPON,
            "lock_timeout": lock_timeout,
            "application_name": _APPLICATION_NAME,
            "search_path": extension_schema(connection),
            # The owner of a table sees what its policy shows: here, rows are counted and changed.
            ORGANIZATION_SETTING: EVERY_ORGANIZATION,
        }
        configure(connection, {**settings, **(time_limit(deadline) if deadline else {})})

    with engine.connect() as connection:
        event.listen(connection, "begin", begin)
        yield connection
