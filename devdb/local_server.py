"""`chalice local` as a child process, for the demonstration and for tests."""

import json
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
REQUEST_SECONDS = 30.0
POLL_SECONDS = 0.1


class LocalServer:
    """The HTTP side of the application on *port*, while the context lasts."""

    def __init__(self, project: Path, environment: dict[str, str], port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._project = project
        self._environment = {"AWS_DEFAULT_REGION": "eu-central-1", **environment}
        self._command = [sys.executable, "-c", "from chalice.cli import main; main()", "local"]
        self._command += ["--no-autoreload", "--stage", STAGE]
        self._command += ["--host", HOST, "--port", str(port)]
        self._process: subprocess.Popen[bytes] | None = None
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 lives as long as the server

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            cwd=self._project,
            env=self._environment,
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

    def wait(self) -> None:
        """Block until the server ends."""
        if self._process is not None:
            self._process.wait()

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            if process.poll() is not None:
                raise EmbeddedDatabaseError(f"`chalice local` ended at once: {self._last_words()}")
            try:
                self.get_json("/health")
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(POLL_SECONDS)
            else:
                return
        raise EmbeddedDatabaseError(f"`chalice local` did not answer within {START_SECONDS:.0f} s.")

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._output.close()
