"""Sessions for statements that refuse a transaction block, such as the refresh of an aggregate."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer

from psycopg2 import Error
from sqlalchemy import Connection, Engine, text

from chalicelib.database.deadline import RESERVE_SECONDS, Deadline
from chalicelib.database.transaction import configure, time_limit
from chalicelib.database.translation import translated_errors

logger = logging.getLogger(__name__)

# A statement outside of a transaction is isolated as its session says.
_ISOLATION = {"default_transaction_isolation": "read committed"}
# A pooler makes up the process that it names when a client connects. So does the embedded server
# of development, which keeps the settings of its sessions apart.
_FIND_OUT = text(
    "SELECT name, current_setting(name, true) AS setting, pg_backend_pid() <> :pid "
    "AND coalesce(current_setting('device_parameters.one_session', true), 'off') <> 'on' "
    "AS is_shared FROM unnest(CAST(:names AS text[])) AS name"
)


@contextmanager
def session(engine: Engine, deadline: Deadline, settings: dict[str, str]) -> Iterator[Connection]:
    """An autocommit connection with *settings*, and with what is left of the time for a statement.

    They last for the session, so they are reset before the connection goes back. Behind a pooler
    the session is that of others as well: nothing is set there, and the log says so.
    """
    limit = time_limit(deadline)
    with translated_errors(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        wanted = {**_ISOLATION, **settings, **limit}
        before, is_shared = _found_out(connection, list(wanted))
        if is_shared:
            logger.warning("session_is_shared", extra={"not_set": sorted(settings)})
            with _cancelled_at(connection, deadline):
                yield connection
        else:
            with _configured(connection, wanted, before):
                yield connection


def _found_out(connection: Connection, names: list[str]) -> tuple[dict[str, str], bool]:
    """How the session is set, and whether others get it as well, between two transactions of ours.

    What a server does not know, for want of an extension or of a version, is left out.
    """
    pid = connection.connection.dbapi_connection.get_backend_pid()  # type: ignore[union-attr]
    rows = connection.execute(_FIND_OUT, {"pid": pid, "names": names}).all()
    before = {row.name: row.setting for row in rows if row.setting is not None}
    return before, any(row.is_shared for row in rows)


@contextmanager
def _configured(
    connection: Connection, settings: dict[str, str], before: dict[str, str]
) -> Iterator[None]:
    known = {name: setting for name, setting in settings.items() if name in before}
    configure(connection, known, is_local=False)
    try:
        yield
    finally:
        # Nothing else is reset: the driver has set something of its own.
        if not connection.invalidated:
            configure(connection, before, is_local=False)


@contextmanager
def _cancelled_at(connection: Connection, deadline: Deadline) -> Iterator[None]:
    """End the statement that is at work when the time is up, from here and not by the server."""
    driver = connection.connection.dbapi_connection

    def cancel() -> None:
        # A connection that is lost has nothing left to cancel.
        with suppress(Error):
            driver.cancel()  # type: ignore[union-attr]

    timer = Timer(deadline.remaining_seconds() - RESERVE_SECONDS, cancel)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
