"""CloudWatch metrics of a run, in the embedded metric format: a log line, no API call."""

from chalicelib.device_parameters.model import Run, RunStatus

NAMESPACE = "DeviceParameters"


def publish_run(run: Run) -> None:
    """The deltas and the duration of a run that came to its end."""
    counts = {name.capitalize(): count for name, count in vars(run.deltas).items()}
    seconds = (run.finished_at - run.started_at).total_seconds() if run.finished_at else 0.0
    guarded = int(run.status is RunStatus.GUARDED)
    _publish({**counts, "GuardTripped": guarded, "RunFailed": 0}, seconds)


def publish_failure() -> None:
    """One run that raised."""
    _publish({"RunFailed": 1}, None)


def _publish(counts: dict[str, int], run_seconds: float | None) -> None:
    # Imported here: only Lambda publishes, and the command line should not pay for it.
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics(namespace=NAMESPACE, service="sync")
    for name, count in counts.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    if run_seconds is not None:
        metrics.add_metric("RunDuration", MetricUnit.Seconds, run_seconds)
    metrics.flush_metrics()
