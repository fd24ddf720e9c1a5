"""Nothing is lost and nothing is left half done, wherever a run is cut off."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest

from chalicelib.errors import DatabaseUnavailableError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.model import Reading, RunStatus, Window
from tests.conftest import SyncRunner
from tests.features.device_parameters import oracle
from tests.features.device_parameters.killed_run import interrupted
from tests.fleet import Fleet
from tests.interruption import run_until_killed
from tests.sandbox import Sandbox

AS_OF = datetime(2024, 6, 5, 10, 17, 3, 250_000, tzinfo=UTC)
# Two days: the refresh takes two steps, and is cut off between them.
WINDOW_MINUTES = 2 * 24 * 60
HOUR = timedelta(hours=1)

BEFORE_THE_RUN_IS_RECORDED = ["after:try_lock_of_run", "after:open_run"]
BEFORE_THE_OUTCOME = [
    "committed:open_run",
    "before:refresh_pairs",
    "after:refresh_pairs",
    "after:refresh_sets",
    "after:become_writer",
    "after:plan_delta",
    "after:apply_plan",
]
# Where the aggregate is brought up to date once the delta has committed.
AFTER_THE_OUTCOME_OF_MEASUREMENTS = ["before:refresh_pairs", "after:refresh_pairs"]
AFTER_THE_OUTCOME = [
    "committed:apply_plan",
    "after:note_totals",
    "after:prune_changes",
    "committed:prune_changes",
]


@pytest.fixture(autouse=True)
def _one_pair_to_add_remove_and_rename(fleet: Fleet, sync: SyncRunner) -> None:
    """The table holds what an earlier run found; the next one has something of each kind to do."""
    fleet.add_parameter("p")
    for device in ("leaving", "renamed", "staying"):
        fleet.add_device(device)
        fleet.report(device, "p", AS_OF - HOUR, AS_OF - 30 * HOUR)
    sync(AS_OF, WINDOW_MINUTES)
    fleet.switch_off("leaving")
    fleet.rename_device("renamed", "New name")
    fleet.add_device("arriving")
    fleet.report("arriving", "p", AS_OF - 30 * HOUR)


@pytest.fixture(autouse=True)
def _read_from_the_aggregate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has most to do where it materializes what it reads."""
    monkeypatch.setenv("EVIDENCE_SOURCE", "aggregate")


def kill_run_at(boundary: str, sandbox: Sandbox) -> None:
    """Have a process die at a boundary, and wait until the server has noticed."""
    arguments = (AS_OF.isoformat(), str(WINDOW_MINUTES))
    run_until_killed(sandbox, "tests.features.device_parameters.killed_run", boundary, *arguments)


def statuses(sandbox: Sandbox) -> list[str]:
    return [
        status for [status] in sandbox.rows("SELECT status FROM iot_data.sync_runs ORDER BY run_id")
    ]


def check_convergence(sandbox: Sandbox, sync: SyncRunner) -> None:
    """The next run works at once, and what the dead one left is closed in time."""
    assert sync(AS_OF, WINDOW_MINUTES).status is RunStatus.SUCCEEDED
    expected = oracle.read_facts(sandbox, AS_OF, WINDOW_MINUTES).observed
    assert oracle.read_names(sandbox) == oracle.replay_changes(sandbox) == expected
    sandbox.rows(
        "UPDATE iot_data.sync_runs SET started_at = started_at - interval '16 minutes' "
        "WHERE status = 'running'"
    )
    sync(AS_OF, WINDOW_MINUTES)
    assert "running" not in statuses(sandbox)


@pytest.mark.parametrize("boundary", BEFORE_THE_RUN_IS_RECORDED)
def test_a_process_killed_before_its_run_is_recorded_leaves_no_trace(
    migrated: Sandbox, sync: SyncRunner, boundary: str
) -> None:
    before = oracle.read_table(migrated)
    kill_run_at(boundary, migrated)
    assert oracle.read_table(migrated) == before
    assert statuses(migrated) == ["succeeded"]
    check_convergence(migrated, sync)


@pytest.mark.parametrize("boundary", BEFORE_THE_OUTCOME)
def test_a_process_killed_before_the_commit_leaves_the_table_as_it_was(
    migrated: Sandbox, sync: SyncRunner, boundary: str
) -> None:
    before = oracle.read_table(migrated)
    kill_run_at(boundary, migrated)
    assert oracle.read_table(migrated) == before
    assert oracle.replay_changes(migrated) == oracle.read_names(migrated)
    assert statuses(migrated) == ["succeeded", "running"]
    check_convergence(migrated, sync)


@pytest.mark.parametrize("boundary", AFTER_THE_OUTCOME)
def test_a_process_killed_after_the_commit_has_done_its_work(
    migrated: Sandbox, sync: SyncRunner, boundary: str
) -> None:
    check_outcome(boundary, migrated, sync)


@pytest.mark.parametrize("boundary", AFTER_THE_OUTCOME_OF_MEASUREMENTS)
def test_a_process_killed_while_it_materializes_has_done_its_work(
    migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch, boundary: str
) -> None:
    monkeypatch.setenv("EVIDENCE_SOURCE", "measurements")
    check_outcome(boundary, migrated, sync)


def check_outcome(boundary: str, migrated: Sandbox, sync: SyncRunner) -> None:
    kill_run_at(boundary, migrated)
    expected = oracle.read_facts(migrated, AS_OF, WINDOW_MINUTES).observed
    assert oracle.read_names(migrated) == oracle.replay_changes(migrated) == expected
    assert statuses(migrated) == ["succeeded", "succeeded"]
    check_convergence(migrated, sync)


class LostAnswer:
    """Reports a lost connection once, after the commit has in fact succeeded."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1
        if self.count == 1:
            raise psycopg2.OperationalError("server closed the connection unexpectedly")


def test_a_run_whose_commit_was_answered_by_silence_is_counted_and_logged_once(
    migrated: Sandbox, sync: SyncRunner
) -> None:
    lost = LostAnswer()
    with interrupted("committed:apply_plan", lost):
        run = sync(AS_OF, WINDOW_MINUTES)
    assert lost.count == 1, "the second attempt finds the run applied and finishes nothing"
    assert run.status is RunStatus.SUCCEEDED
    assert (run.deltas.added, run.deltas.removed, run.deltas.renamed) == (1, 1, 1)
    recorded = oracle.recorded_run(migrated, run.recorded_id)
    assert recorded["status"] == "succeeded"
    assert [recorded[f"{name}_count"] for name in ("added", "removed", "renamed")] == [1, 1, 1]
    assert len(oracle.read_changes(migrated, run.recorded_id)) == 3
    assert oracle.replay_changes(migrated) == oracle.read_names(migrated)


def test_a_run_that_committed_keeps_its_outcome_when_nothing_answers_afterwards(
    migrated: Sandbox, sync: SyncRunner
) -> None:
    lost = LostAnswer()

    def stay_away() -> None:
        if lost.count:
            raise DatabaseUnavailableError("the server is still starting")

    with (
        interrupted("committed:apply_plan", lost),
        interrupted("before:become_writer", stay_away),
        pytest.raises(DatabaseUnavailableError, match="still starting"),
    ):
        sync(AS_OF, WINDOW_MINUTES)
    assert statuses(migrated) == ["succeeded", "succeeded"]
    assert oracle.recorded_run(migrated, 2)["error_code"] is None
    assert oracle.replay_changes(migrated) == oracle.read_names(migrated)


def test_a_run_whose_opening_was_answered_by_silence_is_recorded_once(
    migrated: Sandbox, sync: SyncRunner
) -> None:
    with interrupted("committed:open_run", LostAnswer()):
        run = sync(AS_OF, WINDOW_MINUTES)
    assert run.status is RunStatus.SUCCEEDED
    assert statuses(migrated) == ["succeeded", "succeeded"]


def test_a_run_whose_opening_was_answered_by_silence_looks_at_the_recorded_instant(
    migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[Window] = []
    plan_delta = store.plan_delta

    def watched(connection: Any, reading: Reading, **values: Any) -> Any:
        windows.append(reading.window)
        return plan_delta(connection, reading, **values)

    monkeypatch.setattr(store, "plan_delta", watched)
    with interrupted("committed:open_run", LostAnswer()):
        run = sync(window_minutes=WINDOW_MINUTES)
    assert windows == [run.window], "what is recorded is what was looked at"
