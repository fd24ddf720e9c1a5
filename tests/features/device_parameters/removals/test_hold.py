"""Removals that look like an outage wait for a person; nothing else does."""

from datetime import timedelta

import pytest

from chalicelib.bodies import UNSET
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.model import Budget, EvidenceSource, RunStatus
from chalicelib.features.device_parameters.removals import store
from tests.conftest import SyncRunner
from tests.databases import connect
from tests.features.device_parameters.removals.conftest import Pair, Sites
from tests.fleet import Fleet
from tests.sandbox import Sandbox

DAY = timedelta(days=1)


def counts(run: Run) -> tuple[int, int, int]:
    return run.deltas.added, run.deltas.removed, run.deltas.held


def first(pairs: set[Pair], count: int) -> set[Pair]:
    return set(sorted(pairs)[:count])


def test_additions_do_not_release_what_is_held(sites: Sites, sync: SyncRunner) -> None:
    old = sites.add("old", 1000)
    sites.only(old)
    sync()
    new = sites.add("new", 1000)
    sites.only(new | first(old, 50))
    assert counts(sync()) == (1000, 0, 950)
    third = sync()
    assert third.status is RunStatus.GUARDED
    assert counts(third) == (0, 0, 950)
    assert sites.table() == old | new


def test_an_outage_that_spreads_step_by_step_is_one_outage(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 2250)
    sites.only(fleet)
    sync()
    runs = []
    for reporting in (1200, 650, 350):
        sites.only(first(fleet, reporting))
        runs.append(sync(removal_guard_percent=50, removal_guard_group_percent=100))
    assert [counts(run) for run in runs] == [(0, 1050, 0), (0, 0, 550), (0, 0, 850)]
    assert sum(run.deltas.removed for run in runs) <= 2250 * 0.5


def test_a_fleet_that_loses_almost_half_is_held(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 1000)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 550))
    run = sync()
    assert (run.status, counts(run)) == (RunStatus.GUARDED, (0, 0, 450))


@pytest.mark.parametrize("column", ["location_id", "device_type_id"])
def test_a_group_that_dies_whole_is_held_and_the_rest_goes_on(
    sites: Sites, sync: SyncRunner, column: str
) -> None:
    north, south = sites.add("north", 60, "north"), sites.add("south", 400, "south")
    for other in {"location_id", "device_type_id"} - {column}:
        sites.sandbox.rows(f"UPDATE iot_data.redshift_devices SET {other} = NULL")
    sites.only(north | south)
    sync()
    sites.only(first(south, 390))
    run = sync()
    assert (run.status, counts(run)) == (RunStatus.GUARDED, (0, 10, 60))
    scope = Budget.SITE if column == "location_id" else Budget.DEVICE_TYPE
    assert sites.held() == dict.fromkeys(north, scope)


def test_a_master_table_without_sites_and_types_is_guarded_as_a_whole(
    sites: Sites, sync: SyncRunner
) -> None:
    fleet = sites.add("site", 200)
    sites.sandbox.expect_rebuild()
    sites.sandbox.rows(
        "ALTER TABLE iot_data.redshift_devices DROP COLUMN location_id, DROP COLUMN device_type_id"
    )
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 180))
    assert counts(sync()) == (0, 20, 0)
    sites.only(first(fleet, 150))
    assert counts(sync()) == (0, 0, 30)


def test_a_small_group_and_a_small_table_are_not_guarded(sites: Sites, sync: SyncRunner) -> None:
    north, south = sites.add("north", 40), sites.add("south", 300)
    sites.only(north | south)
    sync()
    sites.only(south)
    assert counts(sync()) == (0, 40, 0)
    sites.only(set())
    assert counts(sync(removal_guard_min_pairs=1000)) == (0, 300, 0)


def test_what_is_held_stays_held_until_it_is_observed_again(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 200)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 100))
    assert counts(sync()) == (0, 0, 100)
    sites.let_pass(3 * DAY)
    assert counts(sync(removal_guard_percent=60, removal_guard_group_percent=90)) == (0, 0, 100)
    sites.only(fleet)
    run = sync()
    assert (run.status, counts(run)) == (RunStatus.SUCCEEDED, (0, 0, 0))
    assert sites.held() == {}
    assert sites.table() == fleet


def test_a_wider_window_lets_nothing_go(sites: Sites, sync: SyncRunner) -> None:
    live, silent = sites.add("live", 120), sites.add("silent", 50)
    sites.only(live | silent)
    sync()
    sites.only(live, long_ago=silent)
    assert counts(sync()) == (0, 0, 50)
    more = sites.add("more", 100)
    sites.only(live | more, long_ago=silent)
    wide = sync(window_minutes=300)
    assert (wide.status, counts(wide)) == (RunStatus.GUARDED, (100, 0, 50))
    plan = sync(window_minutes=300, dry_run=True)
    assert (plan.status, counts(plan)) == (RunStatus.GUARDED, (0, 0, 50))
    assert counts(sync()) == (0, 0, 50)
    assert silent <= sites.table()


def test_what_a_wider_window_adds_does_not_make_a_loss_look_small(
    sites: Sites, sync: SyncRunner
) -> None:
    live, leaving, old = sites.add("live", 110), sites.add("leaving", 40), sites.add("old", 120)
    sites.only(live | leaving)
    sync()
    sites.only(live | leaving, long_ago=old)
    assert counts(sync(window_minutes=300)) == (120, 0, 0)
    sites.only(live, long_ago=old)
    assert counts(sync(window_minutes=300)) == (0, 0, 40)
    assert leaving <= sites.table()


def test_after_a_day_the_budget_is_whole_again(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 1000)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 850))
    assert counts(sync()) == (0, 150, 0)
    sites.let_pass(DAY - timedelta(minutes=1))
    sites.only(first(fleet, 750))
    assert counts(sync()) == (0, 0, 100)
    sites.let_pass(timedelta(minutes=2))
    # What is held stays so; what falls silent now is measured against a new day.
    sites.only(first(fleet, 740))
    assert counts(sync()) == (0, 10, 100)


def test_what_came_back_is_no_loss(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 1000)
    sites.only(fleet)
    sync()
    for reporting in (850, 1000, 850, 1000, 850):
        sites.only(first(fleet, reporting))
        assert sync().status is RunStatus.SUCCEEDED
    assert len(sites.table()) == 850


def test_a_forced_run_removes_all_and_does_not_use_up_the_budget(
    sites: Sites, sync: SyncRunner
) -> None:
    fleet = sites.add("site", 1000)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 500))
    assert counts(sync()) == (0, 0, 500)
    run = sync(force=True)
    assert (run.status, counts(run)) == (RunStatus.SUCCEEDED, (0, 500, 0))
    assert sites.held() == {}
    sites.only(first(fleet, 420))
    assert counts(sync()) == (0, 80, 0)


def test_a_guard_that_is_off_holds_nothing(sites: Sites, sync: SyncRunner) -> None:
    fleet = sites.add("site", 200)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 1))
    assert counts(sync()) == (0, 0, 199)
    assert counts(sync(removal_guard_percent=100)) == (0, 199, 0)
    assert sites.held() == {}


def test_a_guarded_run_still_adds_and_renames(sites: Sites, fleet: Fleet, sync: SyncRunner) -> None:
    old = sites.add("old", 100)
    sites.only(old)
    sync()
    new = sites.add("new", 1)
    fleet.rename_device("old-0000", "Renamed")
    sites.only(first(old, 1) | new)
    run = sync()
    assert (counts(run), run.deltas.renamed) == ((1, 0, 99), 1)


def test_a_site_that_was_added_while_something_was_held_is_guarded_too(
    sites: Sites, sync: SyncRunner
) -> None:
    down, fleet = sites.add("down", 60), sites.add("fleet", 1000)
    sites.only(down | fleet)
    sync()
    sites.only(fleet)
    assert counts(sync()) == (0, 0, 60)
    new = sites.add("new", 100)
    sites.only(fleet | new)
    assert counts(sync()) == (100, 0, 60)
    sites.only(fleet | first(new, 99))
    assert counts(sync()) == (0, 1, 60)
    sites.only(fleet)
    assert counts(sync()) == (0, 0, 159)
    assert first(new, 99) <= sites.table()


def test_a_table_that_grew_while_something_was_held_is_guarded(
    sites: Sites, sync: SyncRunner
) -> None:
    small = sites.add("small", 90)
    sites.only(small)
    sync(removal_guard_min_pairs=0)
    sites.only(set())
    assert counts(sync(removal_guard_min_pairs=0)) == (0, 0, 90)
    large = sites.add("large", 2000)
    sites.only(large)
    assert counts(sync()) == (2000, 0, 90)
    sites.only(set())
    assert counts(sync()) == (0, 0, 2090)


def test_what_is_held_says_why_where_and_since_when(
    sites: Sites, fleet: Fleet, sync: SyncRunner
) -> None:
    pairs = sites.add("north", 100, "meter")
    now = sites.sandbox.now()
    last_seen = now.replace(minute=0, second=0, microsecond=0) - timedelta(minutes=10)
    sites.sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
        "SELECT %s, device_id, 'p' FROM iot_data.redshift_devices",
        (last_seen,),
    )
    sync(window_minutes=180)
    fleet.switch_off("north-0000")
    fleet.remove_device("north-0001")
    later = sync(window_minutes=1)
    assert later.deltas.held == len(pairs)
    rows = sites.sandbox.rows(
        "SELECT device_id, reason, site_id, device_type_id, last_seen_at, run_id "
        "FROM iot_data.held_removals ORDER BY device_id LIMIT 3"
    )
    north = ("north", "meter", last_seen, later.run_id)
    assert rows == [
        ("north-0000", "device_inactive", *north),
        ("north-0001", "device_unknown", None, None, last_seen, later.run_id),
        ("north-0002", "window_expired", *north),
    ]


def test_a_plan_says_what_would_be_held_and_holds_nothing(sites: Sites, sync: SyncRunner) -> None:
    north, south = sites.add("north", 60), sites.add("south", 400)
    sites.only(north | south)
    sync()
    sites.only(first(south, 390))
    plan = sync(dry_run=True)
    assert (plan.status, counts(plan)) == (RunStatus.GUARDED, (0, 10, 60))
    assert plan.planned is not UNSET
    assert {pair.device_id for pair in plan.planned.held} <= {device for device, _ in north}
    assert len(plan.planned.held) == 50
    assert len(plan.planned.removed) == 10
    assert plan.planned.truncated
    assert sites.held() == {}


def test_a_run_that_changes_nothing_writes_no_row_of_what_is_held(
    sites: Sites, sync: SyncRunner
) -> None:
    fleet = sites.add("site", 100)
    sites.only(fleet)
    sync()
    sites.only(set())
    sync()
    versions = "SELECT device_id, xmin::text, ctid::text FROM iot_data.{} ORDER BY 1"
    tables = ("held_removals", "device_parameters")
    before = [sites.sandbox.rows(versions.format(table)) for table in tables]
    assert counts(sync()) == (0, 0, 100)
    assert [sites.sandbox.rows(versions.format(table)) for table in tables] == before


@pytest.mark.postgresql
@pytest.mark.multi_backend
def test_a_run_holds_removals_without_waiting_for_when_they_were_last_seen(
    sites: Sites, migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = sites.add("site", 1000)
    sites.only(fleet)
    sync()
    sites.only(first(fleet, 50))
    monkeypatch.setattr(store, "LAST_SEEN_SECONDS", 0.5)
    blocker = connect(migrated.url)
    blocker.autocommit = False
    blocker.cursor().execute(
        "LOCK TABLE iot_data.device_parameter_sets_hourly IN ACCESS EXCLUSIVE MODE"
    )
    try:
        run = sync(evidence_source=EvidenceSource.MEASUREMENTS, seconds=25)
    finally:
        blocker.close()
    assert (run.status, counts(run)) == (RunStatus.GUARDED, (0, 0, 950))
    waiting = "SELECT count(*) FROM iot_data.held_removals WHERE last_seen_at IS NULL"
    assert migrated.value(waiting) == 950
