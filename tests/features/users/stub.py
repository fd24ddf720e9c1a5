"""A user pool that answers as AWS documents and moto does not: it refuses, throttles and hangs."""

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from threading import Event
from typing import Any
from urllib.request import Request, urlopen

from tests.local_http import LocalHttp

# What to do with a call: None to pass it on.
Verdict = tuple[int, str] | None
HANGS: Verdict = (0, "hang")
LOSES_ANSWER: Verdict = (0, "lose")


class UnwillingPool(LocalHttp):
    """Stands before moto's server; *judge* decides what becomes of each call, by its name."""

    def __init__(self, behind: str) -> None:
        self.judge: Callable[[str], Verdict] = lambda call: None
        self.calls: list[str] = []
        self._behind = behind
        self._is_over = Event()
        super().__init__(self._handler())

    def let_go(self) -> None:
        """End the calls that hang."""
        self._is_over.set()

    def passed_on(self, body: bytes, headers: dict[str, str]) -> bytes:
        """What moto answers."""
        sent = {name: value for name, value in headers.items() if name.lower() != "host"}
        request = Request(self._behind, data=body, headers=sent, method="POST")  # noqa: S310
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            content: bytes = answer.read()
        return content

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        pool = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = self.headers["X-Amz-Target"].rpartition(".")[2]
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pool.calls.append(call)
                verdict = pool.judge(call)
                if verdict == HANGS:
                    pool._is_over.wait(30)
                    return
                if verdict not in (None, LOSES_ANSWER):
                    self._answer(*_refusal(*verdict))
                    return
                status, content = self._from_moto(body)
                if verdict is None:
                    self._answer(status, content)

            def _from_moto(self, body: bytes) -> tuple[int, bytes]:
                from urllib.error import HTTPError

                try:
                    return 200, pool.passed_on(body, dict(self.headers))
                except HTTPError as error:
                    return error.code, error.read()

            def _answer(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                pass

        return Handler


def _refusal(status: int, code: str) -> tuple[int, bytes]:
    body: dict[str, Any] = {"__type": code, "message": "as AWS documents"}
    return status, json.dumps(body).encode()
