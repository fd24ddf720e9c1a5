"""Moto's server in place of AWS: the SDK talks to it over HTTP, as to the real one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

REGION = "eu-central-1"


@dataclass(frozen=True)
class Aws:
    """The address of moto's server, and clients for it."""

    endpoint: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables that send the SDK to moto's server."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }

    def client(self, service: str) -> Any:
        """A client of *service*."""
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )


@contextmanager
def moto_server(port: int = 0) -> Iterator[Aws]:
    """Moto's server, empty, on *port* or any free one; Lambda functions answer but do not run."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    try:
        _post(f"{endpoint}/moto-api/reset")
        _post(f"{endpoint}/moto-api/config", {"lambda": {"use_docker": False}})
        # The client is kept for the life of a container, and every test counts as a container of
        # its own.
        _forget_clients()
        yield Aws(endpoint)
    finally:
        _forget_clients()
        server.stop()


def _forget_clients() -> None:
    for name, gateway in list(sys.modules.items()):
        if name.startswith("chalicelib.") and hasattr(
            getattr(gateway, "client", None), "cache_clear"
        ):
            gateway.client.cache_clear()


def _post(url: str, body: dict[str, Any] | None = None) -> None:
    requests.post(url, json=body, timeout=10).raise_for_status()
