"""The lock by which others see that the process of a run is alive."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from chalicelib import database
from chalicelib.errors import RunAlreadyActiveError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.context import Sync


@contextmanager
def holding_lock(context: Sync, run_id: int) -> Iterator[bool]:
    """Hold the lock of the run on a connection of its own, for as long as this process works on it.

    The lock ends with the process, however that dies, or with its connection. It belongs to a
    transaction, because a pooler may give a session to somebody else between two of them. Yields
    False on a server whose sessions share one backend: there an open transaction would keep the
    run itself waiting. Raises `RunAlreadyActiveError` where another process carries the run out.
    """
    holder = database.retry(lambda: _holder(context, run_id), context.deadline)
    try:
        yield holder is not None
    finally:
        if holder is not None:
            _let_go(holder)


def _holder(context: Sync, run_id: int) -> Connection | None:
    with database.translated_errors():
        connection = context.engine.connect()
        try:
            if _is_taken(connection, run_id):
                return connection
        except BaseException:
            _let_go(connection)
            raise
    _let_go(connection)
    return None


def _is_taken(connection: Connection, run_id: int) -> bool:
    """Whether this connection holds the lock now; False where the server has no use for locks."""
    if not store.has_sessions(connection):
        return False
    if not store.try_lock_of_run(connection, run_id):
        raise RunAlreadyActiveError(f"another process is carrying out run {run_id}", run_id=run_id)
    return True


def _let_go(connection: Connection) -> None:
    """Give the connection back; where it was lost meanwhile, the lock went with it."""
    with suppress(SQLAlchemyError):
        connection.close()
    if not connection.closed:
        connection.invalidate()
