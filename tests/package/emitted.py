"""What the application reports, by asking it: the lines its publishing functions print."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.features.device_parameters import metrics
from chalicelib.features.device_parameters.model import Run, RunStatus, Telemetry, Trigger
from chalicelib.features.heartbeats import metrics as heartbeat_metrics
from chalicelib.features.heartbeats.model import Check, Recorded
from chalicelib.features.parquet_loads import metrics as load_metrics
from chalicelib.features.parquet_loads.model import Dataset, Load, LoadStatus, Location, Sink

# A metric by its name and the values of its dimensions.
Series = tuple[str, dict[str, str]]

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
    for dataset in (*Dataset, None):
        load_metrics.publish_load(_load_of(dataset))
        load_metrics.publish_failure(dataset)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def reported_series(lines: list[dict[str, Any]]) -> list[Series]:
    """Every metric of *lines*, once."""
    found = [
        (metric["Name"], {name: line[name] for name in dimensions})
        for line in lines
        for group in line["_aws"]["CloudWatchMetrics"]
        for dimensions in group["Dimensions"]
        for metric in group["Metrics"]
    ]
    return [series for number, series in enumerate(found) if series not in found[:number]]


def _load_of(dataset: Dataset | None) -> Load:
    return Load(
        load_id=1,
        location=Location("bucket", "key"),
        version="1",
        sink=Sink.TIMESCALE,
        dataset=dataset,
        status=LoadStatus.SUCCEEDED,
        size_bytes=1,
        modified_at=_NOON,
        attempt_count=1,
        started_at=_NOON,
        finished_at=_NOON,
    )
