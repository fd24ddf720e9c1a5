"""A PostgreSQL server of the tests' own, as Debian packages it, for as long as they run."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from sqlalchemy import URL

from tests.databases import DRIVER, connect
from tests.ports import free_port

REMEDY = "install PostgreSQL (`apt-get install postgresql`)"
HOST, USER, PASSWORD, DATABASE = "127.0.0.1", "tester", "tester", "postgres"
START_SECONDS = 60.0
# PostgreSQL refuses to run as root; Debian's package makes the first of them.
_SERVANTS = ("postgres", "nobody")
# The server and its files go when the guard's input is closed, which happens however the process
# of the tests ends.
_GUARD = """
folder=$1; shift
"$@" </dev/null &
read -r _
kill -INT $!; wait $!
rm -rf "$folder"
"""


def find_programs() -> Path | None:
    """The folder of PostgreSQL's programs: of the one on PATH, else where Debian puts them."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = max(installed, key=lambda path: int(path.parts[-3]), default=None)
    return newest.parent if newest else None


@contextmanager
def server(programs: Path) -> Iterator[URL]:
    """A new server that checks passwords; the URL names its superuser."""
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    try:
        _initialise(programs, folder)
        with _serving(programs, folder) as url:
            yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(programs: Path, folder: Path) -> None:
    password = folder / "password"
    password.write_text(PASSWORD, "utf-8")
    servant = identity()
    if servant:
        for path in (folder, password):
            shutil.chown(path, servant["user"], servant["group"])
    options = [f"--pgdata={folder / 'data'}", f"--username={USER}", f"--pwfile={password}"]
    options += ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    command: list[str | Path] = [programs / "initdb", *options]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, **servant)


@contextmanager
def _serving(programs: Path, folder: Path) -> Iterator[URL]:
    url = URL.create(DRIVER, USER, PASSWORD, HOST, free_port(), DATABASE)
    log = folder / "log"
    command = _server_command(programs, folder, url)
    with (
        log.open("wb") as output,
        subprocess.Popen(
            ["sh", "-c", _GUARD, "sh", folder, *command],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for this process, which then ends the server in order.
            start_new_session=True,
            **identity(),
        ),
    ):
        _wait_until_it_answers(url, log)
        # Leaving closes the guard's input, and waits until it has ended.
        yield url


def _server_command(programs: Path, folder: Path, url: URL) -> list[str | Path]:
    settings = [f"listen_addresses={HOST}", f"port={url.port}", "unix_socket_directories="]
    # Nothing here has to survive a power failure.
    settings += ["fsync=off", "full_page_writes=off"]
    options = [part for setting in settings for part in ("-c", setting)]
    return [programs / "postgres", "-D", folder / "data", *options]


def identity() -> dict[str, Any]:
    """Whom the server runs as, where that cannot be the user of the tests."""
    if os.geteuid() != 0:
        return {}
    known = {user.pw_name: user for user in pwd.getpwall()}
    servant = next(known[name] for name in _SERVANTS if name in known)
    return {"user": servant.pw_uid, "group": servant.pw_gid, "extra_groups": []}


def _wait_until_it_answers(url: URL, log: Path) -> None:
    give_up_at = time.monotonic() + START_SECONDS
    while True:
        try:
            connect(url).close()
        except psycopg2.OperationalError:
            if time.monotonic() > give_up_at:
                raise RuntimeError(f"PostgreSQL does not start: {log.read_text()}") from None
            time.sleep(0.02)
        else:
            return
