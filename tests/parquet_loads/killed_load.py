"""Carries out one load and kills itself at a boundary of it, as a power failure would.

    python -m tests.parquet_loads.killed_load before:add_energy FILE

A boundary is a statement of queries.sql by name: `before` it is sent, `after` it was answered,
or when the transaction it was part of is `committed`. Rows on their way are `after:batch`.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

import chalicelib.parquet_loads
from chalicelib import settings
from chalicelib.database import Deadline, engine_for
from chalicelib.parquet_loads import staging
from chalicelib.parquet_loads.load import Loading, load
from chalicelib.parquet_loads.settings import loads_from_environment
from chalicelib.parquet_loads.sources import location_of
from chalicelib.sql import load_statements
from tests.parquet_loads.drop import Drop
from tests.sandbox import PROJECT, Sandbox

QUERIES = Path(chalicelib.parquet_loads.__path__[0]) / "queries.sql"
BATCH = "after:batch"


@contextmanager
def interrupted(boundary: str, interrupt: Callable[[], None]) -> Iterator[None]:
    """Call *interrupt* whenever the application reaches *boundary*."""
    if boundary == BATCH:
        with _interrupted_after_a_batch(interrupt):
            yield
        return
    moment, name = boundary.split(":")
    wanted = load_statements(QUERIES)[name].text
    execute, do_commit = Connection.execute, PGDialect_psycopg2.do_commit
    is_in_transaction = False

    def watched_execute(self: Connection, statement: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal is_in_transaction
        is_wanted = getattr(statement, "text", None) == wanted
        is_in_transaction |= is_wanted
        if is_wanted and moment == "before":
            interrupt()
        result = execute(self, statement, *args, **kwargs)
        if is_wanted and moment == "after":
            interrupt()
        return result

    def watched_commit(self: PGDialect_psycopg2, connection: Any) -> None:
        nonlocal is_in_transaction
        do_commit(self, connection)  # type: ignore[no-untyped-call]
        if is_in_transaction and moment == "committed":
            is_in_transaction = False
            interrupt()

    with (
        mock.patch.object(Connection, "execute", watched_execute),
        mock.patch.object(PGDialect_psycopg2, "do_commit", watched_commit),
    ):
        yield


@contextmanager
def _interrupted_after_a_batch(interrupt: Callable[[], None]) -> Iterator[None]:
    as_csv = staging._as_csv

    def then_interrupted(batch: Any) -> bytes:
        data = as_csv(batch)
        interrupt()
        return data

    with mock.patch.object(staging, "_as_csv", then_interrupted):
        yield


def kill_load_at(boundary: str, drop: Drop, sandbox: Sandbox) -> None:
    """Have a process die there, and wait until the server has noticed."""
    command = [sys.executable, "-m", "tests.parquet_loads.killed_load", boundary]
    killed = subprocess.run(
        [*command, str(drop.path("a"))],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, f"never got to {boundary}: {killed.stderr}"
    patience = Deadline.after(20)
    while _busy_backends(sandbox):
        assert patience.remaining_seconds() > 0
        time.sleep(0.01)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _busy_backends(sandbox: Sandbox) -> int:
    count: int = sandbox.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND application_name = 'device-parameters' AND state <> 'idle'"
    )
    return count


def main(boundary: str, source: str) -> None:
    engine = engine_for(settings.database_from_environment())
    bus = settings.change_event_bus()
    context = Loading(engine, loads_from_environment(), bus, Deadline.after(60))
    with interrupted(boundary, die):
        load(context, location_of(source))


if __name__ == "__main__":
    main(*sys.argv[1:])
