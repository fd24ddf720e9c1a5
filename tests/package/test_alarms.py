"""Alarms watch what is really reported, and say what to do."""

import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.features.device_parameters.status import STALE_AFTER_INTERVALS
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.timestream import writer
from tests.package.emitted import Series, metric_lines, reported_series
from tests.package.packaged import (
    CONFIG,
    DEPLOYED,
    OPERATIONS,
    Json,
    function_names,
    of_type,
    resource_of,
)

OURS = {"Fn::If": ["NamesItsMetrics", {"Ref": "MetricsNamespace"}, {"Ref": "AWS::StackName"}]}
NO_ROW = "has no such alarm: it needs a row in stack/functions.py, and `make template`"
TEN_MINUTES = 600_000
# What the services report, as far as it is used here.
REPORTED = {
    "AWS/Lambda": {"Errors", "Duration", "Throttles"},
    "AWS/ApiGateway": {"5XXError", "4XXError", "Count", "Latency", "IntegrationLatency"},
    "AWS/SQS": {"ApproximateNumberOfMessagesVisible"},
}


@pytest.fixture(scope="session")
def alarms(template: Json) -> dict[str, Json]:
    """By logical id."""
    return of_type(template, "AWS::CloudWatch::Alarm")


def _dimensions(alarm: Json) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


def filtered_series(template: Json) -> list[Series]:
    """What is counted in the log: without dimensions."""
    return [
        (made["MetricName"], {})
        for counted in of_type(template, "AWS::Logs::MetricFilter").values()
        for made in counted["MetricTransformations"]
    ]


def _of_function(alarms: dict[str, Json], function_name: str, metric: str) -> list[Json]:
    return [
        alarm
        for alarm in alarms.values()
        if (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", metric)
        and _dimensions(alarm) == {"FunctionName": {"Ref": resource_of(function_name)}}
    ]


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_has_an_alarm_before_its_timeout(
    alarms: dict[str, Json], function_name: str
) -> None:
    found = _of_function(alarms, function_name, "Duration")
    assert len(found) == 1, f"{function_name} {NO_ROW}"
    [alarm] = found
    timeout = CONFIG["lambda_functions"][function_name]["lambda_timeout"] * 1000
    expected = TEN_MINUTES if function_name == "load_parquet" else 0.8 * timeout
    assert alarm["Statistic"] == "Maximum"
    assert alarm["Threshold"] == pytest.approx(expected)


@pytest.mark.parametrize("function_name", function_names())
def test_a_function_that_fails_is_an_alarm(alarms: dict[str, Json], function_name: str) -> None:
    """But for the authorizer: Lambda counts each token it refuses as an error."""
    expected = 0 if function_name == "authorize" else 1
    found = _of_function(alarms, function_name, "Errors")
    assert len(found) == expected, f"{function_name} {NO_ROW}"


def test_a_function_that_is_limited_has_an_alarm_for_that(alarms: dict[str, Json]) -> None:
    for name, size in CONFIG["lambda_functions"].items():
        if "reserved_concurrency" in size:
            found = _of_function(alarms, name, "Throttles")
            assert len(found) == 1, f"{name} {NO_ROW}"
            [alarm] = found
            seconds = alarm["Period"] * alarm["DatapointsToAlarm"]
            assert seconds > size["lambda_timeout"], "one run may wait for another"


def test_our_metrics_are_the_ones_the_code_reports(
    template: Json, alarms: dict[str, Json], capsys: pytest.CaptureFixture[str]
) -> None:
    reported = reported_series(metric_lines(capsys)) + filtered_series(template)
    watched = [alarm for alarm in alarms.values() if alarm["Namespace"] == OURS]
    assert len(watched) >= 3
    for alarm in watched:
        watches = (alarm["MetricName"], _dimensions(alarm))
        assert watches in reported, f"{watches} is reported by nobody"


def test_failed_loads_of_every_dataset_are_an_alarm(alarms: dict[str, Json]) -> None:
    watched = {
        _dimensions(alarm)["dataset"]
        for alarm in alarms.values()
        if alarm["MetricName"] == "ProcessingErrors"
    }
    assert watched == {*Dataset, "unknown"}


def test_throttled_requests_are_counted_from_what_a_load_logs(
    template: Json,
) -> None:
    [counted] = of_type(template, "AWS::Logs::MetricFilter").values()
    message, field = re.findall(
        r'\$\.message = "(\w+)" && \$\.(\w+) > 0', counted["FilterPattern"]
    )[0]
    assert f'"{message}", extra=self._result.counts()' in Path(writer.__file__).read_text()
    assert field in writer.WriteResult().counts()
    assert counted["MetricTransformations"][0]["MetricValue"] == f"$.{field}"
    assert counted["LogGroupName"] == {"Ref": "LoadParquetLogs"}


def test_our_metrics_are_looked_for_where_the_function_puts_them(template: Json) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    variables = functions["SyncDeviceParameters"]["Environment"]["Variables"]
    assert variables["METRICS_NAMESPACE"] == OURS


def test_the_services_report_what_is_watched(alarms: dict[str, Json]) -> None:
    for name, alarm in alarms.items():
        if alarm["Namespace"] != OURS:
            assert alarm["MetricName"] in REPORTED[alarm["Namespace"]], name


def test_silence_is_an_alarm_where_a_run_is_due(alarms: dict[str, Json]) -> None:
    alarm = alarms["NoSuccessfulRun"]
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Statistic"], alarm["ComparisonOperator"]) == ("Sum", "LessThanThreshold")
    assert (alarm["MetricName"], alarm["Threshold"]) == ("RunSucceeded", 1)


def test_a_run_may_be_late_by_as_much_as_the_status_allows(alarms: dict[str, Json]) -> None:
    for stage in DEPLOYED:
        variables = CONFIG["stages"][stage]["environment_variables"]
        interval = 60 * int(variables["SYNC_INTERVAL_MINUTES"])
        alarm = alarms["NoSuccessfulRun"]
        assert alarm["Period"] * alarm["EvaluationPeriods"] == STALE_AFTER_INTERVALS * interval


def test_silence_is_no_alarm_elsewhere(alarms: dict[str, Json]) -> None:
    chosen = {name: alarm["TreatMissingData"] for name, alarm in alarms.items()}
    assert chosen.pop("NoSuccessfulRun") == "breaching"
    assert chosen.pop("NoHeartbeatCheck") == "breaching"
    assert chosen.pop("RemovalsHeld") == "ignore"
    assert set(chosen.values()) == {"notBreaching"}


def test_an_alarm_looks_back_no_further_than_cloudwatch_can(alarms: dict[str, Json]) -> None:
    """A day; a week where a period is an hour or longer."""
    for name, alarm in alarms.items():
        days = 7 if alarm["Period"] >= 3600 else 1
        assert alarm["Period"] * alarm["EvaluationPeriods"] <= days * 86_400, name
        assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"], name


def test_whoever_wants_to_know_is_told_of_the_end_as_well(alarms: dict[str, Json]) -> None:
    for name, alarm in alarms.items():
        told = [action["Fn::If"][:2] for action in alarm["AlarmActions"]]
        assert told == [
            ["TellsTopic", {"Ref": "AlarmTopicArn"}],
            ["TellsAddress", {"Ref": "AlarmTopic"}],
        ], name
        assert alarm["OKActions"] == alarm["AlarmActions"], name


def test_cloudwatch_may_publish_to_the_topic(template: Json) -> None:
    """The key that SNS comes with does not let it; the alarm would fail unseen."""
    [topic] = of_type(template, "AWS::SNS::Topic").values()
    assert "KmsMasterKeyId" not in topic


def test_an_alarm_says_where_it_is_explained(alarms: dict[str, Json]) -> None:
    headings = re.findall(r"^#+ (.+)$", OPERATIONS.read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for name, alarm in alarms.items():
        pointed = re.search(r" See docs/operations\.md#([\w-]+)$", alarm["AlarmDescription"])
        assert pointed, name
        assert pointed.group(1) in anchors, f"{name} has no heading in docs/operations.md"


def test_the_api_is_watched_under_its_name(template: Json, alarms: dict[str, Json]) -> None:
    title = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]
    stage = {"Ref": "RestAPI.Stage"}
    assert _dimensions(alarms["ApiErrors"]) == {"ApiName": title, "Stage": stage}
