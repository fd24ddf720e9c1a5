"""What somebody must be told, whom, and where it says what to do."""

from dataclasses import dataclass

from stack import metrics, sizes
from stack.functions import FUNCTIONS, HOUR, LOAD, Function
from stack.intrinsics import Json, ref, sub, when
from stack.metrics import Metric

TOPIC = "AlarmTopic"
_MINUTES_5 = 300
_NEAR = 0.8
_MILLISECONDS = 1000

# What silence means. A counter that nobody adds to is not reported at all: nothing happened.
_NOTHING_HAPPENED = "notBreaching"
# A run reports once; until another one says otherwise, its word stands.
_AS_LAST_SEEN = "ignore"
_SILENCE_IS_THE_ALARM = "breaching"


@dataclass(frozen=True)
class Alarm:
    """*datapoints* of *periods* in a row are on the wrong side of the threshold."""

    resource: str
    name: str
    anchor: str
    meaning: str
    metric: Metric
    statistic: str
    threshold: float
    missing: str
    period: int = _MINUTES_5
    periods: int = 1
    datapoints: int = 1
    comparison: str = "GreaterThanThreshold"


def all_alarms() -> list[Alarm]:
    """Those of every function, then those of the whole."""
    return [alarm for function in FUNCTIONS for alarm in _of(function)] + [
        _no_successful_run(),
        _removals_held(),
        _change_events_pending(),
        _silence_events_pending(),
        _no_heartbeat_check(),
        *(_failed_loads(dataset) for dataset in metrics.DATASETS),
        _timestream_throttled(),
        _api_errors(),
        _dead_letters(),
    ]


def resources() -> dict[str, Json]:
    """The alarms, and the topic that goes with an address."""
    return {
        TOPIC: _topic(),
        **_throttled_requests(),
        **{alarm.resource: _resource(alarm) for alarm in all_alarms()},
    }


def _of(function: Function) -> list[Alarm]:
    alarms = [_near_timeout(function)]
    if function.errors_are_alarming:
        alarms.append(_errors(function))
    if sizes.is_limited(function.name) or not function.errors_are_alarming:
        alarms.append(_throttles(function))
    return alarms


def _errors(function: Function) -> Alarm:
    return Alarm(
        resource=f"{function.resource}Errors",
        name=f"{function.name}-errors",
        anchor="function-errors",
        meaning=f"{function.name} ({function.purpose}) raised, timed out or did not start.",
        metric=metrics.of_function(function, "Errors"),
        statistic="Sum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
    )


def _near_timeout(function: Function) -> Alarm:
    timeout = sizes.timeout_seconds(function.name)
    seconds = function.slow_after_seconds or timeout * _NEAR
    return Alarm(
        resource=f"{function.resource}NearTimeout",
        name=f"{function.name}-near-timeout",
        anchor="function-near-its-timeout",
        meaning=f"{function.name} took more than {seconds:.0f} of the {timeout} s it may take.",
        metric=metrics.of_function(function, "Duration"),
        statistic="Maximum",
        threshold=round(seconds * _MILLISECONDS),
        missing=_NOTHING_HAPPENED,
    )


def _throttles(function: Function) -> Alarm:
    """For longer than one run may take: two at once are normal, and Lambda tries again."""
    return Alarm(
        resource=f"{function.resource}Throttles",
        name=f"{function.name}-throttles",
        anchor="function-throttled",
        meaning=f"{function.name} has been turned away by its concurrency limit for 20 minutes.",
        metric=metrics.of_function(function, "Throttles"),
        statistic="Sum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
        periods=4,
        datapoints=4,
    )


def _no_successful_run() -> Alarm:
    """A run that never started says nothing at all, which no alarm on errors would notice."""
    return Alarm(
        resource="NoSuccessfulRun",
        name="no-successful-run",
        anchor="no-successful-run",
        meaning="No run has succeeded in two intervals: device_parameters is going stale.",
        metric=metrics.of_runs("RunSucceeded"),
        statistic="Sum",
        threshold=1,
        missing=_SILENCE_IS_THE_ALARM,
        period=HOUR,
        periods=2,
        datapoints=2,
        comparison="LessThanThreshold",
    )


def _removals_held() -> Alarm:
    return Alarm(
        resource="RemovalsHeld",
        name="removals-held",
        anchor="removals-held",
        meaning="The guard holds removals back: either ingestion is down, or a fleet really left.",
        metric=metrics.of_runs("GuardTripped"),
        statistic="Maximum",
        threshold=0,
        missing=_AS_LAST_SEEN,
    )


def _change_events_pending() -> Alarm:
    """Three hours in which two must be bad: hourly runs drift over the edge of an hour."""
    return Alarm(
        resource="ChangeEventsPending",
        name="change-events-pending",
        anchor="change-events-pending",
        meaning="Change events have not been accepted by the event bus for two hours.",
        metric=metrics.of_runs("ChangeEventsPending"),
        statistic="Minimum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
        period=HOUR,
        periods=3,
        datapoints=2,
    )


def _silence_events_pending() -> Alarm:
    return Alarm(
        resource="SilenceEventsPending",
        name="silence-events-pending",
        anchor="change-events-pending",
        meaning="Events of silent devices have not been accepted by the event bus for an hour.",
        metric=metrics.of_heartbeats("ChangeEventsPending"),
        statistic="Minimum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
        period=HOUR,
    )


def _no_heartbeat_check() -> Alarm:
    """A check that never started notices no silence."""
    return Alarm(
        resource="NoHeartbeatCheck",
        name="no-heartbeat-check",
        anchor="no-heartbeat-check",
        meaning="No check for silent devices has ended well for 15 minutes.",
        metric=metrics.of_heartbeats("DevicesStale"),
        statistic="SampleCount",
        threshold=1,
        missing=_SILENCE_IS_THE_ALARM,
        periods=3,
        datapoints=3,
        comparison="LessThanThreshold",
    )


def _failed_loads(dataset: str) -> Alarm:
    """What cannot be loaded as it is: for Lambda, that is no error."""
    return Alarm(
        resource=f"FailedLoadsOf{dataset.title()}",
        name=f"failed-loads-{dataset}",
        anchor="failed-loads",
        meaning=f"Files of the dataset {dataset} have not been loaded.",
        metric=metrics.of_loads("ProcessingErrors", dataset),
        statistic="Sum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
    )


def _timestream_throttled() -> Alarm:
    return Alarm(
        resource="TimestreamThrottled",
        name="timestream-throttled",
        anchor="timestream-throttled",
        meaning="Timestream has turned requests away for a quarter of an hour.",
        metric=metrics.TIMESTREAM_THROTTLED,
        statistic="Sum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
        periods=3,
        datapoints=3,
    )


def _api_errors() -> Alarm:
    """The average of this metric is the share of requests; one bad answer at night is no alarm."""
    return Alarm(
        resource="ApiErrors",
        name="api-errors",
        anchor="api-errors",
        meaning="More than 5 % of the API's answers were 5XX in two of the last three 5 minutes.",
        metric=metrics.of_api("5XXError"),
        statistic="Average",
        threshold=0.05,
        missing=_NOTHING_HAPPENED,
        periods=3,
        datapoints=2,
    )


def _dead_letters() -> Alarm:
    return Alarm(
        resource="DeadLettersVisible",
        name="dead-letters",
        anchor="dead-letters",
        meaning="An invocation failed for good and waits in the dead-letter queue for 14 days.",
        metric=metrics.of_dead_letters("ApproximateNumberOfMessagesVisible"),
        statistic="Maximum",
        threshold=0,
        missing=_NOTHING_HAPPENED,
    )


def _resource(alarm: Alarm) -> Json:
    told = [when("TellsTopic", ref("AlarmTopicArn")), when("TellsAddress", ref(TOPIC))]
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(f"${{AWS::StackName}}-{alarm.name}"),
            "AlarmDescription": f"{alarm.meaning} See docs/operations.md#{alarm.anchor}",
            **alarm.metric.as_properties(),
            "Statistic": alarm.statistic,
            "Period": alarm.period,
            "EvaluationPeriods": alarm.periods,
            "DatapointsToAlarm": alarm.datapoints,
            "ComparisonOperator": alarm.comparison,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.missing,
            "AlarmActions": told,
            "OKActions": told,
        },
    }


def _throttled_requests() -> dict[str, Json]:
    """What a load logs at its end, as a metric."""
    properties = {
        "LogGroupName": ref(LOAD.logs),
        "FilterPattern": '{ $.message = "timestream_written" && $.throttled > 0 }',
        "MetricTransformations": [
            {
                "MetricNamespace": metrics.TIMESTREAM_THROTTLED.namespace,
                "MetricName": metrics.TIMESTREAM_THROTTLED.name,
                "MetricValue": "$.throttled",
            }
        ],
    }
    return {"TimestreamThrottling": {"Type": "AWS::Logs::MetricFilter", "Properties": properties}}


def _topic() -> Json:
    """Not encrypted: CloudWatch cannot publish through the key that SNS comes with."""
    subscription = {"Protocol": "email", "Endpoint": ref("AlarmEmail")}
    return {
        "Type": "AWS::SNS::Topic",
        "Condition": "TellsAddress",
        "Properties": {"Subscription": [subscription]},
    }
