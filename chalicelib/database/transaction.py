"""Transactions with a time limit, and with the settings that their statements rely upon."""

import json
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from chalicelib.database.deadline import RESERVE_SECONDS, Deadline
from chalicelib.database.isolation import ORGANIZATION_SETTING, require_isolated_role
from chalicelib.database.translation import translated_errors
from chalicelib.errors import DatabaseBusyError, RunTimedOutError

# What the driver and our statements rely upon: a role, a database or a server may prescribe others.
# How transactions are isolated, and in which encoding texts come, is said when connecting. The
# driver itself sees to backslashes, for which our statements have no use of their own.
RELIED_UPON = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    # An id may be the text NULL, and a reading may have none.
    "array_nulls": "on",
    "extra_float_digits": "1",
    # It compiles what runs for a second or two for longer than that.
    "jit": "off",
}
# What a server does not know, for want of an extension or of a version, is left out.
_CURRENT_SETTINGS = text(
    "SELECT name, current_setting(name, true) AS setting "
    "FROM unnest(CAST(:names AS text[])) AS name "
    "WHERE current_setting(name, true) IS NOT NULL"
)
_CONFIGURE = text(
    "SELECT set_config(name, setting, :is_local) "
    "FROM json_each_text(CAST(:settings AS json)) AS wanted (name, setting)"
)


@contextmanager
def transaction(
    engine: Engine, deadline: Deadline, organization: str | None = None
) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any error.

    It sees the rows of *organization*, or of `EVERY_ORGANIZATION`; by default of none.
    """
    settings = {**RELIED_UPON, ORGANIZATION_SETTING: organization or ""}
    with translated_errors(), engine.connect() as connection:
        _begin(connection, deadline, settings)
        if organization is not None:
            require_isolated_role(connection)
        yield connection
        connection.commit()


def _begin(connection: Connection, deadline: Deadline, settings: Mapping[str, str]) -> None:
    """Have the transaction that begins have *settings*, and what is left of the time.

    A connection that was used a moment ago may be lost all the same, which shows here, before
    anything is done: then it is made anew, once. All others of its pool are by then.
    """
    try:
        configure(connection, {**settings, **time_limit(deadline)})
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        connection.rollback()
        configure(connection, {**settings, **time_limit(deadline)})


def seeing(connection: Connection, organization: str) -> AbstractContextManager[None]:
    """For as long as the context lasts, have the transaction see the rows of *organization*."""
    return configured(connection, {ORGANIZATION_SETTING: organization})


@contextmanager
def busy_when_late() -> Iterator[None]:
    """Raise `DatabaseBusyError`, rather than `RunTimedOutError`, where the time is used up.

    This is for requests that read: the database has not answered in time, and may do so later.
    """
    try:
        yield
    except RunTimedOutError as error:
        raise DatabaseBusyError(error.message, **error.details) from error


def limit_statements(connection: Connection, deadline: Deadline) -> None:
    """Give the statements that follow in the transaction what is left of the time.

    Raises `RunTimedOutError` when nothing is left.
    """
    configure(connection, time_limit(deadline))


def time_limit(deadline: Deadline) -> dict[str, str]:
    """The setting that gives each statement what is left of the time, less the reserve.

    Raises `RunTimedOutError` when nothing is left: a limit of zero would mean no limit.
    """
    milliseconds = int((deadline.remaining_seconds() - RESERVE_SECONDS) * 1000)
    if milliseconds <= 0:
        raise RunTimedOutError("the time given to this run is used up")
    return {"statement_timeout": str(milliseconds)}


@contextmanager
def configured(connection: Connection, settings: Mapping[str, str]) -> Iterator[None]:
    """Have *settings* for some statements of a transaction, and what was set before after them.

    A transaction that fails in between is rolled back, and takes them along.
    """
    names = {"names": list(settings)}
    before = {row.name: row.setting for row in connection.execute(_CURRENT_SETTINGS, names)}
    configure(connection, settings)
    yield
    configure(connection, before)


def configure(
    connection: Connection, settings: Mapping[str, str], *, is_local: bool = True
) -> None:
    """Set *settings*: until the transaction ends, or for the session where not *is_local*.

    A session may be shared, so that only `session()` may set anything for longer.
    """
    values = {"settings": json.dumps(settings), "is_local": is_local}
    connection.execute(_CONFIGURE, values)
