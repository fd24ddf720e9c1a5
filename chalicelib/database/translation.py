"""What an error of the driver means to the application."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError

from chalicelib.database import schema
from chalicelib.database.refusals import explained
from chalicelib.errors import (
    ApplicationError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LoginRefusedError,
    RunTimedOutError,
    SchemaOutdatedError,
)

_QUERY_CANCELED = "57014"
_UNDEFINED_TABLE = "42P01"
_UNDEFINED_OBJECTS = (_UNDEFINED_TABLE, "3F000", "42703")
_LOST_CONNECTION_CLASSES = ("08", "57P", "53300")
READ_ONLY = "25006"
_CONTENTION = ("40001", "40P01", "55P03")
_TAKES_NO_WRITES = (
    "this server takes no writes: where that lasts, check that TIMESCALE_DB_HOST, or the secret, "
    "names the primary, and that its storage is not full"
)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn the driver's errors into the application's: one sentence, no statement, no password."""
    try:
        yield
    except SQLAlchemyError as error:
        raise application_error(error) from error


def application_error(error: SQLAlchemyError) -> ApplicationError:
    """What *error* means for the caller; its kind tells `retry` whether to try again."""
    if not isinstance(error, DBAPIError):
        if isinstance(error, DisconnectionError):
            return DatabaseUnavailableError("the connection to the database was lost")
        return DatabaseRefusedError(f"the database layer failed: {type(error).__name__}")
    sqlstate = getattr(error.orig, "pgcode", None) or ""
    sentence = _first_line(error)
    if sqlstate == _QUERY_CANCELED:
        return RunTimedOutError(f"a statement was cancelled: {sentence}", sqlstate=sqlstate)
    if sqlstate in _UNDEFINED_OBJECTS:
        return SchemaOutdatedError(f"{sentence}; {_remedy(sqlstate)}", sqlstate=sqlstate)
    if sqlstate in _CONTENTION:
        return DatabaseBusyError(sentence, sqlstate=sqlstate)
    if sqlstate == READ_ONLY:
        return DatabaseUnavailableError(f"{sentence}; {_TAKES_NO_WRITES}", sqlstate=sqlstate)
    if sqlstate.startswith(_LOST_CONNECTION_CLASSES) or error.connection_invalidated:
        return DatabaseUnavailableError(sentence, sqlstate=sqlstate)
    if isinstance(error, OperationalError) and not sqlstate:
        return _no_connection(error)
    return DatabaseRefusedError(sentence, sqlstate=sqlstate)


def _remedy(sqlstate: str) -> str:
    """What to do about what is not there: to migrate, unless it has been dropped since."""
    upgrade = "run `alembic upgrade head`"
    if sqlstate != _UNDEFINED_TABLE:
        return upgrade
    return f"{upgrade}; where the database is at head, {schema.REPAIR}"


def _no_connection(error: DBAPIError) -> DatabaseUnavailableError:
    refusal = explained(_lines(error))
    kind = LoginRefusedError if refusal.is_final else DatabaseUnavailableError
    return kind(refusal.sentence)


def _first_line(error: DBAPIError) -> str:
    return _lines(error)[0]


def _lines(error: DBAPIError) -> list[str]:
    return str(error.orig).strip().splitlines() or [type(error.orig).__name__]
