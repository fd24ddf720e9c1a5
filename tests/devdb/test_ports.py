"""A port that is taken is said before anything starts, with a way out that works."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from devdb.errors import EmbeddedDatabaseError
from devdb.local_server import LocalServer
from devdb.ports import require_free
from tests.ports import free_port
from tests.sandbox import PROJECT

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + b'{"state": "ok"}'


@pytest.fixture
def taken() -> Iterator[int]:
    """A port on which another program answers every request, as ours would."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=_answer_all, args=(listener,), daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


def _answer_all(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.recv(4096)
            connection.sendall(_ANSWER)


def commands(port: int) -> dict[str, list[str]]:
    number = f"{port}"
    return {
        "make demo": ["cli.py", "demo", "--once", "--port", number],
        "make db": ["-m", "devdb", "--port", number],
        "make db SEED=1": ["-m", "devdb", "--seed", "--port", number],
        "make serve": ["-m", "devdb.serve", "--port", number],
    }


@pytest.mark.parametrize("command", commands(0))
def test_a_command_names_the_port_that_is_taken_and_starts_nothing(
    command: str, taken: int
) -> None:
    result = subprocess.run(
        [sys.executable, *commands(taken)[command]],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    assert f"Port {taken} is in use by another program." in result.stderr
    assert f"`{command} PORT=" in result.stderr


def test_the_port_that_is_proposed_is_free(taken: int) -> None:
    with pytest.raises(EmbeddedDatabaseError) as caught:
        require_free(taken, "make demo")
    proposed = re.findall(r"PORT=(\d+)", str(caught.value))
    assert proposed != [str(taken)]
    require_free(int(proposed[0]), "make demo")


def test_a_free_port_is_left_free() -> None:
    port = free_port()
    require_free(port, "make demo")
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_an_answer_of_another_program_is_not_taken_for_our_own(taken: int) -> None:
    """Somebody may take the port between the question and the start."""
    environment = {"PATH": "", "AUTH_MODE": "none"}
    with (
        pytest.raises(EmbeddedDatabaseError, match="Address already in use"),
        LocalServer(Path(PROJECT), environment, taken),
    ):
        pytest.fail("it is not our server that answers")
