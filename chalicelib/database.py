"""Connections, time limits and retries: what every feature needs to talk to the database."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

# SQLAlchemy would import these two on the first connection: a function has less of a processor
# while it answers than while it starts.
import psycopg2.extras  # noqa: F401
import sqlalchemy.dialects.postgresql.psycopg2  # noqa: F401
from sqlalchemy import URL, Connection, Dialect, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, SQLAlchemyError
from tenacity import RetryCallState, Retrying, retry_if_exception, wait_exponential_jitter

from chalicelib.credentials import Login, SecretLogin
from chalicelib.errors import (
    ApplicationError,
    DatabaseBusyError,
    DatabaseRefusedError,
    DatabaseUnavailableError,
    LoginRefusedError,
    RunTimedOutError,
    SchemaOutdatedError,
)
from chalicelib.settings import DatabaseSettings

T = TypeVar("T")

APPLICATION_NAME = "device-parameters"
CONNECT_TIMEOUT_SECONDS = 5
CONNECTION_ATTEMPTS = 4
# Kept back from every statement's time limit, so that a run can still say that it ran out of time.
RESERVE_SECONDS = 5.0

_QUERY_CANCELED = "57014"
_UNDEFINED_OBJECTS = ("42P01", "3F000", "42703")
_LOST_CONNECTION_CLASSES = ("08", "57P", "53300")
_CONTENTION = ("40001", "40P01", "55P03")
# psycopg2 has no SQLSTATE for an error at connect; libpq's own words are all there is.
_REFUSED_AT_CONNECT = (
    "authentication failed",
    "no pg_hba.conf entry",
    "does not exist",
    "not served",
    "not permitted to log in",
    "permission denied for database",
)
_WRONG_PASSWORD = "authentication failed"  # noqa: S105 libpq's words, no password


@dataclass(frozen=True)
class Deadline:
    """An instant on the monotonic clock by which the work must be over."""

    expires_at: float

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The deadline *seconds* from now."""
        return cls(time.monotonic() + seconds)

    @classmethod
    def of_invocation(cls, context: Any, otherwise_seconds: float) -> "Deadline":
        """When Lambda would end the invocation, or in *otherwise_seconds* outside of Lambda."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return cls.after(otherwise_seconds if remaining is None else remaining() / 1000)

    def remaining_seconds(self) -> float:
        """Seconds left; negative once it has passed."""
        return self.expires_at - time.monotonic()

    def leaves_time_after(self, seconds: float) -> bool:
        """Whether another attempt, *seconds* from now, would have more than the reserve."""
        return self.remaining_seconds() - RESERVE_SECONDS > seconds


@lru_cache(maxsize=4)
def engine_for(settings: DatabaseSettings) -> Engine:
    """The pooled engine of a database, kept across invocations of a warm container.

    A thawed container may hold dead connections: pre-ping replaces them, and the keepalives
    and `tcp_user_timeout` keep the ping itself from hanging on a connection that nobody resets.
    """
    url = URL.create(
        "postgresql+psycopg2",
        username=settings.user,
        password=settings.password,
        host=settings.host,
        port=settings.port,
        database=settings.name,
    )
    engine = create_engine(
        url,
        pool_size=2,
        max_overflow=2,
        pool_pre_ping=True,
        pool_recycle=1800,
        hide_parameters=True,
        connect_args={
            "application_name": APPLICATION_NAME,
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "sslmode": settings.sslmode,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    if settings.secret_arn is not None:
        event.listen(engine, "do_connect", _logging_in_with(SecretLogin(settings)))
    return engine


def _logging_in_with(secret: SecretLogin) -> Callable[..., Any]:
    """A listener that connects as the secret says, and once more where it says something new.

    A rotation changes the password behind a warm container's back: the refusal is how it learns.
    """

    def connect(dialect: Dialect, _: object, arguments: list[Any], values: dict[str, Any]) -> Any:
        def connect_as(login: Login) -> Any:
            return dialect.connect(*arguments, **{**values, **vars(login)})

        login = secret.current()
        try:
            return connect_as(login)
        except dialect.loaded_dbapi.OperationalError as refusal:
            is_wrong = _WRONG_PASSWORD in str(refusal)
            renewed = secret.current(refused=login) if is_wrong else login
            if renewed == login:
                raise
        return connect_as(renewed)

    return connect


@contextmanager
def transaction(engine: Engine, deadline: Deadline) -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back on any error."""
    with translated_errors(), engine.begin() as connection:
        limit_statements(connection, deadline)
        yield connection


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


def retry(work: Callable[[], T], deadline: Deadline) -> T:
    """The result of *work*, tried again with exponential backoff and jitter while that can help.

    Contention passes, so it is waited out for as long as the deadline allows; a database that
    does not answer is given a few attempts. *work* must be idempotent: a commit whose answer
    was lost is repeated.
    """
    retrying = Retrying(
        retry=retry_if_exception(_is_transient),
        wait=wait_exponential_jitter(multiplier=0.2, max=10, jitter=0.5),
        stop=_gives_up(deadline),
        reraise=True,
    )
    return retrying(work)


def _gives_up(deadline: Deadline) -> Callable[[RetryCallState], bool]:
    def is_over(state: RetryCallState) -> bool:
        if not deadline.leaves_time_after(state.upcoming_sleep):
            return True
        error = state.outcome.exception() if state.outcome else None
        is_waiting = isinstance(error, DatabaseBusyError)
        return not is_waiting and state.attempt_number >= CONNECTION_ATTEMPTS

    return is_over


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, DatabaseUnavailableError) and not isinstance(error, LoginRefusedError)


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
        return SchemaOutdatedError(f"{sentence}; run `alembic upgrade head`", sqlstate=sqlstate)
    if sqlstate in _CONTENTION:
        return DatabaseBusyError(sentence, sqlstate=sqlstate)
    if sqlstate.startswith(_LOST_CONNECTION_CLASSES) or error.connection_invalidated:
        return DatabaseUnavailableError(sentence, sqlstate=sqlstate)
    if isinstance(error, OperationalError) and not sqlstate:
        return (LoginRefusedError if _is_refusal(sentence) else DatabaseUnavailableError)(sentence)
    return DatabaseRefusedError(sentence, sqlstate=sqlstate)


def _is_refusal(sentence: str) -> bool:
    return any(words in sentence for words in _REFUSED_AT_CONNECT)


def _first_line(error: DBAPIError) -> str:
    # An index on the address list or a password never appears here: libpq names host, port,
    # user and database only.
    lines = str(error.orig).strip().splitlines()
    return lines[0] if lines else type(error.orig).__name__
