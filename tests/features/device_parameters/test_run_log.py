"""What runs leave behind, and for how long."""

from datetime import timedelta

import pytest

from chalicelib.bodies import UNSET
from chalicelib.features.device_parameters import run_log
from chalicelib.features.device_parameters.model import RunStatus
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)


def insert_run(migrated: Sandbox, status: str, age: str) -> int:
    run_id: int = migrated.value(
        "INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at) "
        "VALUES ('schedule', %s, now(), 60, now() - CAST(%s AS interval)) RETURNING run_id",
        (status, age),
    )
    return run_id


def statuses(migrated: Sandbox) -> dict[int, tuple[str, str | None]]:
    rows = migrated.rows("SELECT run_id, status, error_code FROM iot_data.sync_runs")
    return {run_id: (status, code) for run_id, status, code in rows}


def test_a_run_records_what_it_saw_and_did(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(3, migrated.now() - MINUTE)
    fleet.report("d000", "unlisted", migrated.now() - MINUTE)
    run = sync(window_minutes=90)
    [row] = migrated.rows(
        "SELECT trigger, status, window_minutes, added_count, removed_count, renamed_count, "
        "held_count, observed_count, unresolved_count, pair_count, device_count, parameter_count, "
        "error_code, finished_at >= started_at FROM iot_data.sync_runs"
    )
    assert row == ("cli", "succeeded", 90, 3, 0, 0, 0, 3, 1, 3, 3, 1, None, True)
    assert run.deltas.unresolved == 1


def test_the_change_log_holds_each_change_with_its_reason(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    first = sync()
    fleet.switch_off("d000")
    fleet.rename_device("d001", "Door")
    second = sync()
    assert migrated.rows(
        "SELECT run_id, change, device_id, device_name, reason "
        "FROM iot_data.device_parameter_changes ORDER BY run_id, device_id"
    ) == [
        (first.run_id, "added", "d000", "d000", None),
        (first.run_id, "added", "d001", "d001", None),
        (second.run_id, "removed", "d000", "d000", "device_inactive"),
        (second.run_id, "renamed", "d001", "Door", None),
    ]


def test_a_run_left_by_a_dead_process_is_closed_as_abandoned(
    migrated: Sandbox, sync: SyncRunner
) -> None:
    old = insert_run(migrated, "running", "16 minutes")
    young = insert_run(migrated, "running", "14 minutes")
    sync()
    assert statuses(migrated)[old] == ("failed", "abandoned")
    assert statuses(migrated)[young] == ("running", None)


def test_a_run_that_was_overtaken_is_skipped(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    insert_run(migrated, "succeeded", "0")
    migrated.rows("SELECT setval(pg_get_serial_sequence('iot_data.sync_runs', 'run_id'), 1, false)")
    migrated.rows("UPDATE iot_data.sync_runs SET run_id = 2")
    run = sync()
    assert run.run_id == 1
    assert run.status is RunStatus.SKIPPED
    assert run.error is not None
    assert "started later" in run.error.message
    assert fleet.keys() == []


def test_a_dry_run_leaves_no_trace(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> None:
    fleet.add_pairs(60, migrated.now() - MINUTE)
    run = sync(dry_run=True)
    assert run.run_id is None
    assert run.deltas.added == 60
    assert run.planned is not UNSET
    assert len(run.planned.added) == 50
    assert run.planned.truncated
    assert fleet.keys() == []
    assert statuses(migrated) == {}
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameter_changes") == 0


def test_old_history_is_forgotten_in_batches(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_log, "PRUNE_BATCH", 2)
    old = [insert_run(migrated, "failed", f"{91 + day} days") for day in range(5)]
    young = insert_run(migrated, "failed", "89 days")
    for run_id in old:
        migrated.rows(
            "INSERT INTO iot_data.device_parameter_changes "
            "SELECT 'd' || n, 'p', %s, 'added', NULL, 'n', 'n' FROM generate_series(1, 3) AS n",
            (run_id,),
        )
    run = sync()
    assert set(statuses(migrated)) == {young, run.run_id}
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameter_changes") == 0


def test_the_last_success_is_kept_however_old(migrated: Sandbox, sync: SyncRunner) -> None:
    insert_run(migrated, "succeeded", "200 days")
    last_success = insert_run(migrated, "succeeded", "100 days")
    sync(history_retention_days=90)
    assert last_success not in statuses(migrated)  # this run is the last success now
    only_failures = insert_run(migrated, "failed", "0")
    migrated.rows("UPDATE iot_data.sync_runs SET started_at = now() - interval '1 year'")
    run = sync()
    assert set(statuses(migrated)) == {run.run_id}
    assert only_failures != run.run_id
