"""What is wrong with a type, or with one of its metrics, is named by its path."""

from typing import Any

import pytest

from tests.features.device_types.asking import DEW_POINT, HUMIDITY, TEMPERATURE, made, new, path_of
from tests.people import Caller

_HUGE = 10**400
BAD_NAMES: list[object] = ["", " ", "-", "a-", "-a", "a--b", "a b", "Sensor", "sensor\n", "x" * 65]
BAD_NAMES += ["датчик", "センサー"]
BAD_NAMES += ["a/b", "../a", "a%20b", "a\u200bb", "a\x00b", None, 7, ["a"], {"name": "a"}]
BAD_METRIC_NAMES: list[object] = [
    "",
    " ",
    "1st",
    "_a",
    "a-b",
    "a.b",
    "a b",
    "température",
    "温度",
    "a\n",
    "x" * 65,
]
BAD_METRIC_NAMES += ["a'; DROP TABLE x; --", "$.a", "a\x00", None, 7, True, []]
BAD_LINES: list[object] = ["", " ", " a", "a ", "a\nb", "a\tb", "\u200b", "a\u202eb", "\ud800"]
BAD_LINES += ["\x00", 7, {}]
BAD_NUMBERS: list[object] = ["1", "", True, [], float("nan"), float("inf"), _HUGE]
BAD_INTERVALS: list[object] = [0, -1, 0.5, 30 * 86400 + 1, _HUGE, "300", None, True, []]
BAD_INTERVALS += [float("nan")]
BAD_CONVERSIONS: list[tuple[object, str]] = [
    ({"scale": 0}, "scale"),
    ({"scale": -0.0}, "scale"),
    *(({"scale": number}, "scale") for number in (*BAD_NUMBERS, None)),
    *(({"offset": number}, "offset") for number in (*BAD_NUMBERS, None)),
    ({"factor": 2}, "factor"),
    ({"fromUnit": ""}, "fromUnit"),
    ({"fromUnit": "x" * 33}, "fromUnit"),
]
BAD_EXPRESSIONS: list[object] = [
    *("", " ", "(", "temperature +", "temperature humidity", "1 2", "temperature,", "()"),
    *("temperature.real", "temperature[0]", "__import__('os')", "open(humidity)", "f''"),
    *(
        "lambda: 1",
        "temperature if humidity else 1",
        "temperature and humidity",
        "not humidity",
    ),
    *("temperature == 1", "temperature := 1", "temperature; humidity", "temperature\n+ 1"),
    *("pressure * 2", "temperatur", "True", "None", "0x10", "1_000", "1j", "'a'", "[1]", "{}"),
    *("max(temperature)", "abs()", "round(1, 2, 3)", "sqrt(x=1)", "min(*humidity)", "1e999"),
    *(
        "température",
        "2 + 2",
        "self",
        "dew_point",
        "temperature" + " + 1" * 200,
        "-" * 500 + "1",
    ),
    *("temperature\x00", "\ud800", "(" * 250 + "1" + ")" * 250, "~humidity", "1 << humidity"),
    *(7, True, [], {"op": "+"}, "humidity @ humidity", "temperature // 2", "`id`", "$(id)"),
]


def refusal(admin: Caller, body: object) -> str:
    answer = admin.ask("POST", "/device-types", body)
    assert answer.status_code == 400, answer.body
    error = answer.json_body["error"]
    assert error["message"].startswith((error["details"]["parameter"], "unknown", "a name in"))
    place: str = error["details"]["parameter"]
    return place


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", BAD_NAMES),
        ("description", ["", "x" * 1001, "\x00", 7, []]),
        ("reportingIntervalSeconds", BAD_INTERVALS),
        ("isShared", ["true", 1, None]),
        ("metrics", [None, {}, "temperature", [{"name": f"m{n}"} for n in range(101)]]),
        ("deviceTypeId", ["type-1"]),
        ("organizationId", ["org-789", None]),
        ("device_type", ["x"]),
    ],
)
def test_what_is_wrong_with_a_type_is_named(
    field: str, values: list[object], admin: Caller
) -> None:
    for value in values:
        assert refusal(admin, new(**{field: value})) == field, value


@pytest.mark.parametrize("missing", ["name", "reportingIntervalSeconds"])
def test_what_a_type_lacks_is_named(missing: str, admin: Caller) -> None:
    body = {name: value for name, value in new().items() if name != missing}
    assert refusal(admin, body) == missing


@pytest.mark.parametrize("body", [[], "sensor", 7, None], ids=repr)
def test_what_is_no_object_is_refused(body: object, admin: Caller) -> None:
    assert admin.ask("POST", "/device-types", body).status_code == 400


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", BAD_METRIC_NAMES),
        ("label", [*BAD_LINES, "x" * 101]),
        ("unit", [*BAD_LINES, "x" * 33]),
        ("description", ["", "x" * 501, "\x00", 7]),
        ("parameterId", ["", "x" * 257, "\x00", "\ud800", None, 7]),
        ("dataType", ["", "float", "Number", "str", None, 1]),
        ("minimum", BAD_NUMBERS),
        ("maximum", BAD_NUMBERS),
        ("conversion", [0.1, [0.1, 0], "2"]),
        ("id", ["x"]),
        ("is_own_parameter", [True]),
    ],
)
def test_what_is_wrong_with_a_metric_is_named(
    field: str, values: list[object], admin: Caller
) -> None:
    for value in values:
        metrics = [HUMIDITY, {**TEMPERATURE, field: value}]
        assert refusal(admin, new(metrics=metrics)) == f"metrics[1].{field}", value


def test_what_is_wrong_with_a_conversion_is_named(admin: Caller) -> None:
    for conversion, place in BAD_CONVERSIONS:
        metrics = [{**TEMPERATURE, "conversion": conversion}]
        assert refusal(admin, new(metrics=metrics)) == f"metrics[0].conversion.{place}", conversion


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"name": "timestamp"}, "name"),
        ({"minimum": 2, "maximum": 1}, "minimum"),
        ({"minimum": 85.6}, "minimum"),
        ({"dataType": "boolean", "maximum": None, "conversion": None}, "minimum"),
        ({"dataType": "boolean", "minimum": None, "conversion": None}, "maximum"),
        ({"dataType": "boolean", "minimum": None, "maximum": None}, "conversion"),
    ],
    ids=repr,
)
def test_what_does_not_go_together_is_named(
    changed: dict[str, Any], place: str, admin: Caller
) -> None:
    assert refusal(admin, new(metrics=[{**TEMPERATURE, **changed}])) == f"metrics[0].{place}"


@pytest.mark.parametrize(
    ("metrics", "place"),
    [
        ([HUMIDITY, TEMPERATURE, HUMIDITY], "metrics[2].name"),
        ([7], "metrics[0]"),
        ([HUMIDITY, None], "metrics[1]"),
        ([HUMIDITY, []], "metrics[1]"),
        ([{"label": "nameless"}], "metrics[0].name"),
    ],
)
def test_what_is_wrong_with_a_list_of_metrics_is_named(
    metrics: list[object], place: str, admin: Caller
) -> None:
    assert refusal(admin, new(metrics=metrics)) == place


def test_an_expression_that_cannot_be_is_named(admin: Caller) -> None:
    for expression in BAD_EXPRESSIONS:
        metrics = [TEMPERATURE, HUMIDITY, {**DEW_POINT, "expression": expression}]
        assert refusal(admin, new(metrics=metrics)) == "metrics[2].expression", expression


@pytest.mark.parametrize(
    ("metrics", "sentence"),
    [
        (
            [HUMIDITY, {"name": "a", "expression": "humidity + presure * b"}],
            "metrics[1].expression names what is no metric of this type: b, presure",
        ),
        (
            [{"name": "a", "expression": "eval(a)"}],
            "metrics[0].expression calls eval, which is none of abs, exp, log, max, min, round, "
            "sqrt",
        ),
        (
            [HUMIDITY, {"name": "a", "expression": "humidity + $"}],
            "metrics[1].expression cannot be read from '$' on",
        ),
        (
            [
                HUMIDITY,
                {"name": "a", "expression": "humidity + c"},
                {"name": "b", "expression": "a * 2"},
                {"name": "c", "expression": "b"},
            ],
            "metrics[1].expression is computed from itself: a from c from b from a",
        ),
        (
            [{"name": "a", "expression": "a + 1"}],
            "metrics[0].expression is computed from itself: a from a",
        ),
        (
            [HUMIDITY, {"name": "a", "expression": "humidity", "dataType": "integer"}],
            "metrics[1].dataType must be number: what is computed is one",
        ),
        (
            [HUMIDITY, {"name": "a", "expression": "humidity", "conversion": {"scale": 2}}],
            "metrics[1].conversion is for what devices report, and this is computed",
        ),
    ],
)
def test_whoever_is_refused_can_read_why(
    metrics: list[object], sentence: str, admin: Caller
) -> None:
    answer = admin.ask("POST", "/device-types", new(metrics=metrics))
    assert answer.json_body["error"]["message"] == sentence


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"name": None}, "name"),
        ({"reportingIntervalSeconds": None}, "reportingIntervalSeconds"),
        ({"metrics": None}, "metrics"),
        ({"isShared": False}, "isShared"),
        ({"version": 7}, "version"),
        # What a computed metric needs is not taken away from it.
        ({"metrics": [TEMPERATURE, DEW_POINT]}, "metrics[1].expression"),
    ],
    ids=repr,
)
def test_a_bad_change_changes_nothing(body: dict[str, Any], place: str, admin: Caller) -> None:
    known = made(admin)
    answer = admin.ask("PUT", path_of(known), body)
    assert answer.status_code == 400
    assert answer.json_body["error"]["details"]["parameter"] == place
    read = admin.get(path_of(known))
    assert (read.json_body, read.headers["ETag"]) == (known, '"1"')


def test_the_most_that_can_be_is_taken(admin: Caller) -> None:
    first: dict[str, Any] = {"name": "m0", "label": "ж" * 100, "description": "\n" * 500}
    others = [
        {"name": f"m{n}", "unit": "µ" * 32, "expression": f"m{n - 1} + 0.{'1' * 490}"[:500]}
        for n in range(1, 100)
    ]
    known = made(admin, metrics=[first, *others], description="x" * 1000)
    assert len(known["metrics"]) == 100
    assert admin.get(path_of(known)).json_body == known
