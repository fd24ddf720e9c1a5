"""CloudWatch metrics of a run."""

from chalicelib import metrics
from chalicelib.features.device_parameters.model import Run, RunStatus

SERVICE = "sync"


def publish_run(run: Run) -> None:
    """The deltas and the durations of a run that came to its end."""
    counts: dict[str, float] = {name.title(): count for name, count in vars(run.deltas).items()}
    counts |= {
        "RunSucceeded": int(run.status is RunStatus.SUCCEEDED),
        "GuardTripped": int(run.status is RunStatus.GUARDED),
        "RunFailed": 0,
    }
    if run.telemetry.pending_event_count is not None:
        counts["ChangeEventsPending"] = run.telemetry.pending_event_count
    metrics.publish(SERVICE, counts, _seconds(run))


def publish_failure() -> None:
    """One run that raised."""
    metrics.publish(SERVICE, {"RunSucceeded": 0, "RunFailed": 1}, {})


def _seconds(run: Run) -> dict[str, float]:
    durations = {
        "RunDuration": (run.finished_at - run.started_at).total_seconds()
        if run.finished_at
        else None,
        "RefreshDuration": run.telemetry.refresh_seconds,
        "MaterializationLag": run.telemetry.materialization_lag_seconds,
    }
    return {name: value for name, value in durations.items() if value is not None}
