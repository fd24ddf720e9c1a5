"""A database that asks for a password, on whichever database the tests have.

A server checks passwords itself. The embedded database lets everybody in, so a doorkeeper that
speaks the first words of PostgreSQL's protocol stands before it.
"""

import contextlib
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Protocol

import psycopg2
import pytest

from tests.databases import connect
from tests.sandbox import Sandbox

_ENCRYPTION_REQUESTS = (80877103, 80877104)
_ASK_FOR_PASSWORD = b"R" + struct.pack("!ii", 8, 3)


class Door(Protocol):
    """Where the database is, who may come in, and the one password that is right."""

    host: str
    port: int
    user: str

    def change_password(self, password: str) -> None: ...


class Doorkeeper(ThreadingTCPServer):
    """Lets those who know the password through to *upstream*, and counts whom it refuses."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, upstream: tuple[str, int], user: str) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.host = "127.0.0.1"
        self.port: int = self.server_address[1]
        self.upstream = upstream
        self.user = user
        self.password = ""
        self.refusals = 0
        self.complaint = f'password authentication failed for user "{user}"'

    def change_password(self, password: str) -> None:
        self.password = password


class _Visit(BaseRequestHandler):
    server: Doorkeeper

    def handle(self) -> None:
        # Either side may hang up at any time.
        with contextlib.suppress(ConnectionError, struct.error):
            startup = self._startup_message()
            self.request.sendall(_ASK_FOR_PASSWORD)
            if self._answer() == self.server.password:
                self._lead_through(startup)
            else:
                self._refuse()

    def _startup_message(self) -> bytes:
        while True:
            header = self._read(8)
            length, code = struct.unpack("!ii", header)
            if code not in _ENCRYPTION_REQUESTS:
                return header + self._read(length - 8)
            self.request.sendall(b"N")

    def _answer(self) -> str:
        _, length = struct.unpack("!ci", self._read(5))
        return self._read(length - 4).rstrip(b"\0").decode()

    def _refuse(self) -> None:
        self.server.refusals += 1
        fields = [b"SFATAL", b"VFATAL", b"C28P01", b"M" + self.server.complaint.encode(), b""]
        body = b"\0".join(fields) + b"\0"
        self.request.sendall(b"E" + struct.pack("!i", len(body) + 4) + body)

    def _lead_through(self, startup: bytes) -> None:
        with socket.create_connection(self.server.upstream) as upstream:
            upstream.sendall(startup)
            answers = Thread(target=_relay, args=(upstream, self.request), daemon=True)
            answers.start()
            _relay(self.request, upstream)
            answers.join()

    def _read(self, size: int) -> bytes:
        return bytes(self.request.recv(size, socket.MSG_WAITALL))


def _relay(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class _ServerDoor:
    """A role of its own on a server that checks passwords."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.host = sandbox.url.host or "localhost"
        self.port = sandbox.url.port or 5432
        self.user = f"device_parameters_test_{os.getpid()}_login"
        self._sandbox = sandbox

    def change_password(self, password: str) -> None:
        self._sandbox.rows(f"ALTER ROLE {self.user} PASSWORD %s", (password,))


@contextmanager
def guarded(sandbox: Sandbox) -> Iterator[Door]:
    """A way into the tests' database that needs a password."""
    context = _server_door(sandbox) if sandbox.is_multi_backend else doorkeeper(sandbox)
    with context as door:
        yield door


@contextmanager
def doorkeeper(sandbox: Sandbox) -> Iterator[Doorkeeper]:
    """A doorkeeper before the tests' database, which it can enter only if that trusts everybody."""
    upstream = (sandbox.url.host or "localhost", sandbox.url.port or 5432)
    with Doorkeeper(upstream, sandbox.url.username or "") as door:
        thread = Thread(target=door.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()


@contextmanager
def _server_door(sandbox: Sandbox) -> Iterator[_ServerDoor]:
    door = _ServerDoor(sandbox)
    sandbox.rows(f"CREATE ROLE {door.user} LOGIN SUPERUSER PASSWORD 'right'")
    try:
        _require_passwords(sandbox, door)
        yield door
    finally:
        sandbox.rows(f"REASSIGN OWNED BY {door.user} TO CURRENT_USER")
        sandbox.rows(f"DROP ROLE {door.user}")


def _require_passwords(sandbox: Sandbox, door: _ServerDoor) -> None:
    try:
        connect(sandbox.url.set(username=door.user, password="wrong")).close()
    except psycopg2.OperationalError:
        return
    pytest.skip("this server lets everybody in, whatever the password")
