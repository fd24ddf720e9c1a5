"""CloudWatch metrics of telemetry; `feature.py` declares them."""

from collections.abc import Sequence

from chalicelib import metrics
from chalicelib.features.telemetry.bodies import Tidied
from chalicelib.features.telemetry.context import Outcome
from chalicelib.features.telemetry.feature import FEATURE, REFUSED_METRICS

# What one document of CloudWatch takes of a metric.
MOST_VALUES = 100


def publish(outcome: Outcome) -> None:
    """How many records and readings there were, what became of them, and how long it took."""
    counts: dict[str, float] = {
        "RecordsReceived": outcome.received,
        "ReadingsStored": outcome.stored,
    }
    # A metric costs in each hour in which it is published: most platforms need not pay for all.
    seldom = {
        "ReadingsCorrected": outcome.corrected,
        "ReadingsMarked": outcome.marked,
        "Anomalies": outcome.anomaly_count,
        **{REFUSED_METRICS[why]: count for why, count in outcome.counts_by_reason().items()},
    }
    counts |= {name: count for name, count in seldom.items() if count}
    if outcome.pending_event_count is not None:
        counts["ChangeEventsPending"] = outcome.pending_event_count
    metrics.publish(
        FEATURE.name, counts, {}, samples={"IngestionLatency": sampled(outcome.latencies)}
    )


def publish_tidied(done: Tidied) -> None:
    """How many events still wait."""
    if done.pending_event_count is not None:
        metrics.publish(FEATURE.name, {"ChangeEventsPending": done.pending_event_count}, {})


def sampled(latencies: Sequence[float]) -> list[float]:
    """As many of *latencies* as a document takes, evenly from the shortest to the longest.

    The middle, and the longest, of many are so the same as those of all.
    """
    in_order = sorted(latencies)
    if len(in_order) <= MOST_VALUES:
        return in_order
    last = len(in_order) - 1
    return [in_order[round(place * last / (MOST_VALUES - 1))] for place in range(MOST_VALUES)]
