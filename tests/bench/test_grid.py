"""A point of the grid is measured on a real database, and its result is checked there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from bench import changes, data, measure
from bench.contestants import Trial, WrongResultError
from bench.grid import SIZES, Place, prepare
from bench.measure import Course
from bench.points import Sample
from chalicelib.database import engine_for
from chalicelib.features.device_parameters.settings import SyncSettings
from tests.sandbox import Sandbox

CONTESTANTS = {"ours", "floor", "distinct", "client", "loop"}
MINUTE = timedelta(minutes=1)


def quiet(_: str) -> None:
    """Report nothing."""


def test_windows_reach_as_far_back_as_the_past() -> None:
    assert Place(1000, 1, 3).windows_minutes == [5, 60]
    assert Place(1000, 1, 26).windows_minutes == [5, 60, 360, 1440]
    assert max(Place(1000, 1, 30 * 24).windows_minutes) == 30 * 24 * 60


@pytest.mark.parametrize(
    "text", ["", "1000x4", "1000x4x26x1", "axbxc", "9x4x26", "10x61x26", "10x7x26", "10x1x1"]
)
def test_a_point_that_cannot_be_measured_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="PAIRSxREADINGSxHOURS"):
        Place.parse(text)


def test_the_full_grid_has_every_density_and_every_size() -> None:
    full = SIZES["full"]
    assert {place.readings_an_hour for place in full} == {1, 4, 60}
    assert {place.pairs for place in full} == {10_000, 100_000, 1_000_000}


@pytest.fixture
def scratch(migrated: Sandbox, configured: SyncSettings) -> Iterator[SyncSettings]:
    """A migrated database, in which the benchmark leaves nothing behind."""
    yield configured
    with engine_for(configured.database).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA bench CASCADE")


@pytest.fixture
def once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every window is measured once."""
    monkeypatch.setattr(measure, "_QUICK_REPEATS", 1)


def test_a_point_has_every_contestant_in_every_window(scratch: SyncSettings, once: None) -> None:
    fleet = data.fleet_of(scratch, 200, readings_an_hour=4)
    windows = [5 * MINUTE, 60 * MINUTE, 120 * MINUTE]
    course = Course(fleet, windows, 1, quiet)
    first_run_at = data.first_run_at(datetime.now(UTC), course.most_hours)
    rate = prepare(fleet, 3, first_run_at)
    found = measure.measure(course, first_run_at, 3, load_rows_per_second=rate, is_embedded=False)
    assert {(cell.contestant, cell.window_minutes) for cell in found.cells} == {
        (name, minutes) for name in CONTESTANTS for minutes in (5, 60, 120)
    }
    run = found.find("ours", 120)
    assert run is not None
    assert run.seconds < run.detail("total_seconds")
    assert run.samples[0].delta == (1, 1)
    assert run.note("source") in {"measurements", "aggregate", "both"}
    assert found.rows["measurements"] == 200 * 4 * (3 + 3)
    assert found.machine["settings"]["work_mem"]


def test_a_contestant_that_does_something_else_ends_the_benchmark(
    scratch: SyncSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgets_one(trial: Trial) -> Sample:
        return Sample(0.1, (0, 1))

    monkeypatch.setattr(measure, "_ALTERNATIVES", {"distinct": forgets_one})
    fleet = data.fleet_of(scratch, 200, readings_an_hour=1)
    course = Course(fleet, [60 * MINUTE], 1, quiet)
    first_run_at = data.first_run_at(datetime.now(UTC), course.most_hours)
    rate = prepare(fleet, 2, first_run_at)
    with pytest.raises(WrongResultError, match="distinct found"):
        measure.measure(course, first_run_at, 2, load_rows_per_second=rate, is_embedded=False)


def test_changes_are_measured_beside_the_bare_statements(scratch: SyncSettings) -> None:
    fleet = data.fleet_of(scratch, 400, readings_an_hour=1, changes=34)
    taken = changes.measure(fleet, 1, quiet)
    assert {name: len(samples) for name, samples in taken.items()} == {
        "unchanged": 1,
        "changed": 1,
        "bare": 1,
    }
