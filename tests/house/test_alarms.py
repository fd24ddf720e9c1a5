"""An alarm watches what is reported, as CloudWatch can, and somebody can do something about it."""

import pytest

from chalicelib.feature import PUT_EVENTS, Feature
from stack import alarms, metrics
from stack.alarms import Watch
from stack.declared import DECLARED
from tests.house.markdown import anchors
from tests.sandbox import PROJECT

WATCHES = alarms.watches(DECLARED)
SECTIONS = anchors(PROJECT / "docs" / "operations.md")
# The metrics of AWS's own services that are used here.
OF_AWS = {
    "AWS/Lambda": {"Errors", "Duration", "Throttles", "IteratorAge"},
    "AWS/ApiGateway": {"5XXError", "4XXError", "Count", "Latency", "IntegrationLatency"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}
by_name = pytest.mark.parametrize("watch", WATCHES, ids=lambda watch: watch.alarm.name)


@by_name
def test_an_alarm_says_what_to_do(watch: Watch) -> None:
    assert watch.alarm.section in SECTIONS, "docs/operations.md has no such heading"


@by_name
def test_an_alarm_says_what_it_means_in_a_sentence(watch: Watch) -> None:
    assert watch.alarm.meaning.endswith(".")
    assert "{" not in watch.alarm.meaning, "only metrics that are split have values"


@by_name
def test_an_alarm_looks_back_no_further_than_cloudwatch_can(watch: Watch) -> None:
    """How long an alarm may look at most: a day, or a week if a period is an hour or longer."""
    alarm = watch.alarm
    days = 7 if alarm.period_s >= 3600 else 1
    assert alarm.period_s * alarm.periods <= days * 86_400
    assert 1 <= alarm.datapoints <= alarm.periods


@by_name
def test_what_aws_reports_is_watched_by_its_name(watch: Watch) -> None:
    if isinstance(watch.series.namespace, str):
        assert watch.series.name in OF_AWS[watch.series.namespace]


@pytest.mark.parametrize("feature", DECLARED, ids=lambda feature: feature.name)
def test_an_alarm_of_a_feature_watches_what_the_feature_declares(feature: Feature) -> None:
    known = {one.name for one in (*metrics.reported(feature), *metrics.counted(feature))}
    assert {alarm.metric for alarm in feature.alarms} <= known


@pytest.mark.parametrize("feature", DECLARED, ids=lambda feature: feature.name)
def test_a_feature_that_sends_events_may_send_them(feature: Feature) -> None:
    senders = [function.name for function in feature.functions if PUT_EVENTS in function.may]
    assert senders or not feature.sends
