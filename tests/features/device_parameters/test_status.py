"""What `GET /status` and `GET /health` say."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib.database import engine_for
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.model import RunStatus, State, Trigger
from chalicelib.features.device_parameters.status import state_of
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=3)


def get(path: str) -> tuple[int, Any]:
    with Client(app) as client:
        response = client.http.get(path)
        return response.status_code, response.json_body


def run(status: RunStatus, finished_at: datetime | None = NOW) -> Run:
    return Run(1, Trigger.SCHEDULE, status, NOW, 60, NOW, finished_at)


@pytest.mark.parametrize(
    ("last_settled", "last_success", "state"),
    [
        (None, None, State.NEVER_RUN),
        (run(RunStatus.FAILED), None, State.FAILING),
        (run(RunStatus.FAILED), run(RunStatus.SUCCEEDED), State.FAILING),
        (
            run(RunStatus.GUARDED),
            run(RunStatus.SUCCEEDED, NOW - 3 * timedelta(hours=1)),
            State.GUARDED,
        ),
        (run(RunStatus.SUCCEEDED), run(RunStatus.SUCCEEDED, NOW - timedelta(hours=2)), State.OK),
        (
            run(RunStatus.SUCCEEDED),
            run(RunStatus.SUCCEEDED, NOW - timedelta(hours=2, microseconds=1)),
            State.STALE,
        ),
    ],
)
def test_the_state_is_the_worst_that_is_true(
    last_settled: Run | None, last_success: Run | None, state: State
) -> None:
    assert state_of(last_settled, last_success, NOW - timedelta(hours=2)) is state


def test_before_the_first_run_there_is_little_to_say(migrated: Sandbox) -> None:
    assert get("/status") == (
        200,
        {
            "state": "never_run",
            "last_run": None,
            "last_success": None,
            "changes": {
                "added": [],
                "removed": [],
                "renamed": [],
                "held": [],
                "truncated": False,
            },
            "held_removals": 0,
            "pause": None,
            "totals": {"devices": 0, "parameters": 0, "pairs": 0},
            "warnings": [],
        },
    )


def test_status_shows_the_last_run_and_its_changes(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(2, migrated.now() - MINUTE)
    sync()
    fleet.switch_off("d000")
    last = sync()
    status, body = get("/status")
    assert status == 200
    assert body["state"] == "ok"
    assert body["last_run"] == body["last_success"]
    assert set(body["last_run"]) == {
        *("run_id", "trigger", "status", "as_of", "window_minutes", "started_at", "finished_at"),
        *("duration_ms", "guard", "requested_by", "comment", "deltas", "evidence", "error"),
    }
    assert body["last_run"]["run_id"] == last.run_id
    assert body["last_run"]["as_of"] == last.as_of.astimezone(UTC).isoformat().replace(
        "+00:00", "Z"
    )
    assert body["last_run"]["deltas"] == {
        **{"added": 0, "removed": 1, "renamed": 0, "held": 0, "observed": 1, "unresolved": 0}
    }
    assert body["changes"]["removed"] == [
        {
            "device_id": "d000",
            "device_name": "d000",
            "parameter_id": "p",
            "parameter_name": "p",
            "reason": "device_inactive",
        }
    ]
    assert body["totals"] == {"devices": 1, "parameters": 1, "pairs": 1}


def test_at_most_fifty_changes_of_a_kind_are_shown(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(51, migrated.now() - MINUTE)
    sync()
    changes = get("/status")[1]["changes"]
    assert [pair["device_id"] for pair in changes["added"]] == [f"d{n:03}" for n in range(50)]
    assert changes["truncated"] is True


def test_a_retention_shorter_than_the_window_is_reported(
    migrated: Sandbox,
    sync: SyncRunner,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    migrated.rows(
        "SELECT add_retention_policy('iot_data.timescale_measurements', interval '2 hours')"
    )
    try:
        assert get("/status")[1]["warnings"] == []
        monkeypatch.setenv("CHECK_INTERVAL_MINUTES", "121")
        [warning] = get("/status")[1]["warnings"]
        assert "dropped after 02:00:00" in warning
        with caplog.at_level(logging.WARNING):
            sync(window_minutes=121)
        assert "raw_retention_shorter_than_window" in caplog.messages
    finally:
        migrated.rows("SELECT remove_retention_policy('iot_data.timescale_measurements')")


def test_health_is_up_when_a_run_could_start(migrated: Sandbox) -> None:
    assert get("/health") == (200, {"status": "up"})


@pytest.mark.parametrize("path", ["/health", "/status"])
def test_an_unreachable_database_is_a_503_that_says_what_to_check(
    migrated: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    path: str,
) -> None:
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    monkeypatch.setenv("TIMESCALE_DB_PASSWORD", "open-sesame")
    status, body = get(path)
    engine_for.cache_clear()
    assert status == 503
    assert body["error"]["code"] == "DATABASE_UNAVAILABLE"
    assert "port 1 failed: Connection refused; nobody listens there" in body["error"]["message"]
    assert "check TIMESCALE_DB_HOST and TIMESCALE_DB_PORT" in body["error"]["message"]
    assert set(body["error"]) == {"code", "message", "details", "requestId"}
    assert "open-sesame" not in caplog.text + json.dumps(body)


def test_a_schema_that_is_behind_is_a_503(migrated: Sandbox) -> None:
    migrated.rows("UPDATE iot_data.device_parameters_version SET version_num = '0001'")
    migrated.expect_rebuild()
    status, body = get("/health")
    assert (status, body["error"]["code"]) == (503, "SCHEMA_OUTDATED")
    assert "run `alembic upgrade head`" in body["error"]["message"]


def test_a_database_never_migrated_is_a_503(sources: Sandbox) -> None:
    status, body = get("/health")
    assert (status, body["error"]["code"]) == (503, "SCHEMA_OUTDATED")


def test_a_lost_aggregate_is_a_503(migrated: Sandbox) -> None:
    migrated.rows("DROP MATERIALIZED VIEW iot_data.device_parameters_hourly CASCADE")
    migrated.expect_rebuild()
    status, body = get("/health")
    assert (status, body["error"]["code"]) == (503, "AGGREGATE_MISSING")
    assert "run `cli.py repair`" in body["error"]["message"]


def test_strangers_are_not_told_why_the_database_cannot_be_reached(
    migrated: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AUTH_MODE", "required")
    monkeypatch.setenv("TIMESCALE_DB_PORT", "1")
    status, body = get("/health")
    engine_for.cache_clear()
    assert (status, body["error"]["message"]) == (503, "the service is down")
    assert "127.0.0.1" not in json.dumps(body)


def test_a_missing_setting_is_named(
    environment: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("TIMESCALE_DB_HOST")
    status, body = get("/status")
    assert (status, body["error"]["code"]) == (500, "INVALID_SETTING")
    assert body["error"]["message"] == "TIMESCALE_DB_HOST is not set"
    assert caplog.records[-1].reason == "TIMESCALE_DB_HOST is not set"  # type: ignore[attr-defined]
