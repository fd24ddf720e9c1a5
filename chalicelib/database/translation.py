"""What an error of the driver means to the application."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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

QUERY_CANCELED = "57014"
_OF_THE_PLATFORM = ("redshift_devices", "timescale_measurements", "timescale_parameters")
_UNDEFINED_TABLE = "42P01"
_UNDEFINED_OBJECTS = (_UNDEFINED_TABLE, "3F000", "42703")
# Whether what was asked for in 40003 has been done is not known, as when the connection is lost.
_LOST_CONNECTION_CLASSES = ("08", "57P", "53300", "40003")
_CONTENTION = ("40001", "40P01", "55P03")
INTERNAL_ERROR = "XX000"
# What PostgreSQL says where others change or drop the same object at this moment. It has no
# SQLSTATE for that, and never translates these words.
_PASSING = ("tuple concurrently ", "could not open relation with OID ")
# A resource is used up, a limit reached or a state wrong, and the server hints at what to change.
_HINTED_CLASSES = ("53", "54", "55")
READ_ONLY = "25006"
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
    if sqlstate == QUERY_CANCELED:
        return RunTimedOutError(f"a statement was cancelled: {sentence}", sqlstate=sqlstate)
    if sqlstate in _UNDEFINED_OBJECTS:
        return SchemaOutdatedError(f"{sentence}; {_remedy(sqlstate, sentence)}", sqlstate=sqlstate)
    if sqlstate in _CONTENTION or _is_passing(sqlstate, sentence):
        return DatabaseBusyError(sentence, sqlstate=sqlstate)
    if sqlstate == READ_ONLY:
        return DatabaseUnavailableError(f"{sentence}; {_TAKES_NO_WRITES}", sqlstate=sqlstate)
    if sqlstate.startswith(_LOST_CONNECTION_CLASSES) or error.connection_invalidated:
        return DatabaseUnavailableError(sentence, sqlstate=sqlstate)
    if isinstance(error, OperationalError) and not sqlstate:
        return _no_connection(error)
    return _refused(error, sqlstate)


def _is_passing(sqlstate: str, sentence: str) -> bool:
    return sqlstate == INTERNAL_ERROR and sentence.startswith(_PASSING)


def _refused(error: DBAPIError, sqlstate: str) -> DatabaseRefusedError:
    said: Any = getattr(error.orig, "diag", None)
    hint = getattr(said, "message_hint", None)
    sentence = _first_line(error)
    if hint and sqlstate.startswith(_HINTED_CLASSES):
        sentence = f"{sentence}; {hint}"
    table = getattr(said, "table_name", None)
    facts = {"table": table} if table else {}
    return DatabaseRefusedError(sentence, sqlstate=sqlstate, **facts)


def _remedy(sqlstate: str, sentence: str) -> str:
    """What to do about what is not there: to migrate, unless it has been dropped since."""
    if any(name in sentence for name in _OF_THE_PLATFORM):
        return "it belongs to the platform, which has to bring it back"
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
