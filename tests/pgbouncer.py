"""PgBouncer before a server of the tests, pooling by transaction, for as long as a test runs."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
from sqlalchemy import URL

from tests.databases import connect
from tests.ports import free_port
from tests.postgresql import HOST, identity

REMEDY = "it needs PgBouncer (`apt-get install pgbouncer`)"
START_SECONDS = 20.0
# Nobody's password is checked here, and everybody is let in as the one user of the tests.
_SETTINGS = """
[databases]
* = host={server.host} port={server.port} user={server.username} password={server.password}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
"""


def find_program() -> str | None:
    """PgBouncer: that on PATH, else where Debian puts it, which is not on everybody's."""
    return shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")


@contextmanager
def pooler(program: str, server: URL, size: int) -> Iterator[URL]:
    """Where *server* answers through a pooler that opens *size* sessions of each database."""
    url = server.set(host=HOST, port=free_port())
    with tempfile.TemporaryDirectory(prefix="pgbouncer-") as folder:
        settings = Path(folder, "pgbouncer.ini")
        settings.write_text(
            _SETTINGS.format(server=server, host=HOST, port=url.port, size=size), "utf-8"
        )
        user = identity()
        if user:
            for path in (Path(folder), settings):
                shutil.chown(path, user["user"], user["group"])
        with subprocess.Popen([program, "-q", settings], cwd=folder, **user) as process:
            try:
                _wait_until_it_answers(url)
                yield url
            finally:
                process.terminate()


def _wait_until_it_answers(url: URL) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            connect(url).close()
        except psycopg2.OperationalError:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.02)
        else:
            return
