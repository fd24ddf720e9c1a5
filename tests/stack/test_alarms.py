"""Which alarms follow from a declaration."""

import pytest

from chalicelib.feature import HOUR, Alarm, Events, Function, Metric
from tests.stack.declarations import feature, resources

LATE = Alarm("visits-late", "Visits are late.", section="late", metric="Late", statistic="Sum")


def test_a_function_has_an_alarm_before_its_timeout() -> None:
    functions = (
        Function("usual", "does", timeout_s=100),
        Function("special", "does", timeout_s=900, slow_after_s=600),
    )
    made = resources([feature(functions=functions)])
    assert made["UsualNearTimeout"]["Properties"]["Threshold"] == 80_000
    assert made["SpecialNearTimeout"]["Properties"]["Threshold"] == 600_000


def test_a_function_that_fails_is_an_alarm_unless_it_refuses_for_a_living() -> None:
    refuses = Function("refuse", "refuses", errors_are_alarming=False)
    made = resources([feature(functions=(Function("work", "works"), refuses))])
    assert "WorkErrors" in made
    assert "RefuseErrors" not in made


def test_a_function_that_is_turned_away_is_an_alarm_where_that_is_to_be_expected() -> None:
    limited = Function("count", "counts", concurrency=1)
    made = resources([feature(functions=(Function("work", "works"), limited))])
    assert "CountThrottles" in made
    assert "WorkThrottles" not in made


def test_an_alarm_is_about_the_feature_that_declares_it() -> None:
    made = resources([feature(metrics=(Metric("Late", graph="Late"),), alarms=(LATE,))])
    alarm = made["VisitsLate"]["Properties"]
    assert alarm["AlarmName"] == {"Fn::Sub": "${AWS::StackName}-visits-late"}
    assert alarm["AlarmDescription"] == "Visits are late. See docs/operations.md#late"
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "visits"}]


def test_a_metric_that_is_split_has_an_alarm_for_each_value() -> None:
    late = Alarm("late", "Visits to {value} are late.", "late", metric="Late", statistic="Sum")
    declared = feature(
        metrics=(Metric("Late", graph="Late"),),
        split_by=("country", ("home", "far-away")),
        alarms=(late,),
    )
    made = resources([declared])
    alarm = made["LateOfFarAway"]["Properties"]
    assert alarm["AlarmName"] == {"Fn::Sub": "${AWS::StackName}-late-far-away"}
    assert alarm["AlarmDescription"].startswith("Visits to far-away are late.")
    assert alarm["Dimensions"] == [
        {"Name": "country", "Value": "far-away"},
        {"Name": "service", "Value": "visits"},
    ]
    assert "LateOfHome" in made


def test_what_is_counted_in_a_log_is_counted_in_that_of_its_function() -> None:
    counted = Metric(
        "Late", graph="Late", function="read", pattern="{ $.late > 0 }", value="$.late"
    )
    declared = feature(
        functions=(Function("read", "reads"),),
        metrics=(counted,),
        # What CloudWatch counts in a log has no dimensions.
        split_by=("country", ("home",)),
        alarms=(LATE,),
    )
    made = resources([declared])
    assert made["LateFilter"]["Properties"] == {
        "LogGroupName": {"Ref": "ReadLogs"},
        "FilterPattern": "{ $.late > 0 }",
        "MetricTransformations": [
            {
                "MetricNamespace": made["VisitsLate"]["Properties"]["Namespace"],
                "MetricName": "Late",
                "MetricValue": "$.late",
            }
        ],
    }
    assert made["VisitsLate"]["Properties"]["Dimensions"] == []


@pytest.mark.parametrize(("hours", "periods"), [(1, 1), (2, 3), (5, 6)])
def test_events_that_wait_are_an_alarm_of_the_feature_that_sends_them(
    hours: int, periods: int
) -> None:
    """Beyond an hour one period more is looked at: hourly reports drift over its edge."""
    made = resources([feature(sends=Events("visit", may_wait_h=hours))])
    alarm = made["VisitEventsPending"]["Properties"]
    assert (alarm["MetricName"], alarm["Statistic"]) == ("ChangeEventsPending", "Minimum")
    assert alarm["Dimensions"] == [{"Name": "service", "Value": "visits"}]
    assert (alarm["Period"], alarm["DatapointsToAlarm"]) == (HOUR, hours)
    assert alarm["EvaluationPeriods"] == periods


def test_a_feature_that_sends_nothing_has_no_such_alarm() -> None:
    assert [name for name in resources([feature()]) if name.endswith("EventsPending")] == []
