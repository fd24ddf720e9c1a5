"""Interrupts the application at a boundary, or kills a process that gets there.

A boundary is a statement of a queries.sql by name: `before` it is sent, `after` it was answered,
or when the transaction it was part of is `committed`.
"""

import os
import re
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

from chalicelib.database import APPLICATION_NAME, Deadline
from chalicelib.database.statements import load_statements
from tests.sandbox import PROJECT, Sandbox

_BUSY_BACKENDS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name = %s AND state <> 'idle'
"""


@contextmanager
def interrupted_at(queries: Path, boundary: str, interrupt: Callable[[], None]) -> Iterator[None]:
    """Call *interrupt* whenever the application reaches *boundary* of *queries*."""
    moment, name = boundary.split(":")
    wanted = (
        re.escape(load_statements(queries)[name].text)
        .replace("@extschema@", r"\w+")
        .replace("@evidence@", r"[\s\S]+")
        .replace("@revision@", r".+")
    )
    execute, do_commit = Connection.execute, PGDialect_psycopg2.do_commit
    is_in_transaction = False

    def watched_execute(self: Connection, statement: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal is_in_transaction
        is_wanted = re.fullmatch(wanted, getattr(statement, "text", "")) is not None
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


def die() -> None:
    """As in a power failure."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_until_killed(sandbox: Sandbox, module: str, boundary: str, *arguments: str) -> None:
    """Have *module*, as a process, die at *boundary*, and wait until the server has noticed."""
    killed = subprocess.run(
        [sys.executable, "-m", module, boundary, *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, f"never got to {boundary}: {killed.stderr}"
    patience = Deadline.after(20)
    while sandbox.value(_BUSY_BACKENDS, (APPLICATION_NAME,)):
        assert patience.remaining_seconds() > 0
        time.sleep(0.01)
