"""A type says where values stand in what its devices send, and which of them are usual."""

from typing import Any

import pytest

from tests.features.device_types.asking import DEW_POINT, HUMIDITY, made, new, path_of
from tests.people import Caller, People

PATH = 'params."temperature:0".tC'
USUAL = {"minimum": 18.0, "maximum": 26.0, "changePerMinute": 0.5, "deviation": False}
NOT_WATCHED = {"minimum": None, "maximum": None, "changePerMinute": None, "deviation": False}
TEMPERATURE: dict[str, Any] = {
    "name": "temperature",
    "minimum": -40,
    "maximum": 85,
    "path": PATH,
    "usual": USUAL,
}
OPEN = {"name": "open", "dataType": "boolean", "path": "contact"}
COUNT = {"name": "count", "dataType": "integer", "usual": {"changePerMinute": 1}}
_VIEW = """
SELECT name, path, usual_minimum, usual_maximum, usual_change_per_minute, is_deviation_watched
FROM iot_data.v_device_type_metrics ORDER BY position
"""


def said(device_type: dict[str, Any], name: str) -> list[Any]:
    """What each metric says in that field."""
    return [metric[name] for metric in device_type["metrics"]]


def test_what_is_said_comes_back(admin: Caller) -> None:
    dew_point = {**DEW_POINT, "usual": {"maximum": 20}}
    metrics = [TEMPERATURE, HUMIDITY, dew_point, OPEN, COUNT]
    known = made(admin, timestampPath="params.ts", metrics=metrics)
    assert known["timestampPath"] == "params.ts"
    assert said(known, "path") == [PATH, None, None, "contact", None]
    assert said(known, "usual") == [
        USUAL,
        None,
        {**NOT_WATCHED, "maximum": 20, "deviation": True},
        None,
        {**NOT_WATCHED, "changePerMinute": 1, "deviation": True},
    ]
    assert admin.get(path_of(known)).json_body == known


def test_who_reads_payloads_is_told(admin: Caller, people: People) -> None:
    metrics = [TEMPERATURE, HUMIDITY, OPEN, {**COUNT, "usual": {"deviation": False}}]
    known = made(admin, timestampPath="params.ts", metrics=metrics)
    assert people.sandbox.rows(_VIEW) == [
        ("temperature", PATH, 18.0, 26.0, 0.5, False),
        ("humidity", None, None, None, None, True),
        ("open", "contact", None, None, None, False),
        ("count", None, None, None, None, False),
    ]
    types = "SELECT version, timestamp_path FROM iot_data.v_device_types"
    assert people.sandbox.rows(types) == [(1, "params.ts")]
    admin.ask("PUT", path_of(known), {"timestampPath": None})
    assert people.sandbox.rows(types) == [(2, None)]


@pytest.mark.parametrize(
    "changed",
    [{"path": None}, {"path": "t"}, {"usual": None}, {"usual": {**USUAL, "deviation": True}}],
    ids=repr,
)
def test_every_change_is_a_new_version(changed: dict[str, Any], admin: Caller) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    body = {"metrics": [{**TEMPERATURE, **changed}]}
    first, again = (admin.ask("PUT", path_of(known), body) for _ in range(2))
    assert (first.headers["ETag"], again.headers["ETag"]) == ('"2"', '"2"')
    [kept] = first.json_body["metrics"]
    assert {name: kept[name] for name in changed} == changed


@pytest.mark.parametrize(
    "nothing",
    [None, {}, {"deviation": True}, {"minimum": None, "maximum": None, "changePerMinute": None}],
    ids=repr,
)
def test_who_says_nothing_of_what_is_usual_has_said_nothing(nothing: object, admin: Caller) -> None:
    known = made(admin, metrics=[{"name": "temperature"}])
    body = {"metrics": [{"name": "temperature", "usual": nothing}]}
    answer = admin.ask("PUT", path_of(known), body)
    assert (answer.json_body, answer.headers["ETag"]) == (known, '"1"')


def test_a_change_leaves_the_time_where_it_is(admin: Caller) -> None:
    known = made(admin, timestampPath="Time")
    changed = admin.ask("PUT", path_of(known), {"description": "other"}).json_body
    assert changed["timestampPath"] == "Time"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"path": "a[*].b"}, "path may find several values, or computes one: "),
        ({"path": "$.a"}, "path is no path: "),
        ({"path": ""}, "path is empty"),
        ({"path": "__import__('os')"}, "path may find several values, or computes one: "),
        ({"usual": {**USUAL, "minimum": 26.5}}, "usual.minimum must not be above the maximum that"),
        ({"usual": {"minimum": -40.5}}, "usual.minimum must not be below the minimum of the metr"),
        ({"usual": {"maximum": 85.5}}, "usual.maximum must not be above the maximum of the metr"),
        ({"usual": {"maximum": -41}}, "usual.maximum must not be below the minimum of the metr"),
        (
            {"dataType": "boolean", "minimum": None, "maximum": None},
            "usual is for numbers, and not for true and false",
        ),
        (
            {"dataType": "boolean", "minimum": None, "maximum": None, "usual": {}},
            "usual is for numbers, and not for true and false",
        ),
        ({"expression": "humidity"}, "path is for what devices report, and this is computed"),
    ],
    ids=repr,
)
def test_what_does_not_go_together_is_refused_by_its_path(
    changed: dict[str, Any], sentence: str, admin: Caller
) -> None:
    metrics = [HUMIDITY, {**TEMPERATURE, **changed}]
    answer = admin.ask("POST", "/device-types", new(metrics=metrics))
    error = answer.json_body["error"]
    place = f"metrics[1].{sentence.split()[0]}"
    assert (answer.status_code, error["details"]["parameter"]) == (400, place)
    assert error["message"].startswith(f"metrics[1].{sentence}")


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("path", ["a" * 201, ".".join("a" * 21), "a\x00", "\ud800", 7, ["a"], {}, True]),
        ("usual", [7, "wide", [], True]),
        ("usual.minimum", ["1", True, [], float("nan"), float("inf"), 10**400]),
        ("usual.maximum", ["1", True, float("-inf")]),
        ("usual.changePerMinute", [0, -0.0, -1, "1", True, float("nan"), float("inf")]),
        ("usual.deviation", [None, 1, "yes"]),
        ("usual.changePerHour", [1]),
    ],
)
def test_what_is_wrong_is_named(field: str, values: list[object], admin: Caller) -> None:
    first, _, rest = field.partition(".")
    for value in values:
        metrics = [{"name": "temperature", first: {rest: value} if rest else value}]
        answer = admin.ask("POST", "/device-types", new(metrics=metrics))
        assert answer.status_code == 400, value
        assert answer.json_body["error"]["details"]["parameter"] == f"metrics[0].{field}", value


@pytest.mark.parametrize("wrong", ["a[*]", "", "a b", "$.ts", 7, ["Time"], "a\x00"], ids=repr)
def test_a_wrong_place_of_the_time_is_named(wrong: object, admin: Caller) -> None:
    known = made(admin, timestampPath="Time")
    for method, path, body in (
        ("POST", "/device-types", new(name="other", timestampPath=wrong)),
        ("PUT", path_of(known), {"timestampPath": wrong}),
    ):
        answer = admin.ask(method, path, body)
        assert answer.status_code == 400
        assert answer.json_body["error"]["details"]["parameter"] == "timestampPath"
    assert admin.get(path_of(known)).json_body == known
