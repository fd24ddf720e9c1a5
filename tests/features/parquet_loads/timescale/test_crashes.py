"""Nothing is lost and nothing is left half done, wherever a load is cut off."""

from pathlib import Path

import psycopg2
import pytest

from chalicelib.features.parquet_loads.model import LoadStatus
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import Drop, readings_in
from tests.features.parquet_loads.timescale.killed_load import BATCH, interrupted, kill_load_at
from tests.sandbox import Sandbox

DATASETS = ("generation", "measurements")
FORMER = [(0, "N", 1.0), (1, "N", 1.0)]
PRESENT = [(1, "N", 2.0), (2, "N", 2.0), (3, "N", 2.0)]
BEFORE = {(0, "N"): 1.0, (1, "N"): 1.0, (3, "N"): 0.0}
AFTER = {(1, "N"): 2.0, (2, "N"): 2.0, (3, "N"): 2.0}

BOUNDARIES = [
    "committed:open_load",
    "after:lock_object",
    "after:lock_load",
    BATCH,
    "after:lock_days",
    "after:save_object",
    "after:delete_withdrawn",
    "after:forget_former_version",
    "after:shadow_displaced",
    "after:change_readings",
    "after:add_readings",
    "after:finish_load",
]
BEFORE_THE_COMMIT = [(dataset, boundary) for dataset in DATASETS for boundary in BOUNDARIES]


@pytest.fixture
def drop(request: pytest.FixtureRequest, load: LoadRunner, tmp_path: Path) -> Drop:
    """A file that has changed since it was loaded, and another that shares a reading with it."""
    drop = Drop(tmp_path, request.param)
    drop.put("other", [(3, "N", 0.0)], minute=0)
    load(str(drop.path("other")))
    drop.put("a", FORMER, minute=1)
    load(str(drop.path("a")))
    drop.put("a", PRESENT, minute=2)
    return drop


def statuses(sandbox: Sandbox) -> list[str]:
    rows = sandbox.rows("SELECT status FROM iot_data.parquet_loads ORDER BY load_id")
    return [status for [status] in rows]


def check_convergence(sandbox: Sandbox, drop: Drop, load: LoadRunner) -> None:
    """The next load takes over, and what others bring comes back as if nothing had happened."""
    assert load(str(drop.path("a"))).status is LoadStatus.SUCCEEDED
    assert readings_in(sandbox, drop.dataset) == AFTER
    assert statuses(sandbox) == ["succeeded"] * 3
    drop.put("a", [], minute=3)
    load(str(drop.path("a")))
    assert readings_in(sandbox, drop.dataset) == {(3, "N"): 0.0}


@pytest.mark.parametrize(("drop", "boundary"), BEFORE_THE_COMMIT, indirect=["drop"])
def test_a_process_killed_before_the_commit_leaves_the_readings_as_they_were(
    migrated: Sandbox, load: LoadRunner, drop: Drop, boundary: str
) -> None:
    kill_load_at(boundary, drop, migrated)
    assert readings_in(migrated, drop.dataset) == BEFORE
    assert statuses(migrated) == ["succeeded", "succeeded", "running"]
    check_convergence(migrated, drop, load)


@pytest.mark.parametrize("drop", DATASETS, indirect=True)
def test_a_process_killed_before_the_load_is_recorded_leaves_no_trace(
    migrated: Sandbox, load: LoadRunner, drop: Drop
) -> None:
    kill_load_at("after:open_load", drop, migrated)
    assert statuses(migrated) == ["succeeded", "succeeded"]
    check_convergence(migrated, drop, load)


@pytest.mark.parametrize("drop", DATASETS, indirect=True)
def test_a_process_killed_after_the_commit_has_done_its_work(
    migrated: Sandbox, load: LoadRunner, drop: Drop
) -> None:
    kill_load_at("committed:finish_load", drop, migrated)
    assert readings_in(migrated, drop.dataset) == AFTER
    assert load(str(drop.path("a"))).is_repeated
    check_convergence(migrated, drop, load)


@pytest.mark.parametrize("drop", DATASETS, indirect=True)
def test_a_load_whose_commit_was_answered_by_silence_is_done_once(
    migrated: Sandbox, load: LoadRunner, drop: Drop
) -> None:
    answers = ["lost"]

    def lose_the_answer() -> None:
        if answers:
            answers.pop()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")

    with interrupted("committed:finish_load", lose_the_answer):
        ended = load(str(drop.path("a")))
    assert answers == []
    assert ended.status is LoadStatus.SUCCEEDED
    assert (ended.counts.added, ended.counts.changed, ended.counts.removed) == (1, 2, 1)
    check_convergence(migrated, drop, load)


@pytest.mark.postgresql
def test_a_connection_lost_while_rows_are_copied_is_replaced(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    drop = Drop(tmp_path, "generation")
    drop.put("a", FORMER)
    sessions = ["cut off"]

    def cut_off() -> None:
        if sessions:
            sessions.pop()
            migrated.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'COPY%'"
            )

    with interrupted(BATCH, cut_off):
        assert load(str(drop.path("a"))).status is LoadStatus.SUCCEEDED
    assert sessions == []
    assert len(readings_in(migrated, "generation")) == 2
