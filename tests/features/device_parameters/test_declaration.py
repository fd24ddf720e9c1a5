"""What the sync declares fits together, and fits what it does."""

import pytest

from chalicelib.feature import HOUR
from chalicelib.features.device_parameters.feature import (
    FEATURE,
    SYNC_FUNCTION_NAME,
    SYNC_INTERVAL_MINUTES,
    SYNC_SCHEDULE,
)
from chalicelib.features.device_parameters.invocations import MEASUREMENTS_LOADED
from chalicelib.features.device_parameters.status import STALE_AFTER_INTERVALS
from chalicelib.features.parquet_loads import announcements
from chalicelib.settings import CHANGE_EVENT_BUS
from stack import stages
from stack.declared import DECLARED
from stack.template import template

FUNCTIONS = {function.name: function for function in FEATURE.functions}
[NO_SUCCESSFUL_RUN] = [alarm for alarm in FEATURE.alarms if alarm.name == "no-successful-run"]


def test_the_interval_of_a_stage_is_that_of_its_schedule() -> None:
    assert SYNC_SCHEDULE.in_stage == "cron(5 * * * ? *)"
    assert int(SYNC_INTERVAL_MINUTES.in_stage or 0) * 60 == HOUR


def test_a_run_may_be_late_by_as_much_as_the_status_allows() -> None:
    interval = 60 * int(SYNC_INTERVAL_MINUTES.in_stage or 0)
    looked_at = NO_SUCCESSFUL_RUN.period_s * NO_SUCCESSFUL_RUN.periods
    assert looked_at == STALE_AFTER_INTERVALS * interval


def test_silence_is_an_alarm_where_a_run_is_due() -> None:
    alarm = NO_SUCCESSFUL_RUN
    assert (alarm.metric, alarm.statistic, alarm.threshold) == ("RunSucceeded", "Sum", 1)
    assert (alarm.comparison, alarm.missing) == ("LessThanThreshold", "breaching")


def test_one_run_is_under_way_at_a_time() -> None:
    assert {function.concurrency for function in FUNCTIONS.values()} == {1}


def test_a_failed_run_is_not_tried_again_after_its_successor() -> None:
    delivery = FUNCTIONS["sync_device_parameters"].delivery
    assert delivery is not None
    assert delivery.max_age_s <= HOUR


@pytest.mark.parametrize("stage", stages.STAGES)
def test_a_stage_may_start_its_own_sync_and_no_other(stage: str) -> None:
    invocable = [
        statement["Resource"]
        for statement in stages.policy(stage, DECLARED)["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
    ]
    name = str(SYNC_FUNCTION_NAME.in_stage).replace("{stage}", stage)
    assert invocable == [f"arn:*:lambda:*:*:function:{name}"]
    assert name.endswith("-sync_device_parameters")


def test_the_run_that_follows_a_load_hears_what_loads_say() -> None:
    assert MEASUREMENTS_LOADED["source"] == [announcements.SOURCE]
    assert MEASUREMENTS_LOADED["detail-type"] == [announcements.DETAIL_TYPE]


def test_the_run_that_follows_a_load_hears_the_bus_that_loads_speak_on() -> None:
    resources = template(DECLARED)["Resources"]
    variables = resources["LoadParquet"]["Properties"]["Environment"]["Variables"]
    rule = resources["SyncAfterLoad"]["Properties"]["Events"]["SyncAfterLoadEvent"]["Properties"]
    assert rule["EventBusName"] == {
        "Fn::If": ["TellsOfChanges", variables[CHANGE_EVENT_BUS.name], "default"]
    }
