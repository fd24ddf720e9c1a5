"""The pooled engine of a database, and how it logs in."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

# SQLAlchemy would import these two on the first connection: a function has less of a processor
# while it answers than while it starts.
import psycopg2.extensions
import psycopg2.extras
import sqlalchemy.dialects.postgresql.psycopg2  # noqa: F401
from sqlalchemy import URL, Dialect, Engine, ExceptionContext, create_engine, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

from chalicelib.database.login import Login, SecretLogin
from chalicelib.database.refusals import may_be_wrong_login
from chalicelib.database.translation import READ_ONLY
from chalicelib.settings import DatabaseSettings

APPLICATION_NAME = "device-parameters"
CONNECT_TIMEOUT_SECONDS = 5
# A connection that was in use within this time is taken to be there still.
_JUST_USED_SECONDS = 1.0
_USED_AT = "used_at"
_FIRST_INSTANT = datetime.min.replace(tzinfo=UTC)
_LAST_INSTANT = datetime.max.replace(tzinfo=UTC)


@lru_cache(maxsize=4)
def engine_for(settings: DatabaseSettings) -> Engine:
    """The pooled engine of a database, kept across invocations of a warm container.

    A thawed container may hold dead connections: a ping replaces those that have not been used
    for a second, and the keepalives and `tcp_user_timeout` keep the ping itself from hanging on a
    connection that nobody resets.
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
        max_overflow=8,
        pool_recycle=1800,
        hide_parameters=True,
        # Whoever waits for a lock must then see what its last holder has committed.
        isolation_level="READ COMMITTED",
        connect_args={
            "application_name": APPLICATION_NAME,
            "client_encoding": "utf8",
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "sslmode": settings.sslmode,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    event.listen(engine, "connect", _read_instants_in_utc)
    event.listen(engine, "connect", _note_use)
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _pinging_unless_just_used(engine.dialect))
    event.listen(engine, "handle_error", _leave_server_that_takes_no_writes)
    if settings.secret_arn is not None:
        event.listen(engine, "do_connect", _logging_in_with(SecretLogin(settings)))
    return engine


def _in_utc(text: Any, cursor: Any) -> datetime | None:
    """*text* in UTC; the first or the last instant of Python, where the database's is beyond."""
    try:
        found: datetime | None = psycopg2.extensions.PYDATETIMETZ(text, cursor)
        return found if found is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return _FIRST_INSTANT if text.endswith("BC") else _LAST_INSTANT


_TIMESTAMPTZ = psycopg2.extensions.new_type((1184,), "TIMESTAMPTZ", _in_utc)


def _read_instants_in_utc(connection: Any, _: object) -> None:
    """Whatever the session's time zone, what comes out of the database is in UTC."""
    psycopg2.extensions.register_type(_TIMESTAMPTZ, connection)


def _clocks() -> tuple[float, float]:
    """Two, because one of them may stand still while a container is frozen."""
    return time.monotonic(), time.time()


def _note_use(_: object, record: ConnectionPoolEntry) -> None:
    record.info[_USED_AT] = _clocks()


def _pinging_unless_just_used(dialect: Dialect) -> Callable[..., None]:
    """A listener that asks whether a connection is still there before it is used.

    It is one round trip, and a run has several transactions within a moment. A transaction notices
    for itself that a connection is lost which was just used.
    """

    def ping(driver: Any, record: ConnectionPoolEntry, _: object) -> None:
        idle = [now - then for now, then in zip(_clocks(), record.info[_USED_AT], strict=True)]
        if all(0 <= seconds < _JUST_USED_SECONDS for seconds in idle):
            return
        try:
            dialect.do_ping(driver)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error

    return ping


def _leave_server_that_takes_no_writes(context: ExceptionContext) -> None:
    """After a failover a pool may hold connections to the wrong server: all of them are dropped."""
    if getattr(context.original_exception, "pgcode", None) == READ_ONLY:
        context.is_disconnect = True


def _logging_in_with(secret: SecretLogin) -> Callable[..., Any]:
    """A listener that connects as the secret says, and tries again where the secret has changed.

    A rotation changes the password behind a warm container's back: the refusal is how it learns.
    """

    def connect(dialect: Dialect, _: object, arguments: list[Any], values: dict[str, Any]) -> Any:
        def connect_as(login: Login) -> Any:
            return dialect.connect(*arguments, **{**values, **vars(login)})

        login = secret.current()
        try:
            return connect_as(login)
        except dialect.loaded_dbapi.OperationalError as refusal:
            may_be_wrong = may_be_wrong_login(str(refusal).splitlines())
            renewed = secret.current(refused=login) if may_be_wrong else login
            if renewed == login:
                raise
        return connect_as(renewed)

    return connect
