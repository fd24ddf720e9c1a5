"""The alarms of the packaged template watch what is there, and tell whoever wants to know."""

from typing import Any

import pytest

from stack import alarms as declared
from stack.declared import DECLARED
from tests.package.packaged import Json, of_type

OURS = {"Fn::If": ["NamesItsMetrics", {"Ref": "MetricsNamespace"}, {"Ref": "AWS::StackName"}]}


@pytest.fixture(scope="session")
def alarms(template: Json) -> dict[str, Json]:
    """The alarms of the template, by logical id."""
    return of_type(template, "AWS::CloudWatch::Alarm")


def _dimensions(alarm: Json) -> dict[str, Any]:
    return {dimension["Name"]: dimension["Value"] for dimension in alarm["Dimensions"]}


def test_every_alarm_is_packaged(alarms: dict[str, Json]) -> None:
    assert alarms.keys() == {watch.resource for watch in declared.watches(DECLARED)}


def test_a_function_that_is_watched_is_there(template: Json, alarms: dict[str, Json]) -> None:
    functions = of_type(template, "AWS::Serverless::Function")
    watched = {
        _dimensions(alarm)["FunctionName"]["Ref"]
        for alarm in alarms.values()
        if alarm["Namespace"] == "AWS/Lambda"
    }
    assert watched == functions.keys()


def test_our_metrics_are_looked_for_where_the_functions_put_them(
    template: Json, alarms: dict[str, Json]
) -> None:
    for name, function in of_type(template, "AWS::Serverless::Function").items():
        given = function["Environment"]["Variables"].get("METRICS_NAMESPACE", OURS)
        assert given == OURS, name
    for name, alarm in alarms.items():
        assert alarm["Namespace"] == OURS or alarm["Namespace"].startswith("AWS/"), name


def test_the_api_is_watched_under_its_name(template: Json, alarms: dict[str, Json]) -> None:
    title = template["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["info"]["title"]
    stage = {"Ref": "RestAPI.Stage"}
    assert _dimensions(alarms["ApiErrors"]) == {"ApiName": title, "Stage": stage}


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
