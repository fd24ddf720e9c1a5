"""The Lambda function, invoked as AWS and as people invoke it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from app import sync_device_parameters
from chalicelib import logs
from chalicelib import metrics as shared_metrics
from chalicelib.database import engine_for
from chalicelib.errors import DatabaseUnavailableError, InvalidRequestError, InvalidSettingError
from chalicelib.features.device_parameters import change_events
from tests import emf
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import PROJECT, Sandbox

MINUTE = timedelta(minutes=1)
EVENTS = PROJECT / "tests" / "events"
SCHEDULE = json.loads((EVENTS / "schedule.json").read_text("utf-8"))
# EventBridge Scheduler says the detail as text.
SCHEDULER = json.loads((EVENTS / "scheduler.json").read_text("utf-8"))


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


@pytest.mark.parametrize("event", [SCHEDULE, SCHEDULER], ids=["rule", "EventBridge Scheduler"])
def test_the_schedule_runs_the_sync(migrated: Sandbox, fleet: Fleet, event: Any) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    run = invoke(event)
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


@pytest.mark.parametrize(
    "event",
    [
        [],
        "sync",
        None,
        5,
        {"wndow_minutes": 5},
        {"dry_run": "yes"},
        {**SCHEDULER, "detail": "{"},
        {**SCHEDULE, "detail": "{}"},
    ],
)
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
    migrated: Sandbox,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("METRICS_NAMESPACE", "Plant/Parameters")
    monkeypatch.setenv("CHANGE_EVENT_BUS", "changes")
    monkeypatch.setattr(change_events, "send_pending", lambda *_: 3)
    fleet.add_pairs(2, migrated.now() - timedelta(hours=2))
    invoke({**SCHEDULE, "detail": {"window_minutes": 180}})
    [document] = emf.documents(capsys.readouterr().out)
    assert document["Added"] == [2.0]
    assert document["RunSucceeded"] == [1.0]
    assert document["RunFailed"] == [0.0]
    assert document["ChangeEventsPending"] == [3.0]
    assert document["RunDuration"][0] > 0
    assert document["RefreshDuration"][0] > 0
    assert 3600 < document["MaterializationLag"][0] <= 7200
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Plant/Parameters"
    assert (directive["Dimensions"], document["service"]) == ([["service"]], "device_parameters")
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == {
        **dict.fromkeys(("Added", "Removed", "Renamed", "Held"), "Count"),
        **dict.fromkeys(("Observed", "Unresolved", "RunSucceeded", "RunFailed"), "Count"),
        **dict.fromkeys(("GuardTripped", "ColdStart", "ChangeEventsPending"), "Count"),
        **dict.fromkeys(("AggregateInconsistent", "AggregateNotMaterialized"), "Count"),
        **dict.fromkeys(("RunDuration", "RefreshDuration", "MaterializationLag"), "Seconds"),
    }


def test_a_container_counts_one_cold_start(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shared_metrics, "_starts", shared_metrics.cold_starts())
    invoke(SCHEDULE)
    invoke(SCHEDULE)
    documents = emf.documents(capsys.readouterr().out)
    assert [document["ColdStart"] for document in documents] == [[1.0], [0.0]]


def test_every_line_of_a_run_s_log_names_it(
    migrated: Sandbox,
    fleet: Fleet,
    log_as_it_was: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CHANGE_EVENT_BUS", "changes")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    fleet.add_pairs(1, migrated.now() - MINUTE)
    logs.configure_json("INFO")
    run = invoke(SCHEDULE)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    logged = {line["message"]: line["run_id"] for line in lines if "message" in line}
    assert logged == {"run_finished": run["run_id"], "events_not_sent": run["run_id"]}


def test_a_dry_run_has_no_metrics(migrated: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    invoke({"dry_run": True})
    assert emf.documents(capsys.readouterr().out) == []


def test_a_failed_run_fails_the_invocation_and_counts(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    with pytest.raises(DatabaseUnavailableError, match="port 1 failed"):
        invoke(SCHEDULE)
    engine_for.cache_clear()
    [document] = emf.documents(capsys.readouterr().out)
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
