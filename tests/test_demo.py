"""The demonstration runs from nothing to a served status, and shows what it promises."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from tests.ports import free_port

PROJECT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0
COMMAND = [sys.executable, "cli.py", "demo"]


def line_of(story: str, output: str) -> str:
    [line] = [line for line in output.splitlines() if story in line]
    return line


def test_once_shows_every_kind_of_delta_and_ends_by_itself() -> None:
    result = subprocess.run(
        [*COMMAND, "--once", "--port", str(free_port())],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    numbers = {
        story: [int(number) for number in re.findall(r"\d+", line_of(story, result.stdout))[2:8]]
        for story in ("first time", "go silent", "is renamed", "breaks down", "dictionary lacks")
    }
    # added, removed, renamed, held, unresolved, observed
    assert numbers["first time"][0] == 48
    assert numbers["go silent"][1] == 8
    assert numbers["is renamed"][2] == 4
    assert numbers["breaks down"][3] == 40
    assert numbers["dictionary lacks"][4] == 1
    assert '"state": "ok"' in result.stdout
    assert "13 registered devices send what they measure by a stream." in result.stdout
    for reason in ("unknown metric", "out of limits", "wrong unit", "unknown device", "ahead"):
        assert re.search(rf"\b[1-9]\d* {reason}\b", result.stdout), reason


@contextmanager
def started(*command: str) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A command that serves, and the lines it has printed by the time there is no more to come."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME")}
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=PROJECT,
        env={**inherited, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        # Where what is waited for never comes, the test fails rather than hangs.
        limit = Timer(START_SECONDS, process.kill)
        limit.start()
        try:
            yield process, list(_until_told(process))
        finally:
            limit.cancel()
            process.kill()


def _until_told(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for line in process.stdout:
        yield line.rstrip("\n")
        if "cli.py" in line:
            return
    pytest.fail("it does not say how to reach its database")


def exported(lines: list[str]) -> dict[str, str]:
    """The variables that a shell has once the `export` lines are pasted into it."""
    words = [shlex.split(line) for line in lines if line.startswith("export ")]
    return dict(word.split("=", 1) for _, word in words)


def pasted(command: str, lines: list[str]) -> subprocess.CompletedProcess[str]:
    """*command* in another terminal, after the lines that export something."""
    return subprocess.run(
        ["sh", "-c", "\n".join([*(line for line in lines if line.startswith("export ")), command])],
        cwd=PROJECT,
        env={name: os.environ[name] for name in ("PATH", "HOME")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_serves_a_living_fleet_until_it_is_told_to_end() -> None:
    port = free_port()
    with started("cli.py", "demo", "--port", str(port)) as (demo, lines):
        url = f"http://127.0.0.1:{port}/status"
        with urllib.request.urlopen(url, timeout=30) as response:
            assert response.status == 200
        status = pasted(f"{sys.executable} cli.py status", lines)
        assert (status.returncode, status.stderr) == (0, "")
        assert any(line.startswith("psql ") for line in lines)
        database_port = int(exported(lines)["TIMESCALE_DB_PORT"])
        assert not is_free(database_port)

        # What `make` hands on when it is killed; nobody else gets it.
        demo.send_signal(signal.SIGTERM)
        assert demo.stdout is not None
        rest = demo.stdout.read()
        assert demo.wait(timeout=30) == 0
    assert "Stopped." in rest
    assert "Traceback" not in rest
    assert is_free(port)
    assert is_free(database_port)


def test_a_seeded_database_can_be_synced_as_it_says() -> None:
    port = free_port()
    with started("-m", "devdb", "--seed", "--port", str(port)) as (process, lines):
        assert exported(lines)["TIMESCALE_DB_PORT"] == str(port)
        sync = lines[-1]
        assert sync == ".venv/bin/python cli.py sync"
        run = pasted(sync.replace(".venv/bin/python", sys.executable), lines)
        assert "added 48, removed 0" in run.stdout, run.stderr
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stdout is not None
        assert "Traceback" not in process.stdout.read()
    assert is_free(port)
