"""`cli.py repair`: an aggregate that was dropped is back, and holds what it held."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine

from chalicelib.errors import AggregateMissingError
from chalicelib.features.device_parameters import repair, source_choice
from chalicelib.features.device_parameters.model import EvidenceSource, RunStatus
from chalicelib.features.device_parameters.settings import SyncSettings
from cli import cli
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

AGGREGATE = "iot_data.device_parameters_hourly"
SETS = "iot_data.device_parameter_sets_hourly"
DROP = f"DROP MATERIALIZED VIEW {AGGREGATE} CASCADE"
DROP_SETS = f"DROP MATERIALIZED VIEW {SETS}"
HELD = f"""
SELECT bucket, device_id, parameter_id, CAST(last_seen_at AS text) FROM {AGGREGATE}
UNION ALL
SELECT bucket, device_id, parameter_ids, CAST(last_seen_ats AS text) FROM {SETS}
ORDER BY bucket, device_id, parameter_id
"""
TABLES = ("device_parameters", "sync_runs", "device_parameter_changes", "device_state")
HOURS = 50
HEARTBEAT = """
INSERT INTO iot_data.device_state (device_id, site_id, last_seen_ts) VALUES ('d', 'a', now())
"""


@pytest.fixture(autouse=True)
def _terminal(log_as_it_was: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def history(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> Iterator[Sandbox]:
    """Two days of measurements, materialized, with a run over all of them."""
    now = migrated.now()
    fleet.add_device("d")
    fleet.add_parameter("p")
    fleet.report("d", "p", *(now - timedelta(hours=hours) for hours in range(HOURS)))
    sync(window_minutes=60 * HOURS)
    assert run("backfill").exit_code == 0
    migrated.rows(HEARTBEAT)
    yield migrated
    migrated.expect_rebuild()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def rows(sandbox: Sandbox) -> list[object]:
    return [sandbox.rows(f"SELECT * FROM iot_data.{table}") for table in TABLES]


@pytest.mark.parametrize(("drop", "missing"), [(DROP, AGGREGATE), (DROP_SETS, SETS)])
def test_a_dropped_aggregate_is_exact_again_and_nothing_else_touched(
    history: Sandbox, drop: str, missing: str
) -> None:
    held, kept = history.rows(HELD), rows(history)
    history.rows(drop)
    result = run("repair", "--step-hours", "7")
    assert result.exit_code == 0, result.output
    assert f"recreated the continuous aggregate {missing}, empty" in result.output
    assert "materialized" in result.output
    assert "run docs/runtime-role.sql" in result.output
    assert history.rows(HELD) == held
    assert rows(history) == kept
    for arguments in (["verify"], ["verify", "--against", "aggregate"], ["sync"]):
        assert run(*arguments).exit_code == 0


def test_nothing_missing_is_said_and_repeated_at_will(history: Sandbox) -> None:
    history.rows(DROP)
    run("repair")
    held = history.rows(HELD)
    for _ in range(2):
        result = run("repair")
        assert (result.exit_code, result.output) == (0, "nothing is missing\n")
    assert history.rows(HELD) == held


def test_a_refill_that_is_broken_off_is_taken_up(
    history: Sandbox, engine: Engine, configured: SyncSettings
) -> None:
    held = history.rows(HELD)
    history.rows(DROP)
    assert repair.recreate_missing()
    span = repair.span_to_refill(engine)
    assert span is not None
    steps = repair.refill(engine, configured, span, timedelta(hours=7))
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert 0 < len(history.rows(HELD)) < len(held)
    result = run("repair")
    assert result.exit_code == 0, result.output
    assert "recreated" not in result.output
    assert history.rows(HELD) == held
    assert run("repair").output == "nothing is missing\n"


def test_the_next_run_is_right_before_the_refill_and_the_refill_after_it(history: Sandbox) -> None:
    """Where only the function can repair, runs go on without the past."""
    held = history.rows(HELD)
    history.rows(DROP)
    repair.recreate_missing()
    for arguments in (["sync", "--window-minutes", "180"], ["verify"]):
        assert run(*arguments).exit_code == 0
    assert 0 < len(history.rows(HELD)) < len(held)
    assert run("repair").exit_code == 0
    assert history.rows(HELD) == held


def test_an_aggregate_of_no_measurements_is_repaired_too(migrated: Sandbox) -> None:
    migrated.rows(DROP)
    migrated.expect_rebuild()
    result = run("repair")
    assert result.exit_code == 0, result.output
    assert "there are no measurements to materialize" in result.output
    assert run("repair").output == "nothing is missing\n"


def test_another_definition_is_one_sentence_and_exit_code_1(history: Sandbox) -> None:
    history.rows(DROP)
    history.rows(f"CREATE VIEW {AGGREGATE} AS SELECT now() AS bucket")
    result = run("repair")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"MIGRATION_FAILED: {AGGREGATE} is not a continuous aggregate")


def test_nobody_is_told_to_repair_what_the_platform_lacks(history: Sandbox) -> None:
    history.expect_rebuild()
    history.rows("ALTER TABLE iot_data.redshift_devices RENAME TO elsewhere")
    result = run("sync")
    assert result.exit_code == 1
    assert "it belongs to the platform" in result.output
    assert "repair" not in result.output


def test_a_run_needs_no_aggregate_and_says_that_it_is_gone(history: Sandbox) -> None:
    history.rows(DROP)
    result = run("sync")
    assert result.exit_code == 0, result.output
    assert "could not be brought up to date" in result.output
    assert "`cli.py repair`" in result.output
    assert "`cli.py repair`" in run("status").output


def test_every_remedy_is_to_repair(
    history: Sandbox, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.features.device_parameters import aggregate

    history.rows(DROP)
    with engine.connect() as connection, pytest.raises(AggregateMissingError) as missing:
        aggregate.require_aggregates(connection)
    assert "`cli.py repair`" in missing.value.message
    monkeypatch.setenv("EVIDENCE_SOURCE", "aggregate")
    for arguments in (["sync"], ["plan"], ["backfill"], ["verify", "--against", "aggregate"]):
        result = run(*arguments)
        assert result.exit_code == 1
        assert "`cli.py repair`" in result.output, arguments


def test_a_long_window_is_read_from_the_measurements_where_the_aggregate_is_gone(
    history: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_choice, "READ_MEASUREMENT", 1e9)
    history.rows(DROP)
    # Whatever the time of day, its first day has measurements.
    run = sync(window_minutes=60 * (HOURS - 2))
    assert (run.status, run.deltas.observed) == (RunStatus.SUCCEEDED, 1)
    assert run.evidence is not None
    assert run.evidence.source is EvidenceSource.MEASUREMENTS
    assert "`cli.py repair`" in run.evidence.reason
