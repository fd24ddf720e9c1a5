"""What telemetry declares fits what its code does."""

from chalicelib.features.telemetry.feature import FEATURE
from chalicelib.features.telemetry.model import Reason


def test_each_reason_has_a_metric() -> None:
    declared = {metric.name for metric in FEATURE.metrics if metric.name.startswith("Rejected")}
    assert declared == {f"Rejected{reason.title().replace('_', '')}" for reason in Reason}
