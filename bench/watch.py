"""What a piece of work costs the server: log, temporary files, memory, rows written."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Engine, NullPool, create_engine
from sqlalchemy.exc import DBAPIError

from bench.data import sql
from chalicelib.database import APPLICATION_NAME

_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
_SECONDS_TO_CLOSE = 30.0


class Cost(msgspec.Struct):
    """What the server did. What it cannot say is None.

    *table_wal_bytes* is the log of the table `device_parameters` and of its indexes alone, and
    *table_rows_written* what was inserted, updated and deleted there.
    """

    wal_bytes: int = 0
    temp_bytes: int = 0
    table_rows_written: int = 0
    table_wal_bytes: int | None = None


@contextmanager
def watching(engine: Engine, *, inspect_table: bool = False) -> Iterator[Cost]:
    """The cost of what another process does meanwhile, once it has closed its connections.

    The statistics of a session are complete when it has ended. The log is that of the whole
    server, so nothing else should be at work there. To find the part of the table in it takes
    time, and is done only with *inspect_table*.
    """
    engine.dispose()
    cost = Cost()
    with _watcher(engine) as connection:
        can_inspect = inspect_table and _can_inspect(connection)
        before = connection.execute(sql.read_costs).one()
        yield cost
        _wait_for_sessions_to_end(connection)
        after = connection.execute(sql.read_costs).one()
        cost.wal_bytes = after.position - before.position
        cost.temp_bytes = after.temp_bytes - before.temp_bytes
        cost.table_rows_written = after.rows_written - before.rows_written
        if can_inspect:
            values = {"start": before.position, "end": after.position}
            cost.table_wal_bytes = connection.execute(sql.table_wal_bytes, values).scalar_one()


@contextmanager
def _watcher(engine: Engine) -> Iterator[Connection]:
    """A session of its own, which is told apart by its name."""
    watcher = create_engine(
        engine.url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={"application_name": "bench-watch"},
    )
    with watcher.connect() as connection:
        yield connection


def _can_inspect(connection: Connection) -> bool:
    """Whether the server can say which tables a record of the log is about."""
    try:
        connection.execute(sql.enable_inspection)
    except DBAPIError:
        return False
    return True


def _wait_for_sessions_to_end(connection: Connection) -> None:
    deadline = time.monotonic() + _SECONDS_TO_CLOSE
    while connection.execute(sql.list_sessions, {"name": APPLICATION_NAME}).first():
        if time.monotonic() > deadline:
            raise TimeoutError("the sessions of the application did not end")
        time.sleep(0.1)


def backend_peak_kb(engine: Engine) -> int | None:
    """The most memory that one of our sessions ever had, with the shared buffers that it touched.

    Only the system knows, so it has to be this one.
    """
    if engine.url.host not in _LOCAL_HOSTS:
        return None
    with engine.begin() as connection:
        pids = connection.execute(sql.list_sessions, {"name": APPLICATION_NAME}).scalars().all()
    peaks = [_peak_kb(Path(f"/proc/{pid}/status")) for pid in pids]
    return max((peak for peak in peaks if peak is not None), default=None)


def _peak_kb(status: Path) -> int | None:
    if not status.exists():
        return None
    lines = status.read_text(encoding="ascii").splitlines()
    is_server = lines[0].split()[1] == "postgres"
    found = (int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))
    return next(found, None) if is_server else None
