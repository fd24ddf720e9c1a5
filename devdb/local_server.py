"""`chalice local` as a child process, for the demonstration and for tests."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from devdb.errors import EmbeddedDatabaseError

HOST = "127.0.0.1"
STAGE = "local"
START_SECONDS = 60.0
STOP_SECONDS = 5.0
REQUEST_SECONDS = 30.0
POLL_SECONDS = 0.1
# `chalice local` says so once the port is its own: until then somebody else may answer there.
_SERVING = b"Serving on http"
_CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"
# The process that started it holds the other end of its input. When that one ends, however it
# does, this one ends.
_FOLLOWING = """
import os, sys, threading

def follow():
    while os.read(0, 4096):
        pass
    os._exit(0)

threading.Thread(target=follow, daemon=True).start()
"""


def local_command(port: int, *, is_following: bool = False) -> list[str]:
    """The command of `chalice local`; it ends with its own input where it *is_following* it."""
    program = _FOLLOWING + _CHALICE if is_following else _CHALICE
    options = ["--no-autoreload", "--stage", STAGE, "--host", HOST, "--port", str(port)]
    return [sys.executable, "-c", program, "local", *options]


class LocalServer:
    """The HTTP side of the application on *port*, while the context lasts."""

    def __init__(self, project: Path, environment: dict[str, str], port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._project = project
        unbuffered = {"PYTHONUNBUFFERED": "1"}
        self._environment = {"AWS_DEFAULT_REGION": "eu-central-1", **environment, **unbuffered}
        self._command = local_command(port, is_following=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the server

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._project,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for this process, which then ends the server in order.
            start_new_session=True,
        )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def get_json(self, path: str) -> Any:
        """The body of a successful GET; raises `urllib.error.HTTPError` for any other answer."""
        with urllib.request.urlopen(self.url + path, timeout=REQUEST_SECONDS) as response:  # noqa: S310 our own address
            return json.load(response)

    def post_json(self, path: str, body: object) -> Any:
        """The body of a successful POST; raises `urllib.error.HTTPError` for any other answer."""
        request = urllib.request.Request(  # noqa: S310 our own address
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:  # noqa: S310
            return json.load(response)

    def wait(self, seconds: float) -> None:
        """Block for *seconds*; raises with its last words where the server ends meanwhile."""
        if self._process is None:
            raise EmbeddedDatabaseError("`chalice local` is not running.")
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._process.wait(seconds)
            raise EmbeddedDatabaseError(
                f"`chalice local` has ended (exit status {status}): {self._last_words()}"
            )

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                raise EmbeddedDatabaseError(f"`chalice local` ended at once: {self._last_words()}")
            if self._is_serving() and self._answers():
                return
            time.sleep(POLL_SECONDS)
        raise EmbeddedDatabaseError(f"`chalice local` did not answer within {START_SECONDS:.0f} s.")

    def _is_serving(self) -> bool:
        return _SERVING in self._said()

    def _answers(self) -> bool:
        """Whether there is an answer, be it an error."""
        try:
            self.get_json("/health")
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def _said(self) -> bytes:
        """All that the server has printed; its own place in the file stays where it is."""
        return os.pread(self._output.fileno(), os.fstat(self._output.fileno()).st_size, 0)

    def _last_words(self) -> str:
        lines = self._said().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _stop(self) -> None:
        if self._process is not None:
            _end(self._process)
        self._output.close()


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
