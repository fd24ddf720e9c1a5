"""How the uses of the database are made: each yields what went wrong, in a sentence."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from chalice.test import Client
from click.testing import CliRunner

from app import app
from chalicelib.errors import ApplicationError
from chalicelib.outbox import gateway, send
from cli import cli
from tests.aws import moto_server
from tests.sandbox import Sandbox

BUS = "default"


def command(*arguments: str, exit_code: int = 0) -> Iterator[str]:
    """A command of cli.py."""
    result = CliRunner().invoke(cli, arguments)
    if result.exit_code != exit_code:
        yield f"{' '.join(arguments)}: {result.output}{result.exception!r}"


def request(method: str, path: str, body: object = None) -> Iterator[str]:
    """A request, by somebody who may do everything."""
    headers = {"Content-Type": "application/json", "Accept": "*/*"}
    content = b"" if body is None else json.dumps(body).encode()
    with Client(app) as client:
        response = client.http.request(
            method, quote(path, safe="/?=&"), headers=headers, body=content
        )
    if response.status_code not in (200, 201):
        yield f"{method} {path}: {response.body.decode()}"


def invocation(call: Callable[[], object]) -> Iterator[str]:
    """What an event or a schedule starts."""
    try:
        call()
    except ApplicationError as error:
        yield error.message


@contextmanager
def listening_bus() -> Iterator[Callable[[], None]]:
    """A bus that takes events, until the function that is given is called."""
    with pytest.MonkeyPatch.context() as patch, moto_server() as aws:

        def stop() -> None:
            patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
            gateway.client.cache_clear()

        patch.setattr(send, "ATTEMPTS", 1)
        patch.setenv("CHANGE_EVENT_BUS", BUS)
        for name, value in aws.environment.items():
            patch.setenv(name, value)
        yield stop


def nothing_waits(sandbox: Sandbox) -> Iterator[str]:
    """The events of what was done have been sent; failures of that are logged and not raised."""
    if sandbox.value("SELECT count(*) FROM iot_data.outbox_events"):
        yield "permission denied: an event was not sent"


def reasons_are_written_down(sandbox: Sandbox) -> Iterator[str]:
    """The events that the bus did not take have been tried."""
    if not sandbox.value("SELECT sum(attempt_count) FROM iot_data.outbox_events"):
        yield "permission denied: the reason was not written down"
