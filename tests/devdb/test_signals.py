"""However the demonstration or the development server is ended, nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from devdb.errors import EmbeddedDatabaseError
from devdb.local_server import LocalServer
from devdb.ports import HOST
from tests.devdb.test_embedded import wait_for_end
from tests.ports import free_port
from tests.sandbox import PROJECT

SECONDS = 30
# A shell may have told the tests to ignore some of them, and children inherit that.
_AS_IN_A_TERMINAL = "import signal as s; [s.signal(n, s.SIG_DFL) for n in (s.SIGHUP, s.SIGTERM)]\n"
_SERVE = (
    _AS_IN_A_TERMINAL
    + """
import os, sys, time
from pathlib import Path
from devdb.local_server import LocalServer
from devdb.signals import end_in_order
end_in_order()
environment = {"PATH": os.environ["PATH"], "AUTH_MODE": "none"}
try:
    with LocalServer(Path.cwd(), environment, int(sys.argv[1])) as server:
        print(server._process.pid, flush=True)
        server.wait(600)
except KeyboardInterrupt:
    print("Stopped.", flush=True)
"""
)


@contextmanager
def serving(port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A program that serves the application on *port*, and the process of its server."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(port)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, int(process.stdout.readline())
        finally:
            process.kill()


def is_answered(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_the_server_in_order(end: signal.Signals) -> None:
    port = free_port()
    with serving(port) as (process, _):
        assert is_answered(port)
        process.send_signal(end)
        assert process.stdout is not None
        assert process.stdout.read() == "Stopped.\n"
        assert process.wait(SECONDS) == 0
    assert not is_answered(port)


def test_the_server_ends_with_a_process_that_is_killed() -> None:
    port = free_port()
    with serving(port) as (process, server):
        process.kill()
        process.wait(SECONDS)
        wait_for_end(server)
    assert not is_answered(port)


def test_a_server_that_ends_by_itself_is_told_with_how_it_ended() -> None:
    environment = {"PATH": os.environ["PATH"], "AUTH_MODE": "none"}
    with LocalServer(PROJECT, environment, free_port()) as server:
        server.wait(0)
        assert server._process is not None
        server._process.kill()
        with pytest.raises(EmbeddedDatabaseError, match=r"has ended \(exit status -9\)"):
            server.wait(SECONDS)


def test_a_second_signal_does_not_break_off_the_orderly_end() -> None:
    script = _AS_IN_A_TERMINAL + (
        "import os; from devdb.signals import end_in_order; end_in_order()\n"
        "try: os.kill(os.getpid(), s.SIGTERM)\n"
        "except KeyboardInterrupt:\n"
        "    for n in (s.SIGTERM, s.SIGHUP, s.SIGINT): os.kill(os.getpid(), n)\n"
        "    print('ended in order')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert (result.stdout, result.stderr) == ("ended in order\n", "")


def test_what_the_shell_says_to_ignore_is_ignored() -> None:
    script = "import os, signal; from devdb.signals import end_in_order; end_in_order(); "
    script += "os.kill(os.getpid(), signal.SIGHUP); print('still there')"
    result = subprocess.run(
        ["nohup", sys.executable, "-c", script],
        cwd=PROJECT,
        env=os.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout == "still there\n"
