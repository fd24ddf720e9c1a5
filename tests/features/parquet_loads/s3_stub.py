"""An S3 for tests of reading: one object, over HTTP, with the faults that a test gives it."""

import hashlib
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.local_http import LocalHttp

_ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>m</Message></Error>'


@dataclass(frozen=True)
class Fault:
    """A wrong answer. With *cuts* it is the right answer, but breaks off."""

    status: int = 200
    code: str = ""
    cuts: bool = False
    resets: bool = False


SLOW_DOWN = Fault(503, "SlowDown")
BROKEN = Fault(500, "InternalError")
TIMED_OUT = Fault(400, "RequestTimeout")
CUT = Fault(cuts=True)
RESET = Fault(resets=True)
TRANSIENT = (SLOW_DOWN, BROKEN, TIMED_OUT, CUT, RESET)
DENIED = Fault(403, "AccessDenied")
NO_KEY = Fault(403, "KMS.DisabledException")
KMS_STATE = Fault(400, "KMS.KMSInvalidStateException")
ARCHIVED = Fault(403, "InvalidObjectState")
GONE = Fault(404, "NoSuchKey")


class S3Stub(LocalHttp):
    """Serves while the context lasts: *data* under any bucket and key."""

    def __init__(self, data: bytes = b"", latency_seconds: float = 0) -> None:
        self.data = data
        self.modified_at = datetime(2024, 5, 1, tzinfo=UTC)
        self.latency_seconds = latency_seconds
        self.faults: deque[Fault] = deque()
        self.requests: list[tuple[str, str]] = []
        self.before_each: Callable[[], None] = lambda: None
        super().__init__(type("Handler", (_Handler,), {"stub": self}), _Server)

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.data, usedforsecurity=False).hexdigest()}"'

    @property
    def gets(self) -> list[str]:
        """The ranges that were asked for."""
        return [asked for method, asked in self.requests if method == "GET"]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    stub: S3Stub

    def do_HEAD(self) -> None:
        fault = self._fault()
        if fault.resets:
            self._reset()
        else:
            self._answer(fault.status, b"", len(self.stub.data) if fault.status == 200 else 0)

    def do_GET(self) -> None:
        fault = self._fault()
        if fault.resets:
            self._reset()
        elif fault.status != 200:
            self._refuse(fault.status, fault.code)
        elif self.headers["If-Match"] not in (None, self.stub.etag):
            self._refuse(412, "PreconditionFailed")
        else:
            self._send(fault)

    def _send(self, fault: Fault) -> None:
        first, last = self.headers["Range"].removeprefix("bytes=").split("-")
        body = self.stub.data[int(first) : int(last) + 1]
        self._answer(206, body[: len(body) // 2] if fault.cuts else body, len(body))
        self.close_connection = fault.cuts

    def _fault(self) -> Fault:
        stub = self.stub
        stub.before_each()
        stub.requests.append((self.command, self.headers.get("Range", "")))
        time.sleep(stub.latency_seconds)
        return stub.faults.popleft() if stub.faults else Fault()

    def _refuse(self, status: int, code: str) -> None:
        body = _ERROR.format(code).encode()
        self._answer(status, body, len(body))

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _answer(self, status: int, body: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("ETag", self.stub.etag)
        self.send_header("Last-Modified", format_datetime(self.stub.modified_at, usegmt=True))
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""
