"""CloudWatch metrics of telemetry; `feature.py` declares them."""

from collections.abc import Sequence

from chalicelib import metrics
from chalicelib.features.telemetry.bodies import Tidied
from chalicelib.features.telemetry.context import Outcome
from chalicelib.features.telemetry.feature import FEATURE
from chalicelib.features.telemetry.model import Reason

# One less than a document of CloudWatch takes of a metric: at the last one the library sends what
# it has by itself, and warns afterwards that there is nothing left to send.
MOST_VALUES = 99


def publish_outcome(outcome: Outcome) -> None:
    """How many records and readings there were, what became of them, and how long it took."""
    counts: dict[str, float] = {
        "RecordsReceived": outcome.received,
        "ReadingsStored": outcome.stored,
    }
    # A metric costs in each hour in which it is published: most platforms need not pay for all.
    counts |= {name: count for name, count in _seldom(outcome).items() if count}
    if outcome.pending_event_count is not None:
        counts["ChangeEventsPending"] = outcome.pending_event_count
    latencies = {"IngestionLatency": sampled(outcome.latencies)}
    metrics.publish(FEATURE.name, counts, {}, samples=latencies)


def _seldom(outcome: Outcome) -> dict[str, int]:
    rejected = outcome.counts_by_reason()
    return {
        "ReadingsCorrected": outcome.corrected,
        "ReadingsMarked": outcome.marked,
        "Anomalies": outcome.anomaly_count,
        "RejectedNotReadable": rejected[Reason.NOT_READABLE],
        "RejectedNoDevice": rejected[Reason.NO_DEVICE],
        "RejectedUnknownDevice": rejected[Reason.UNKNOWN_DEVICE],
        "RejectedOtherDevice": rejected[Reason.OTHER_DEVICE],
        "RejectedNoTime": rejected[Reason.NO_TIME],
        "RejectedWrongTime": rejected[Reason.WRONG_TIME],
        "RejectedAhead": rejected[Reason.AHEAD],
        "RejectedTooLate": rejected[Reason.TOO_LATE],
        "RejectedNoValues": rejected[Reason.NO_VALUES],
        "RejectedUnknownMetric": rejected[Reason.UNKNOWN_METRIC],
        "RejectedWrongType": rejected[Reason.WRONG_TYPE],
        "RejectedWrongUnit": rejected[Reason.WRONG_UNIT],
        "RejectedOutOfLimits": rejected[Reason.OUT_OF_LIMITS],
        "RejectedNotStorable": rejected[Reason.NOT_STORABLE],
    }


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
