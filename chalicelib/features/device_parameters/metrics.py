"""CloudWatch metrics of a run."""

from chalicelib import metrics
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Telemetry
from chalicelib.features.device_parameters.feature import FEATURE
from chalicelib.features.device_parameters.model import RunStatus


def publish_run(run: Run, telemetry: Telemetry) -> None:
    """Publish the deltas and the durations of a run that has ended."""
    counts: dict[str, float] = {
        "Added": run.deltas.added,
        "Removed": run.deltas.removed,
        "Renamed": run.deltas.renamed,
        "Held": run.deltas.held,
        "Observed": run.deltas.observed,
        "Unresolved": run.deltas.unresolved,
        "RunSucceeded": int(run.status is RunStatus.SUCCEEDED),
        "GuardTripped": int(run.status is RunStatus.GUARDED),
        "RunFailed": 0,
    }
    # A run that was skipped has looked at nothing.
    if run.status is not RunStatus.SKIPPED:
        counts["AggregateInconsistent"] = int(telemetry.finding is not None)
        counts["AggregateNotMaterialized"] = int(not telemetry.is_materialized)
    if telemetry.pending_event_count is not None:
        counts["ChangeEventsPending"] = telemetry.pending_event_count
    metrics.publish(FEATURE.name, counts, _seconds(run, telemetry))


def publish_failure() -> None:
    """Publish that one run raised."""
    metrics.publish(FEATURE.name, {"RunSucceeded": 0, "RunFailed": 1}, {})


def _seconds(run: Run, telemetry: Telemetry) -> dict[str, float]:
    durations = {
        "RunDuration": (run.finished_at - run.started_at).total_seconds()
        if run.finished_at
        else None,
        "RefreshDuration": telemetry.refresh_seconds,
        "MaterializationLag": telemetry.materialization_lag_seconds,
    }
    return {name: value for name, value in durations.items() if value is not None}
