"""The Lambda function, invoked as AWS and as people invoke it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app import sync_device_parameters
from chalicelib.database import engine_for
from chalicelib.errors import DatabaseUnavailableError, InvalidRequestError, InvalidSettingError
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import PROJECT, Sandbox

MINUTE = timedelta(minutes=1)
SCHEDULE = json.loads((PROJECT / "tests" / "events" / "schedule.json").read_text("utf-8"))


class LambdaContext:
    """What matters of Lambda's context."""

    def __init__(self, seconds: float = 60) -> None:
        self._seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self._seconds * 1000)


def invoke(event: Any, seconds: float = 60) -> dict[str, Any]:
    """What Lambda would return: the JSON, not the objects behind it."""
    returned: dict[str, Any] = json.loads(
        json.dumps(sync_device_parameters(event, LambdaContext(seconds)))
    )
    return returned


def metrics(output: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def test_the_schedule_runs_the_sync(migrated: Sandbox, fleet: Fleet) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    run = invoke(SCHEDULE)
    assert (run["trigger"], run["status"], run["deltas"]["added"]) == ("schedule", "succeeded", 2)
    assert len(fleet.keys()) == 2


@pytest.mark.parametrize(
    "event",
    [
        {"window_minutes": 120, "dry_run": True},
        {**SCHEDULE, "source": "our.app", "detail": {"window_minutes": 120, "dry_run": True}},
        {"source": "us", "detail-type": "x", "detail": {"window_minutes": 120, "dry_run": True}},
    ],
    ids=["bare payload", "EventBridge detail", "EventBridge by hand"],
)
def test_an_event_may_say_what_it_wants(migrated: Sandbox, fleet: Fleet, event: Any) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    run = invoke(event)
    assert (run["trigger"], run["window_minutes"], run["run_id"]) == ("event", 120, None)
    assert [pair["device_id"] for pair in run["planned"]["added"]] == ["d000", "d001"]
    assert fleet.keys() == []


def test_an_empty_payload_is_an_ordinary_run(migrated: Sandbox) -> None:
    assert invoke({})["status"] == "succeeded"


@pytest.mark.parametrize("event", [[], "sync", None, 5, {"wndow_minutes": 5}, {"dry_run": "yes"}])
def test_nonsense_is_refused_and_changes_nothing(migrated: Sandbox, event: Any) -> None:
    with pytest.raises(InvalidRequestError):
        invoke(event)
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


def test_a_future_instant_is_refused(migrated: Sandbox) -> None:
    with pytest.raises(InvalidRequestError, match="as_of must be between 2000-01-01 and"):
        invoke({"as_of": (migrated.now() + MINUTE).isoformat()})
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


def test_a_run_that_was_opened_elsewhere_is_carried_out(migrated: Sandbox, fleet: Fleet) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    migrated.rows(
        "INSERT INTO iot_data.sync_runs "
        "(run_id, trigger, status, as_of, window_minutes, started_at) "
        "VALUES (41, 'api', 'running', now(), 120, now())"
    )
    run = invoke({"run_id": 41})
    assert (run["run_id"], run["trigger"], run["window_minutes"]) == (41, "api", 120)
    assert run["deltas"]["added"] == 1
    fleet.add_device("later")
    fleet.report("later", "p", migrated.now() - MINUTE)
    assert invoke({"run_id": 41}) == run  # Lambda repeats what it is not sure of


def test_the_metrics_are_embedded_in_the_log(
    migrated: Sandbox, fleet: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    invoke(SCHEDULE)
    [document] = metrics(capsys.readouterr().out)
    assert document["Added"] == [2.0]
    assert document["RunFailed"] == [0.0]
    assert document["RunDuration"][0] > 0
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in directive["Metrics"]} == {
        *("Added", "Removed", "Renamed", "Held", "Observed", "Unresolved"),
        *("RunSucceeded", "GuardTripped", "RunFailed", "ColdStart"),
        *("RunDuration", "RefreshDuration"),
    }


def test_a_dry_run_has_no_metrics(migrated: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    invoke({"dry_run": True})
    assert metrics(capsys.readouterr().out) == []


def test_a_failed_run_fails_the_invocation_and_counts(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    with pytest.raises(DatabaseUnavailableError, match="port 1 failed"):
        invoke(SCHEDULE)
    engine_for.cache_clear()
    [document] = metrics(capsys.readouterr().out)
    assert document["RunFailed"] == [1.0]


def test_a_missing_setting_fails_the_invocation(
    environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TIMESCALE_DB_USER")
    with pytest.raises(InvalidSettingError, match="TIMESCALE_DB_USER is not set"):
        invoke(SCHEDULE)


def test_a_failure_is_recorded_in_the_run(migrated: Sandbox, sync: SyncRunner) -> None:
    migrated.rows("DROP TABLE iot_data.timescale_parameters")
    migrated.expect_rebuild()
    with pytest.raises(Exception, match="timescale_parameters"):
        invoke(SCHEDULE)
    [row] = migrated.rows("SELECT status, error_code, error_message FROM iot_data.sync_runs")
    assert row[:2] == ("failed", "schema_outdated")
    assert "timescale_parameters" in row[2]
