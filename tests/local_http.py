"""An HTTP server of a test's own, on this machine."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self

HOST = "127.0.0.1"


class LocalHttp:
    """Serves on a free port while the context lasts; each request has a thread of its own."""

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        server: Callable[[Any, Any], ThreadingHTTPServer] = ThreadingHTTPServer,
    ) -> None:
        self._server = server((HOST, 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.let_go()
        self._server.shutdown()
        self._server.server_close()

    def let_go(self) -> None:
        """Have requests that are kept waiting wait no longer."""
