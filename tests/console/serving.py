"""The page's own routes below a stage, as API Gateway serves them, and beside them the stub."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from urllib.parse import urlsplit

from chalice.app import Chalice
from chalice.test import Client

from chalicelib.console.routes import routes
from tests.console.canned import Document
from tests.console.canned_removals import Csv
from tests.console.replies import Versioned
from tests.console.stub import StubApi

STAGE = "/dev"


@contextmanager
def serving(api: StubApi) -> Iterator[str]:
    """Serve page and *api*; yields the address of the page."""
    app = Chalice(app_name="page")
    app.register_blueprint(routes)
    with Client(app) as client:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(api, client))
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{STAGE}/"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _encoded(document: Document | Csv | Versioned) -> tuple[dict[str, str], bytes]:
    """The headers and the body of an answer."""
    if isinstance(document, Versioned):
        return document.headers, json.dumps(document.document).encode()
    if isinstance(document, Csv):
        return document.headers, document.text.encode()
    return {"Content-Type": "application/json"}, json.dumps(document).encode()


def _handler(api: StubApi, client: Client) -> type[BaseHTTPRequestHandler]:
    # The test client exchanges os.environ for a copy and back; two at once would lose the original.
    one_at_a_time = Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # A page is many files: a connection each takes its time.

        def do_GET(self) -> None:
            path = self.path.removeprefix(STAGE)
            if path == self.path:
                self._send(404, {"Content-Type": "text/plain"}, b"outside of the stage")
            elif urlsplit(path).path == "/" or path.startswith("/assets/"):
                with one_at_a_time:
                    served = client.http.get(path, headers=dict(self.headers))
                self._send(served.status_code, served.headers, served.body)
            else:
                self._answer("GET", path)

        def change(self) -> None:
            self._answer(self.command, self.path.removeprefix(STAGE))

        def _answer(self, method: str, path: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            status, document = api.answer(method, path, dict(self.headers), body)
            self._send(status, *_encoded(document))

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: pytest shows what failed."""

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        setattr(Handler, f"do_{method}", Handler.change)
    return Handler
