"""The API's stage: its answers, its limits, its log, and who may come in."""

import json
from pathlib import Path

import pytest

from app import app
from chalicelib.http.gate import declared_routes
from tests.package.packaged import Json, of_type, package

ORIGIN = "https://ops.example"


@pytest.fixture(scope="session")
def api(template: Json) -> Json:
    """The API's properties."""
    properties: Json = template["Resources"]["RestAPI"]["Properties"]
    return properties


def test_the_gateway_answers_in_our_envelope(api: Json) -> None:
    answers = api["GatewayResponses"]
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX"} <= answers.keys()
    assert {"REQUEST_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"} <= answers.keys()
    for answer in answers.values():
        body = json.loads(answer["ResponseTemplates"]["application/json"])
        assert set(body["error"]) == {"code", "message", "details", "requestId"}


def test_the_gateway_s_own_answers_are_as_safe_as_ours(api: Json) -> None:
    for answer in api["GatewayResponses"].values():
        headers = answer["ResponseParameters"]["Headers"]
        assert headers["X-Content-Type-Options"] == "'nosniff'"
        assert headers["Strict-Transport-Security"] == "'max-age=31536000'"


def test_a_refusal_reaches_the_page_of_the_other_origin(api: Json) -> None:
    """Chalice sends the header with the functions' answers only, not with the gateway's own."""
    for kind, answer in api["GatewayResponses"].items():
        condition, origin, nothing = answer["ResponseParameters"]["Headers"][
            "Access-Control-Allow-Origin"
        ]["Fn::If"]
        assert condition == "AllowsAnotherOrigin", kind
        assert origin == {"Fn::Sub": "'${CorsAllowOrigin}'"}, kind
        assert nothing == {"Ref": "AWS::NoValue"}, kind


def test_a_stage_packaged_for_an_origin_answers_its_preflights(tmp_path: Path) -> None:
    """The origin is needed when packaging, too: that is when Chalice writes these answers."""
    packaged = json.loads(package("dev", tmp_path, CORS_ALLOW_ORIGIN=ORIGIN).read_text("utf-8"))
    paths = packaged["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    answers = paths["/status"]["options"]["x-amazon-apigateway-integration"]["responses"]
    headers = answers["default"]["responseParameters"]
    assert headers["method.response.header.Access-Control-Allow-Origin"] == f"'{ORIGIN}'"


def test_every_route_but_the_open_ones_asks_the_authorizer(api: Json) -> None:
    unguarded = {
        path
        for path, methods in api["DefinitionBody"]["paths"].items()
        for method in methods.values()
        if not method.get("security")
    }
    assert unguarded == {r.address for r in declared_routes(app) if r.requirement.is_open}
    assert "/health" in unguarded


def test_requests_are_limited_on_the_only_stage(api: Json) -> None:
    """Unless told the version, SAM deploys a second stage, and without these settings."""
    assert api["OpenApiVersion"] == "2.0"
    [everything] = api["MethodSettings"]
    assert (everything["ResourcePath"], everything["HttpMethod"]) == ("/*", "*")
    assert 0 < everything["ThrottlingRateLimit"] <= everything["ThrottlingBurstLimit"]


def test_the_access_log_keeps_no_secret(api: Json) -> None:
    condition, settings, _ = api["AccessLogSetting"]["Fn::If"]
    assert condition == "LogsAccess"
    line = json.loads(settings["Format"])
    assert line["requestId"] == "$context.requestId"
    assert all(value.startswith("$context.") for value in line.values())
    assert not any("authorizer.claims" in value or "header" in value for value in line.values())


def test_the_access_log_forgets(template: Json) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert groups["RestAPIAccessLogs"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert template["Resources"]["RestAPIAccessLogs"]["Condition"] == "LogsAccess"
