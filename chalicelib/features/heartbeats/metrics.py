"""CloudWatch metrics of heartbeats and of silence; `feature.py` declares them."""

from chalicelib import metrics
from chalicelib.features.heartbeats.bodies import Recorded, SilenceCheck
from chalicelib.features.heartbeats.feature import FEATURE


def publish_recorded(recorded: Recorded) -> None:
    """How many heartbeats of an event are stored, and how many are not."""
    counts = {"HeartbeatsStored": recorded.stored, "HeartbeatsRefused": len(recorded.refused)}
    # A metric costs in each hour in which it is published: most platforms need never pay for it.
    if recorded.quarantined:
        counts["HeartbeatsQuarantined"] = recorded.quarantined
    metrics.publish(FEATURE.name, counts, {})


def publish_check(check: SilenceCheck) -> None:
    """How many devices are silent, and what has changed about that."""
    counts = {
        "DevicesStale": check.stale,
        "BecameStale": check.became_stale,
        "Recovered": check.recovered,
    }
    if check.pending_event_count is not None:
        counts["ChangeEventsPending"] = check.pending_event_count
    metrics.publish(FEATURE.name, counts, {})
