"""Whatever is in a name, the terminal shows it and does not obey it."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from click.testing import CliRunner, Result

from chalicelib import logs, terminal
from chalicelib.text import shown
from cli import cli
from tests.conftest import SyncRunner
from tests.features.parquet_loads.drop import Drop, write
from tests.fleet import Fleet
from tests.sandbox import Sandbox

HOSTILE = "d [/red] [link=https://evil.example]x[/link] :bomb: \x1b[2J\x9b2J\u202egnp\n\u2066"
SHOWN = r"d [/red] [link=https://evil.example]x[/link] :bomb: \x1b[2J\x9b2J\u202egnp\n\u2066"


@pytest.fixture(autouse=True)
def _logging(log_as_it_was: None) -> None:
    """A command sets the log up for its process; the tests share theirs."""


@pytest.fixture(autouse=True)
def _wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal on which no name is cut: the process may have asked for its width long ago."""
    for console in (terminal.console, terminal.errors):
        monkeypatch.setattr(console, "_width", 400)


@pytest.fixture
def hostile_fleet(fleet: Fleet) -> Fleet:
    """One pair, whose device has a hostile name and a hostile id."""
    fleet.add_parameter("p")
    fleet.add_device(HOSTILE, HOSTILE)
    fleet.report(HOSTILE, "p", fleet.now() - timedelta(minutes=1))
    return fleet


def run(*arguments: str, **environment: str) -> Result:
    return CliRunner(env={"COLUMNS": "400", **environment}).invoke(cli, list(arguments))


def obeyed(result: Result) -> set[str]:
    """The characters of the output, besides line ends, that a terminal would not just show."""
    return {char for char in result.output if not char.isprintable()} - {"\n"}


@pytest.mark.parametrize("text", ["Büro 3, 温度 °C", "[/red]", r"C:\new"])
def test_what_can_be_read_is_shown_as_it_is(text: str) -> None:
    assert shown(text) == text


def test_what_steers_a_terminal_is_spelled() -> None:
    assert shown(HOSTILE) == SHOWN
    assert shown("\udcff\U000e0041") == r"\udcff\U000e0041"


def test_a_plan_shows_hostile_names_as_they_are(hostile_fleet: Fleet) -> None:
    result = run("plan")
    assert result.exit_code == 0
    assert result.output.count(SHOWN) == 2
    assert obeyed(result) == set()


def test_status_shows_hostile_names_as_they_are(hostile_fleet: Fleet, sync: SyncRunner) -> None:
    sync()
    result = run("status")
    assert result.exit_code == 0
    assert result.output.count(SHOWN) == 2
    assert obeyed(result) == set()


def test_verify_shows_hostile_names_as_they_are(hostile_fleet: Fleet, sync: SyncRunner) -> None:
    sync()
    hostile_fleet.switch_off(HOSTILE)
    result = run("verify")
    assert result.exit_code == 1
    assert f"{SHOWN} / p" in result.output
    assert obeyed(result) == set()


def test_json_is_exact_and_steers_nothing(hostile_fleet: Fleet) -> None:
    result = run("plan", "--json")
    [added] = json.loads(result.output)["planned"]["added"]
    assert added["device_name"] == HOSTILE
    assert obeyed(result) == set()


def test_the_log_on_a_terminal_steers_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure_plain("WARNING")
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("chalicelib").exception("went_wrong")
    logged = capsys.readouterr().err
    assert f"ValueError: {SHOWN.partition(chr(92) + 'n')[0]}" in logged
    assert logged.isascii()
    assert all(line.isprintable() for line in logged.split("\n"))


def test_an_error_shows_a_hostile_host(environment: None) -> None:
    result = run("status", TIMESCALE_DB_HOST="[/b]\x1b[2J\u202e")
    assert result.exit_code == 1
    assert r"[/b]\x1b[2J\u202e" in result.stderr
    assert obeyed(result) == set()


def test_a_load_shows_a_hostile_path(
    migrated: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_REJECTED_PERCENT", "50")
    drop = Drop(tmp_path / "[/red]\x1b[2J", "generation")
    drop.put("a [/b]\u202e", [(0, "N", 1.5), (1, "", 2.5)])
    result = run("load", str(drop.path("a [/b]\u202e")))
    assert result.exit_code == 0
    assert r"[/red]\x1b[2J/rejected/dataset=generation/a [/b]\u202e.parquet" in result.output
    assert obeyed(result) == set()


def test_a_failed_load_shows_a_hostile_column(migrated: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "dataset=generation" / "a.parquet"
    result = run("load", write(path, pa.table({"[/b]": [1]})))
    assert result.exit_code == 1
    assert "extra: [/b]" in result.output
    assert obeyed(result) == set()
