"""Setting up takes minutes the first time: it says what it does, and how long that takes."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.sandbox import PROJECT

# A Python that says it is new enough, makes an environment of itself, and installs nothing.
_PYTHON = """#!/bin/sh
echo "$@" >> "$CALLS"
if [ "$1 $2" = "-m venv" ]; then mkdir -p "$3/bin" && cp "$0" "$3/bin/python"; fi
case "$*" in *"$FAILS"*) echo "No space left on device" >&2; exit 1;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A fresh checkout, as far as `make setup` looks at it."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "web/package-lock.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    program = tmp_path / "python"
    program.write_text(_PYTHON)
    program.chmod(0o755)
    return tmp_path


def set_up(checkout: Path, fails: str = "nothing") -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "setup", f"PYTHON={checkout / 'python'}"],
        cwd=checkout,
        env={**inherited, "CALLS": str(checkout / "calls"), "FAILS": fails},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_step_says_what_it_does_and_how_long_it_takes(checkout: Path) -> None:
    result = set_up(checkout)
    assert result.returncode == 0, result.stderr
    *steps, end = result.stdout.splitlines()
    assert all(re.search(r"\(.*(seconds|minutes?).*\) …$", step) for step in steps)
    assert any(re.match(r"Installing \d{2,} packages ", step) for step in steps)
    assert re.fullmatch(r"Set up in \d+ s\.", end)


def test_what_is_up_to_date_is_left_alone_and_says_nothing_of_steps(checkout: Path) -> None:
    set_up(checkout)
    calls = (checkout / "calls").read_text()
    assert "…" not in set_up(checkout).stdout
    assert (checkout / "calls").read_text() == calls


@pytest.mark.parametrize("step", ["-m venv", "pip install", "web.build"])
def test_a_step_that_fails_ends_it_and_is_done_again(checkout: Path, step: str) -> None:
    result = set_up(checkout, fails=step)
    assert result.returncode != 0
    assert "No space left on device" in result.stderr
    assert "Set up in" not in result.stdout
    assert "Set up in" in set_up(checkout).stdout
