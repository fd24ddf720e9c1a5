"""Lambda's Runtime API, as far as one container needs it: events out, answers in."""

import json
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Event, Thread
from types import TracebackType
from typing import Any
from uuid import uuid4

from lambdaenv.errors import ContainerError

VERSION = "/2018-06-01/runtime"
FUNCTION_ARN = "arn:aws:lambda:eu-central-1:123456789012:function:device-parameters-prod"


@dataclass(frozen=True)
class Invocation:
    """An event on its way in."""

    request_id: str
    event: object
    deadline_ms: int


@dataclass(frozen=True)
class Answer:
    """What came back: `response`, `error`, or `init/error` from a function that cannot start."""

    kind: str
    body: Any

    @property
    def error(self) -> tuple[str, str]:
        """Type and message, as the caller of the function gets them."""
        if self.kind == "response":
            raise ContainerError(f"the function returned {self.body}")
        return self.body["errorType"], self.body["errorMessage"]

    @property
    def result(self) -> Any:
        """What the function returned."""
        if self.kind != "response":
            raise ContainerError(f"the function failed: {self.body}")
        return self.body


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A container that is ended breaks off in the middle of its question."""


class RuntimeApi(AbstractContextManager["RuntimeApi"]):
    """Serves one container, on a port of its own."""

    def __init__(self) -> None:
        self.invocations: Queue[Invocation] = Queue()
        self.answers: Queue[Answer] = Queue()
        # Set when the function has been imported and asks for its first event.
        self.has_started = Event()
        self._server = _Server(("127.0.0.1", 0), _handler_of(self))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def invoke(self, event: object, seconds: float) -> Answer | None:
        """The answer to *event*; None where there is none within *seconds*."""
        deadline_ms = int((time.time() + seconds) * 1000)
        self.invocations.put(Invocation(str(uuid4()), event, deadline_ms))
        return self.wait(seconds)

    def wait(self, seconds: float) -> Answer | None:
        """The next answer; None where there is none within *seconds*."""
        try:
            return self.answers.get(timeout=seconds)
        except Empty:
            return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler_of(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path != f"{VERSION}/invocation/next":
                self._reply(404)
                return
            api.has_started.set()
            invocation = api.invocations.get()
            headers = {
                "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
                "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
                "Lambda-Runtime-Invoked-Function-Arn": FUNCTION_ARN,
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            }
            self._reply(200, json.dumps(invocation.event).encode(), headers)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kind = self.path.rpartition("/")[2]
            is_init = self.path == f"{VERSION}/init/error"
            api.answers.put(Answer("init/error" if is_init else kind, json.loads(body)))
            self._reply(202, b'{"status": "OK"}')

        def _reply(
            self, status: int, body: bytes = b"", headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            # The container may have been ended while it waited.
            with suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """The container's own output is what counts."""

    return Handler
