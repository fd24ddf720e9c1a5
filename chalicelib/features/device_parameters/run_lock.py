"""The lock by which others see that the process of a run is alive."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chalicelib import database
from chalicelib.errors import RunAlreadyActiveError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.context import Sync


@dataclass(frozen=True)
class Held:
    """A run, and whether a lock says that this process carries it out."""

    run_id: int
    is_locked: bool


@contextmanager
def holding_lock(context: Sync, run_id: int | None) -> Iterator[Held]:
    """Hold the lock of a run on a connection of its own, for as long as this process works on it.

    Without *run_id* it is the next run. Its id is drawn before the run is recorded: if the answer
    to the commit that records it is lost, recording it again opens no second run.

    The lock ends with the process, however that dies, or with its connection. It belongs to a
    transaction, because a pooler may give a session to somebody else between two of them. No lock
    is held on a server whose sessions share one backend: there an open transaction would keep the
    run itself waiting. Raises `RunAlreadyActiveError` where another process carries the run out.
    """
    held, holder = database.retry(lambda: _take(context, run_id), context.deadline)
    try:
        yield held
    finally:
        _let_go(holder)


def _take(context: Sync, run_id: int | None) -> tuple[Held, Connection]:
    with database.translated_errors():
        connection = context.engine.connect()
        try:
            return _held(connection, run_id), connection
        except BaseException:
            _let_go(connection)
            raise


def _held(connection: Connection, run_id: int | None) -> Held:
    drawn_id, is_taken = store.try_lock_of_run(connection, run_id)
    if is_taken is False:
        message = f"another process is carrying out run {drawn_id}"
        raise RunAlreadyActiveError(message, run_id=drawn_id)
    if is_taken is None:
        # One that waits inside a transaction would keep all others waiting.
        connection.rollback()
    return Held(drawn_id, is_locked=is_taken is True)


def _let_go(connection: Connection) -> None:
    """Give the connection back; where it was lost meanwhile, the lock went with it."""
    with suppress(SQLAlchemyError):
        connection.close()
    if not connection.closed:
        connection.invalidate()
