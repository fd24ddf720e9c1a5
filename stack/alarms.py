"""Every alarm: what triggers it, who is told, and which section of operations.md helps."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from chalicelib.feature import HOUR, Alarm, Events, Feature, Function, Metric
from stack import metrics, names
from stack.declared import Declared, functions
from stack.intrinsics import Json, ref, sub, when
from stack.metrics import Series
from stack.parameters import NAMESPACE

TOPIC = "AlarmTopic"
_NEAR = 0.8
_MILLISECONDS = 1000
_BEHIND_MINUTES = 5


@dataclass(frozen=True)
class Watch:
    """An alarm, under its logical id, on a series of its own."""

    resource: str
    alarm: Alarm
    series: Series


def watches(declared: Declared) -> list[Watch]:
    """The alarms of every function, those of every feature, then those of the whole stack."""
    return [
        *(watch for function in functions(declared) for watch in _of_function(function)),
        *(watch for feature in declared for watch in _of_feature(feature)),
        _api_errors(),
        _dead_letters(),
    ]


def resources(declared: Declared) -> dict[str, Json]:
    """The alarms, the filters that count in logs for them, and the topic that tells an address."""
    filters = [metric for feature in declared for metric in metrics.counted(feature)]
    return {
        TOPIC: _topic(),
        **{f"{metric.name}Filter": _filter(metric) for metric in filters},
        **{watch.resource: _resource(watch) for watch in watches(declared)},
    }


def _of_function(function: Function) -> Iterator[Watch]:
    resource = names.resource(function.name)
    near_timeout = metrics.of_function(function, "Duration")
    yield Watch(f"{resource}NearTimeout", _near_timeout(function), near_timeout)
    if function.errors_are_alarming:
        errors = metrics.of_function(function, "Errors")
        yield Watch(f"{resource}Errors", _errors(function), errors)
    if function.concurrency is not None or not function.errors_are_alarming:
        throttles = metrics.of_function(function, "Throttles")
        yield Watch(f"{resource}Throttles", _throttles(function), throttles)
    if function.stream:
        age = metrics.of_function(function, "IteratorAge")
        yield Watch(f"{resource}Behind", _behind(function), age)


def _of_feature(feature: Feature) -> Iterator[Watch]:
    pending = (_events_pending(feature.sends),) if feature.sends else ()
    for alarm in (*feature.alarms, *pending):
        for value, series in metrics.series(feature, alarm.metric).items():
            yield _split(alarm, value, series) if value else Watch(_id(alarm), alarm, series)


def _split(alarm: Alarm, value: str, series: Series) -> Watch:
    """The alarm for one value of the dimension by which the feature's metrics are split."""
    name, meaning = f"{alarm.name}-{value}", alarm.meaning.format(value=value)
    return Watch(
        f"{_id(alarm)}Of{names.camel(value)}", replace(alarm, name=name, meaning=meaning), series
    )


def _id(alarm: Alarm) -> str:
    return names.camel(alarm.name)


def _errors(function: Function) -> Alarm:
    return Alarm(
        f"{function.name}-errors",
        f"{function.name}, which {function.purpose}, raised, timed out or did not start.",
        section="function-errors",
        metric="Errors",
        statistic="Sum",
    )


def _near_timeout(function: Function) -> Alarm:
    seconds = function.slow_after_s or function.timeout_s * _NEAR
    return Alarm(
        f"{function.name}-near-timeout",
        f"{function.name} took more than {seconds:.0f} of the {function.timeout_s} s it may take.",
        section="function-near-its-timeout",
        metric="Duration",
        statistic="Maximum",
        threshold=round(seconds * _MILLISECONDS),
    )


def _throttles(function: Function) -> Alarm:
    """The alarm for throttling that outlasts a run.

    Two runs at once are normal, and Lambda tries again.
    """
    return Alarm(
        f"{function.name}-throttles",
        f"{function.name} has been turned away by its concurrency limit for 20 minutes.",
        section="function-throttled",
        metric="Throttles",
        statistic="Sum",
        periods=4,
        datapoints=4,
    )


def _behind(function: Function) -> Alarm:
    """The alarm for records that wait; a burst is taken in within a quarter of an hour."""
    return Alarm(
        f"{function.name}-behind",
        f"For 15 minutes {function.name} has been {_BEHIND_MINUTES} minutes behind its stream.",
        section="function-behind-its-stream",
        metric="IteratorAge",
        statistic="Maximum",
        threshold=_BEHIND_MINUTES * 60 * _MILLISECONDS,
        periods=3,
        datapoints=3,
    )


def _events_pending(events: Events) -> Alarm:
    """The alarm for events that wait.

    For several hours it looks at one hour more, because hourly reports drift over the edge of an
    hour.
    """
    hours = events.may_wait_h
    return Alarm(
        f"{events.kind}-events-pending",
        f"{events.kind.capitalize()} events have waited for {hours} h: the bus does not take them.",
        section="events-pending",
        metric=metrics.EVENTS_PENDING.name,
        statistic="Minimum",
        period_s=HOUR,
        periods=hours if hours == 1 else hours + 1,
        datapoints=hours,
    )


def _api_errors() -> Watch:
    """The average of this metric is the share of requests; one bad answer at night is no alarm."""
    alarm = Alarm(
        "api-errors",
        "More than 5 % of the API's answers were 5XX in two of the last three 5 minutes.",
        section="api-errors",
        metric="5XXError",
        statistic="Average",
        threshold=0.05,
        periods=3,
        datapoints=2,
    )
    return Watch(_id(alarm), alarm, metrics.of_api(alarm.metric))


def _dead_letters() -> Watch:
    alarm = Alarm(
        "dead-letters",
        "An invocation failed for good and waits in the dead-letter queue for 14 days.",
        section="dead-letters",
        metric="ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
    )
    return Watch("DeadLettersVisible", alarm, metrics.of_dead_letters(alarm.metric))


def _resource(watch: Watch) -> Json:
    alarm = watch.alarm
    told = [when("TellsTopic", ref("AlarmTopicArn")), when("TellsAddress", ref(TOPIC))]
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(f"${{AWS::StackName}}-{alarm.name}"),
            "AlarmDescription": f"{alarm.meaning} See docs/operations.md#{alarm.section}",
            **watch.series.as_properties(),
            "Statistic": alarm.statistic,
            "Period": alarm.period_s,
            "EvaluationPeriods": alarm.periods,
            "DatapointsToAlarm": alarm.datapoints,
            "ComparisonOperator": alarm.comparison,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.missing,
            "AlarmActions": told,
            "OKActions": told,
        },
    }


def _filter(metric: Metric) -> Json:
    """What a function logs, as a metric."""
    properties = {
        "LogGroupName": ref(names.logs(str(metric.function))),
        "FilterPattern": metric.pattern,
        "MetricTransformations": [
            {
                "MetricNamespace": NAMESPACE,
                "MetricName": metric.name,
                "MetricValue": metric.value,
            }
        ],
    }
    return {"Type": "AWS::Logs::MetricFilter", "Properties": properties}


def _topic() -> Json:
    """Not encrypted: CloudWatch cannot publish through the key that SNS comes with."""
    subscription = {"Protocol": "email", "Endpoint": ref("AlarmEmail")}
    return {
        "Type": "AWS::SNS::Topic",
        "Condition": "TellsAddress",
        "Properties": {"Subscription": [subscription]},
    }
