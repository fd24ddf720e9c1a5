"""The demonstration runs from nothing to a served status, and shows what it promises."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from tests.ports import free_port

PROJECT = Path(__file__).resolve().parent.parent
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
        for story in ("first time", "go silent", "is renamed", "guard", "dictionary lacks")
    }
    # added, removed, renamed, held, unresolved, observed
    assert numbers["first time"][0] == 48
    assert numbers["go silent"][1] == 8
    assert numbers["is renamed"][2] == 4
    assert numbers["guard"][3] == 40
    assert numbers["dictionary lacks"][4] == 1
    assert '"state": "ok"' in result.stdout


def test_ctrl_c_ends_it_cleanly_and_leaves_no_server_behind() -> None:
    port = free_port()
    demo = subprocess.Popen(
        [*COMMAND, "--port", str(port)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if "Ctrl-C ends it" in line:
                break
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=30) as response:
            assert response.status == 200
        os.killpg(demo.pid, signal.SIGINT)
        rest = demo.stdout.read()
        assert demo.wait(timeout=30) == 0
    assert "Stopped." in rest
    assert "Traceback" not in rest
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
