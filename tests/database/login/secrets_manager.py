"""AWS Secrets Manager over HTTP: moto's, with a count of what it was asked and troubles at will."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from uuid import uuid4

import boto3
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
_READING = "secretsmanager.GetSecretValue"


class _Quiet(MotoRequestHandler):
    """Keep what the service logs out of the application's log."""

    def log(self, *_: Any) -> None:
        pass


class SecretsManager:
    """Reading it is counted in `reads`; while `trouble` is set, reading answers that."""

    def __init__(self) -> None:
        self.reads = 0
        self.trouble: tuple[str, str] | None = None
        self.url = ""
        self._moto = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        if environ.get("HTTP_X_AMZ_TARGET") == _READING:
            self.reads += 1
            if self.trouble:
                status, code = self.trouble
                start(status, [("Content-Type", "application/x-amz-json-1.1")])
                return [json.dumps({"__type": code, "Message": "no such luck"}).encode()]
        answer: Iterable[bytes] = self._moto(environ, start)
        return answer

    def keep(self, content: str | dict[str, Any]) -> str:
        """A new secret; returns its ARN."""
        secret = self._client().create_secret(Name=f"sync-{uuid4()}", SecretString=_text(content))
        return str(secret["ARN"])

    def change(self, arn: str, content: str | dict[str, Any]) -> None:
        """Change what the secret holds."""
        self._client().put_secret_value(SecretId=arn, SecretString=_text(content))

    def keep_binary(self, content: bytes) -> str:
        """A new secret that holds no text; returns its ARN."""
        secret = self._client().create_secret(Name=f"sync-{uuid4()}", SecretBinary=content)
        return str(secret["ARN"])

    def _client(self) -> Any:
        return boto3.client("secretsmanager", endpoint_url=self.url)


def _text(content: str | dict[str, Any]) -> str:
    return content if isinstance(content, str) else json.dumps(content)


@contextmanager
def serving() -> Iterator[SecretsManager]:
    """The service, for as long as the context lasts."""
    service = SecretsManager()
    server = make_server("127.0.0.1", 0, service, True, request_handler=_Quiet)
    service.url = f"http://127.0.0.1:{server.port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
