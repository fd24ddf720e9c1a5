"""PostgreSQL, as the tests start it, checks passwords and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg2
import pytest

from tests.databases import connect
from tests.postgresql import REMEDY, find_programs, server
from tests.sandbox import PROJECT, Sandbox

# Says where the server keeps its files, and waits to be killed.
PROGRAM = """
import signal
from tests import postgresql
from tests.databases import connect

with postgresql.server(postgresql.find_programs()) as url:
    with connect(url).cursor() as cursor:
        cursor.execute("SHOW data_directory")
        print(cursor.fetchone()[0], flush=True)
    signal.pause()
"""


@pytest.fixture
def programs() -> Path:
    found = find_programs()
    if found is None:
        pytest.skip(REMEDY)
    return found


@pytest.mark.postgresql
def test_two_sessions_are_two_backends(database: Sandbox) -> None:
    other = connect(database.url)
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() != (database.value("SELECT pg_backend_pid()"),)
    other.close()


def test_a_wrong_password_is_refused(programs: Path) -> None:
    with server(programs) as url:
        with pytest.raises(psycopg2.OperationalError, match="authentication failed"):
            connect(url.set(password="wrong"))
        connect(url).close()


def test_nothing_is_left_of_it_where_the_tests_are_killed(programs: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as tests:
        assert tests.stdout is not None
        data = Path(tests.stdout.readline().strip())
        postmaster = int((data / "postmaster.pid").read_text("utf-8").splitlines()[0])
        tests.send_signal(signal.SIGKILL)
    give_up_at = time.monotonic() + 30
    while data.parent.exists():
        assert time.monotonic() < give_up_at
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(postmaster, 0)
