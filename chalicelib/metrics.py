"""CloudWatch metrics in the embedded metric format: a log line, no API call.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat

from chalicelib.settings import METRICS_NAMESPACE


def cold_starts() -> Iterator[int]:
    """1 the first time, and 0 ever after."""
    return chain([1], repeat(0))


_starts = cold_starts()


def publish(
    service: str,
    counts: Mapping[str, float],
    seconds: Mapping[str, float],
    dimensions: Mapping[str, str] | None = None,
    samples: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """Log one document of metrics about *service*, with further *dimensions*.

    Besides *counts*, durations in *seconds* and *samples* of several durations each, fewer than
    100, it says, as `ColdStart`, whether this process has published before: a container's first
    document counts 1, the others 0.
    """
    # Imported here: only Lambda publishes, and the command line should not pay for it.
    from aws_lambda_powertools import Metrics
    from aws_lambda_powertools.metrics import MetricUnit

    metrics = Metrics(namespace=METRICS_NAMESPACE.value(), service=service)
    for name, value in (dimensions or {}).items():
        metrics.add_dimension(name, value)
    for name, count in {**counts, "ColdStart": next(_starts)}.items():
        metrics.add_metric(name, MetricUnit.Count, count)
    for name, duration in seconds.items():
        metrics.add_metric(name, MetricUnit.Seconds, duration)
    for name, durations in (samples or {}).items():
        for duration in durations:
            metrics.add_metric(name, MetricUnit.Seconds, duration)
    metrics.flush_metrics()
