"""Listens to what the server process prints."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
from collections import deque

from devdb.errors import EmbeddedDatabaseError

logger = logging.getLogger(__name__)

_KEPT_LINES = 30


class ServerOutput:
    """Reads the server's output in the background, so that its pipe never fills up."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._port: int | None = None
        self._last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._is_settled = threading.Event()
        self._reader = threading.Thread(target=self._read, name="devdb-output", daemon=True)
        self._reader.start()

    def wait_until_ready(self, timeout_seconds: float) -> int:
        """The port that is served, once the server has announced it."""
        in_time = self._is_settled.wait(timeout_seconds)
        if self._port is not None:
            return self._port
        if not in_time:
            raise self._error(f"did not start within {timeout_seconds:g} seconds")
        raise self._error(f"did not start (exit status {self._process.wait()})")

    def failure(self) -> EmbeddedDatabaseError:
        """Wait for the server to end, and say how it did."""
        status = self._process.wait()
        self.join()
        return self._error(f"ended (exit status {status})")

    def join(self) -> None:
        """Wait for the end of the output, which is the end of the server."""
        self._reader.join()

    def _error(self, what_happened: str) -> EmbeddedDatabaseError:
        lines = "\n".join(self._last_lines) or "(it printed nothing)"
        return EmbeddedDatabaseError(f"The embedded database {what_happened}:\n{lines}")

    def _read(self) -> None:
        for line in self._process.stdout or ():
            port = _announced_port(line)
            if port is None:
                self._last_lines.append(line.rstrip())
                logger.warning("devdb_output", extra={"line": line.rstrip()})
            else:
                self._port = port
                self._is_settled.set()
        self._is_settled.set()


def _announced_port(line: str) -> int | None:
    try:
        announcement = json.loads(line)
    except ValueError:
        return None
    if not isinstance(announcement, dict) or announcement.get("event") != "READY":
        return None
    return int(announcement["port"])
