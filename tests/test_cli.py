"""The operator commands, as an operator calls them."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result

from cli import cli
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _logging(log_as_it_was: None) -> None:
    """A command sets the log up for its process; the tests share theirs."""


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("COLUMNS", "200")
    return CliRunner()


def run(call: CliRunner, *arguments: str) -> Result:
    return call.invoke(cli, list(arguments))


def test_sync_adds_what_is_reported_and_says_so(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_pairs(3, migrated.now() - MINUTE)
    result = run(call, "sync")
    assert result.exit_code == 0
    assert "succeeded" in result.output
    assert "added 3, removed 0" in result.output
    assert len(fleet.keys()) == 3


def test_plan_shows_the_same_and_changes_nothing(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_pairs(3, migrated.now() - MINUTE)
    result = run(call, "plan")
    assert result.exit_code == 0
    assert "added 3" in result.output
    assert "d002" in result.output
    assert fleet.keys() == []
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


def test_plan_says_which_hours_it_has_materialized(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_pairs(3, migrated.now())
    as_of = "2024-06-05T10:17:00Z"
    hours = "the closed hours from 2024-06-05 08:00Z to 2024-06-05 10:00Z are materialized"
    assert hours in run(call, "plan", "--as-of", as_of, "--window-minutes", "120").output
    hot = run(call, "plan", "--as-of", as_of, "--window-minutes", "10").output
    assert "the table is as it was" in hot
    assert "materialized" not in hot


def test_json_is_the_json_of_the_api(call: CliRunner, migrated: Sandbox, fleet: Fleet) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    run_document = json.loads(run(call, "sync", "--json").output)
    assert run_document["deltas"]["added"] == 1
    status_document = json.loads(run(call, "status", "--json").output)
    assert status_document["last_run"] == run_document


def test_held_removals_have_their_exit_code_and_force_releases_them(
    call: CliRunner, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(100, migrated.now() - MINUTE)
    sync()
    fleet.withdraw("d000", "p")
    migrated.rows("DELETE FROM iot_data.timescale_measurements")
    held = run(call, "sync")
    assert held.exit_code == 3
    assert "100 removals are held" in held.output
    assert run(call, "status").exit_code == 1
    forced = run(call, "sync", "--force")
    assert forced.exit_code == 0
    assert "removed 100" in forced.output
    assert fleet.keys() == []


def test_a_replay_sees_the_table_as_of_its_instant(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_pairs(1, migrated.now() - 5 * timedelta(hours=1))
    as_of = (migrated.now() - 5 * timedelta(hours=1)).isoformat()
    assert "added 1" in run(call, "sync", "--as-of", as_of).output
    assert "removed 1" in run(call, "sync").output


@pytest.mark.parametrize("reference", ["measurements", "aggregate"])
def test_verify_finds_what_has_arrived_since(
    call: CliRunner, migrated: Sandbox, fleet: Fleet, sync: SyncRunner, reference: str
) -> None:
    now = migrated.now()
    fleet.add_pairs(2, now - timedelta(hours=1))
    sync(window_minutes=180)
    assert "exact" in run(call, "verify", "--against", reference).output
    fleet.add_device("late")
    fleet.report("late", "p", now - timedelta(hours=1))
    result = run(call, "verify", "--against", reference)
    assert result.exit_code == 1
    assert "missing" in result.output
    assert "late / p" in result.output


def test_verify_says_that_nothing_has_run_yet(call: CliRunner, migrated: Sandbox) -> None:
    result = run(call, "verify")
    assert result.exit_code == 1
    assert "no run has been applied yet" in result.stderr


def test_verify_says_that_there_is_no_legacy_view(
    call: CliRunner, migrated: Sandbox, sync: SyncRunner
) -> None:
    sync()
    assert "never had a view" in run(call, "verify", "--against", "legacy-view").stderr


def test_backfill_materializes_every_closed_bucket(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    now = migrated.now()
    fleet.add_device("d")
    fleet.report("d", "p", *(now - timedelta(hours=hours) for hours in range(50)))
    result = run(call, "backfill", "--step-hours", "7")
    assert result.exit_code == 0, result.output
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameters_hourly") == 49


def test_backfill_of_the_future_is_refused(
    call: CliRunner, migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.report("d", "p", migrated.now())
    result = run(call, "backfill", "--to", (migrated.now() + timedelta(days=1)).isoformat())
    assert result.exit_code == 2
    assert "must hold a bucket and end by" in result.stderr


def test_backfill_of_nothing_says_so(call: CliRunner, migrated: Sandbox) -> None:
    assert "no measurements" in run(call, "backfill").output


@pytest.mark.parametrize("command", ["sync", "plan", "status", "verify", "backfill"])
def test_a_missing_variable_is_named(
    call: CliRunner, environment: None, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.delenv("TIMESCALE_DB_HOST")
    result = run(call, command)
    assert result.exit_code == 2
    assert "TIMESCALE_DB_HOST is not set" in result.stderr


@pytest.mark.parametrize("minutes", ["0", "-1", "1.5", "many", "527041"])
def test_an_impossible_window_is_refused(call: CliRunner, environment: None, minutes: str) -> None:
    result = run(call, "sync", f"--window-minutes={minutes}")
    assert result.exit_code == 2
    assert "--window-minutes" in result.stderr


@pytest.mark.parametrize("instant", ["yesterday", "2026-11-01T10:00:00", "", "2026-13-01T00:00Z"])
def test_an_instant_without_zone_or_sense_is_refused(
    call: CliRunner, environment: None, instant: str
) -> None:
    result = run(call, "sync", "--as-of", instant)
    assert result.exit_code == 2
    assert "ISO 8601" in result.stderr


def test_an_unreachable_database_is_one_sentence(
    call: CliRunner, environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    result = run(call, "sync")
    assert result.exit_code == 1
    assert result.stderr.startswith("DATABASE_UNAVAILABLE: connection to server")
    assert "Traceback" not in result.output
