"""Loads of measurements are followed by runs, and by no more of them than are needed."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app import sync_after_load
from chalicelib import database as database_module
from chalicelib.database import Deadline
from chalicelib.errors import InvalidRequestError, RunAlreadyActiveError, RunTimedOutError
from chalicelib.features.device_parameters import store
from tests import emf
from tests.conftest import SyncRunner
from tests.features.device_parameters.test_invocations import LambdaContext
from tests.fleet import Fleet
from tests.sandbox import PROJECT, Sandbox

MINUTE = timedelta(minutes=1)
EVENT = json.loads((PROJECT / "tests" / "events" / "measurements_loaded.json").read_text("utf-8"))


def loaded(at: datetime, seconds: float = 60) -> dict[str, Any]:
    """What the function returns for a load that was over *at*."""
    event = {**EVENT, "time": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
    returned: dict[str, Any] = json.loads(
        json.dumps(sync_after_load(event, LambdaContext(seconds)))
    )
    return returned


def test_a_load_is_followed_by_a_run(fleet: Fleet) -> None:
    fleet.add_pairs(2, fleet.now() - MINUTE)
    run = loaded(fleet.now())
    assert (run["trigger"], run["status"], run["deltas"]["added"]) == ("event", "succeeded", 2)


def test_a_burst_of_loads_is_one_run(
    migrated: Sandbox, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    burst = fleet.now() - timedelta(seconds=5)
    runs = [loaded(burst + timedelta(milliseconds=10 * number)) for number in range(100)]
    assert {run["run_id"] for run in runs} == {1}
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 1
    assert len(emf.documents(capsys.readouterr().out)) == 1


def test_a_load_after_the_last_run_s_instant_gets_a_run_of_its_own(fleet: Fleet) -> None:
    assert loaded(fleet.now() - MINUTE)["run_id"] == 1
    assert loaded(fleet.now())["run_id"] == 2


def test_the_second_that_an_event_s_time_is_cut_by_is_allowed_for(
    sync: SyncRunner, fleet: Fleet
) -> None:
    run = sync()
    fleet.add_pairs(1, fleet.now() - MINUTE)  # committed after the run, in the same second
    assert loaded(run.as_of)["deltas"]["added"] == 1


@pytest.mark.parametrize(
    "outcome",
    [{"status": "failed"}, {"status": "skipped"}, {"status": "running"}, {"window_minutes": 5}],
    ids=["failed", "skipped", "running", "narrower"],
)
def test_a_run_that_did_not_see_it_all_does_not_count(
    migrated: Sandbox, sync: SyncRunner, outcome: dict[str, Any]
) -> None:
    run = sync()
    for column, value in outcome.items():
        migrated.rows(f"UPDATE iot_data.sync_runs SET {column} = %s", (value,))
    assert loaded(run.as_of - MINUTE)["run_id"] == 2


def test_a_replay_of_the_past_does_not_count(fleet: Fleet, sync: SyncRunner) -> None:
    instant = fleet.now()
    sync()
    sync(as_of=instant - 10 * MINUTE)
    assert loaded(instant - MINUTE)["run_id"] == 3


@pytest.mark.postgresql
def test_a_run_that_is_in_the_way_is_waited_for(
    migrated: Sandbox, fleet: Fleet, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add_pairs(1, fleet.now() - MINUTE)
    with database_module.transaction(engine, Deadline.after(60)) as connection:
        lock = text("SELECT pg_advisory_xact_lock(:key)")
        connection.execute(lock, {"key": store._WRITER_LOCK})
        # On a busy machine the time may be used up inside an attempt instead of between two.
        errors = (RunAlreadyActiveError, RunTimedOutError)
        with pytest.raises(errors, match=r"all the time|used up"):
            loaded(fleet.now(), seconds=7)
    assert loaded(fleet.now())["deltas"]["added"] == 1


@pytest.mark.parametrize("time", [None, "", "yesterday", "2026-11-01T10:00:00", 5])
def test_an_event_without_its_time_is_refused(migrated: Sandbox, time: object) -> None:
    with pytest.raises(InvalidRequestError, match="time must be an ISO 8601 instant"):
        sync_after_load({**EVENT, "time": time}, LambdaContext())
