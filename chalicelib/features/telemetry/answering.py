"""What whoever sends records is told."""

from chalicelib.features.telemetry.bodies import Ingested, Refusal
from chalicelib.features.telemetry.context import Outcome
from chalicelib.features.telemetry.model import Admission, Reject

MOST_REFUSALS = 100


def answer_of(outcome: Outcome, admission: Admission) -> Ingested:
    """*outcome* for the sender; the rejects in the order of the records."""
    rejects = sorted(outcome.rejects, key=lambda reject: reject.record.place)
    return Ingested(
        received=outcome.received,
        readings=outcome.readings,
        stored=outcome.stored,
        corrected=outcome.corrected,
        anomalies=outcome.anomaly_count,
        rejected=len(rejects),
        refusals=[_refusal(reject, admission) for reject in rejects[:MOST_REFUSALS]],
    )


def _refusal(reject: Reject, admission: Admission) -> Refusal:
    return Refusal(
        index=reject.record.place,
        device_id=reject.device_id,
        metric=reject.metric,
        reason=reject.reason,
        message=reject.message,
        is_quarantined=admission.is_quarantined(reject.reason),
    )
