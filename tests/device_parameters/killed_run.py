"""Carries out one run and kills itself at a boundary of it, as a power failure would.

    python -m tests.device_parameters.killed_run before:plan_delta 2024-06-05T10:17:00Z 1800

A boundary is a statement of queries.sql by name: `before` it is sent, `after` it was answered,
or when the transaction it was part of is `committed`.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

import chalicelib.device_parameters
from chalicelib import settings
from chalicelib.database import Deadline, engine_for
from chalicelib.device_parameters.model import SyncRequest, Trigger
from chalicelib.device_parameters.sync import Sync, sync
from chalicelib.sql import load_statements

QUERIES = Path(chalicelib.device_parameters.__path__[0]) / "queries.sql"


@contextmanager
def interrupted(boundary: str, interrupt: Callable[[], None]) -> Iterator[None]:
    """Call *interrupt* whenever the application reaches *boundary*."""
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


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(boundary: str, as_of: str, window_minutes: str) -> None:
    configured = settings.from_environment()
    context = Sync(engine_for(configured.database), configured, Deadline.after(60))
    request = SyncRequest(Trigger.CLI, int(window_minutes), datetime.fromisoformat(as_of))
    with interrupted(boundary, die):
        sync(context, request)


if __name__ == "__main__":
    main(*sys.argv[1:])
