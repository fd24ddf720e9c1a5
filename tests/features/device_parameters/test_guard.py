"""Removals that look like an outage wait for a person; nothing else does."""

from datetime import timedelta

import pytest

from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.guard import GuardLimits, holds_removals
from chalicelib.features.device_parameters.model import Plan, RunStatus
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)


def plan(known: int, to_remove: int) -> Plan:
    return Plan(known, known - to_remove, 0, to_add=0, to_remove=to_remove, to_rename=0)


@pytest.mark.parametrize(
    ("known", "to_remove", "percent", "is_held"),
    [
        (100, 50, 50, False),
        (100, 51, 50, True),
        (101, 51, 50, True),
        (99, 99, 50, False),
        (1000, 1, 0, True),
        (1000, 0, 0, False),
        (1000, 1000, 100, False),
    ],
)
def test_removals_beyond_the_share_are_held(
    known: int, to_remove: int, percent: int, is_held: bool
) -> None:
    assert holds_removals(plan(known, to_remove), GuardLimits(percent, 100)) is is_held


@pytest.fixture
def silenced(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> Fleet:
    """A table of 100 pairs, one of them still measured, and a device that is new."""
    now = migrated.now()
    fleet.add_pairs(100, now - MINUTE)
    assert sync().deltas.added == 100
    migrated.rows("DELETE FROM iot_data.timescale_measurements WHERE device_id <> 'd000'")
    fleet.add_device("new")
    fleet.report("new", "p", now - MINUTE)
    fleet.rename_device("d000", "Renamed")
    return fleet


def counts(run: Run) -> tuple[int, int, int, int]:
    return run.deltas.added, run.deltas.removed, run.deltas.renamed, run.deltas.held


def test_a_guarded_run_still_adds_and_renames(silenced: Fleet, sync: SyncRunner) -> None:
    run = sync()
    assert run.status is RunStatus.GUARDED
    assert counts(run) == (1, 0, 1, 99)
    assert len(silenced.keys()) == 101


def test_a_forced_run_releases_what_was_held(silenced: Fleet, sync: SyncRunner) -> None:
    sync()
    run = sync(force=True)
    assert run.status is RunStatus.SUCCEEDED
    assert counts(run) == (0, 99, 0, 0)
    assert silenced.keys() == [("d000", "p"), ("new", "p")]


def test_when_the_readings_come_back_nothing_is_held(
    migrated: Sandbox, silenced: Fleet, sync: SyncRunner
) -> None:
    sync()
    for number in range(100):
        silenced.report(f"d{number:03}", "p", migrated.now() - MINUTE)
    run = sync()
    assert run.status is RunStatus.SUCCEEDED
    assert counts(run) == (0, 0, 0, 0)


def test_a_small_table_is_not_guarded(silenced: Fleet, sync: SyncRunner) -> None:
    run = sync(removal_guard_min_pairs=101)
    assert run.status is RunStatus.SUCCEEDED
    assert counts(run) == (1, 99, 1, 0)
