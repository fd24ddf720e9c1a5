"""Transactions and sessions with a time limit."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from chalicelib.database.deadline import RESERVE_SECONDS, Deadline
from chalicelib.database.translation import translated_errors
from chalicelib.errors import DatabaseBusyError, RunTimedOutError


@contextmanager
def transaction(engine: Engine, deadline: Deadline) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any error."""
    with translated_errors(), engine.begin() as connection:
        limit_statements(connection, deadline)
        yield connection


@contextmanager
def busy_when_late() -> Iterator[None]:
    """Raise `DatabaseBusyError`, rather than `RunTimedOutError`, where the time is used up.

    This is for requests that read: the database has not answered in time, and may do so later.
    """
    try:
        yield
    except RunTimedOutError as error:
        raise DatabaseBusyError(error.message, **error.details) from error


@contextmanager
def session(engine: Engine, deadline: Deadline, settings: dict[str, str]) -> Iterator[Connection]:
    """An autocommit connection with *settings*, for statements that refuse a transaction block.

    The settings last for the session, so they are reset before the connection goes back.
    """
    with translated_errors(), engine.connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        limit_statements(connection, deadline, is_local=False)
        for name, value in settings.items():
            _configure(connection, name, value, is_local=False)
        try:
            yield connection
        finally:
            if not connection.invalidated:
                connection.execute(text("RESET ALL"))


def limit_statements(connection: Connection, deadline: Deadline, *, is_local: bool = True) -> None:
    """Give the statements that follow what is left of the time, less the reserve.

    Raises `RunTimedOutError` when nothing is left: a limit of zero would mean no limit.
    """
    milliseconds = int((deadline.remaining_seconds() - RESERVE_SECONDS) * 1000)
    if milliseconds <= 0:
        raise RunTimedOutError("the time given to this run is used up")
    _configure(connection, "statement_timeout", str(milliseconds), is_local=is_local)


def _configure(connection: Connection, name: str, value: str, *, is_local: bool) -> None:
    connection.execute(
        text("SELECT set_config(:name, :value, :is_local)"),
        {"name": name, "value": value, "is_local": is_local},
    )
