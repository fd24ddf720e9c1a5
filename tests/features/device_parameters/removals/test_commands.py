"""Looking at removals and releasing them from a terminal."""

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner, Result

from chalicelib.terminal import console
from cli import cli
from tests.conftest import SyncRunner
from tests.features.device_parameters.removals.conftest import Pair, Sites


@pytest.fixture
def held(sites: Sites, sync: SyncRunner, log_as_it_was: None) -> dict[str, set[Pair]]:
    """Two sites that fell silent together."""
    north, south = sites.add("north", 80, "meter"), sites.add("[red]south[/]\x1b[2J", 40)
    sites.only(north | south)
    sync()
    sites.only(set())
    sync()
    return {"north": north, "south": south}


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(cli, list(arguments), input=typed)


def test_removals_are_counted_and_no_name_is_obeyed(held: dict[str, set[Pair]]) -> None:
    shown = run("removals")
    assert shown.exit_code == 0, shown.output
    assert "120 removals wait." in shown.output
    assert "The newest measurement of any device is not there." in shown.output
    assert "[red]south[/]\\x1b[2J" in shown.output
    assert "\x1b[2J" not in shown.output
    assert re.search(r"cli.py release --token \S+", shown.output)


def test_a_release_shows_what_it_is_about_and_asks(
    held: dict[str, set[Pair]], sites: Sites
) -> None:
    refused = run("release", "--site", "north", typed="n\n")
    assert refused.exit_code == 1
    assert len(sites.held()) == 120
    done = run("release", "--site", "north", "--comment", "Closed", typed="y\n")
    assert done.exit_code == 0, done.output
    assert "80 of 80 are released, 40 wait." in done.output
    assert set(sites.held()) == held["south"]
    [row] = sites.sandbox.rows("SELECT actor, comment FROM iot_data.audit_log")
    assert row[0].startswith("cli:")
    assert row[1] == "Closed"
    assert "removed 80" in run("sync").output


def test_the_printed_token_releases_what_was_printed(held: dict[str, set[Pair]]) -> None:
    printed = run("removals", "--type", "meter").output
    [token] = re.findall(r"--token (\S+)", printed)
    assert "80 of 80 are released" in run("release", "--token", token).output


@pytest.mark.parametrize("arguments", [(), ("--all", "--site", "north"), ("--token", "x", "--all")])
def test_what_to_release_is_said_in_one_way(
    held: dict[str, set[Pair]], arguments: tuple[str, ...]
) -> None:
    refused = run("release", "--yes", *arguments)
    assert refused.exit_code == 2
    assert "say what to release" in refused.output


def test_nothing_of_that_kind_is_an_error(held: dict[str, set[Pair]]) -> None:
    refused = run("release", "--yes", "--site", "nowhere")
    assert refused.exit_code == 2
    assert "nothing of that kind is held" in refused.output


def test_all_of_it_as_csv_and_as_json(
    held: dict[str, set[Pair]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.features.device_parameters.removals.commands.CSV_ROWS", 50)
    rows = list(csv.reader(io.StringIO(run("removals", "--csv").output)))
    assert len(rows) == 121
    assert {row[4] for row in rows[1:]} == {"window_expired"}
    assert "[red]south[/]\x1b[2J" in {row[6] for row in rows}, "another program gets all of it"
    assert json.loads(run("removals", "--json").output)["count"] == 120


@pytest.mark.parametrize("comment", ["\udcff", "x" * 501])
@pytest.mark.parametrize("command", [("release", "--all"), ("sync",), ("pause",), ("resume",)])
def test_a_comment_that_no_request_could_give_is_refused(
    log_as_it_was: None, command: tuple[str, ...], comment: str
) -> None:
    refused = run(*command, "--comment", comment)
    assert refused.exit_code == 2
    assert "--comment" in refused.output


def test_csv_on_a_terminal_steers_nothing(
    held: dict[str, set[Pair]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_force_terminal", True)
    printed = run("removals", "--csv").output
    assert "\x1b" not in printed
    assert "\\x1b[2J" in printed
