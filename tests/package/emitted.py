"""What the application reports, by asking it: the lines its publishing functions print."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.device_parameters import metrics
from chalicelib.device_parameters.model import Run, RunStatus, Telemetry, Trigger
from chalicelib.heartbeats import metrics as heartbeat_metrics
from chalicelib.heartbeats.model import Check, Recorded

_NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
_RUN = Run(
    run_id=1,
    trigger=Trigger.SCHEDULE,
    status=RunStatus.SUCCEEDED,
    as_of=_NOON,
    window_minutes=60,
    started_at=_NOON,
    finished_at=_NOON,
    telemetry=Telemetry(refresh_seconds=1, materialization_lag_seconds=1, pending_event_count=0),
)


def metric_lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """What each feature prints, in the embedded metric format."""
    capsys.readouterr()
    metrics.publish_run(_RUN)
    metrics.publish_failure()
    heartbeat_metrics.publish_recorded(Recorded(1, []))
    heartbeat_metrics.publish_check(Check(_NOON, pending_event_count=0))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def metrics_by_name(lines: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    """By service and metric, its namespace and the values of its dimensions."""
    return {
        (line["service"], metric["Name"]): {
            "namespace": group["Namespace"],
            "dimensions": {name: line[name] for name in dimensions},
        }
        for line in lines
        for group in line["_aws"]["CloudWatchMetrics"]
        for dimensions in group["Dimensions"]
        for metric in group["Metrics"]
    }
