"""Moto's server in place of AWS, empty for each test that asks for it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from devdb import aws
from devdb.aws import REGION, Aws

__all__ = ["REGION", "Aws", "moto_server"]


@contextmanager
def moto_server(port: int = 0) -> Iterator[Aws]:
    """Moto's server, and no client that remembers another one.

    A client is kept for the life of a container, and every test counts as a container of its own.
    """
    try:
        with aws.moto_server(port) as running:
            _forget_clients()
            yield running
    finally:
        _forget_clients()


def _forget_clients() -> None:
    for name, gateway in list(sys.modules.items()):
        if name.startswith("chalicelib.") and hasattr(
            getattr(gateway, "client", None), "cache_clear"
        ):
            gateway.client.cache_clear()
