"""Each metric has a parameter in the platform's dictionary, by which the sync resolves it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import SyncRunner
from tests.features.device_types.asking import HUMIDITY, TEMPERATURE, code, made, path_of, place
from tests.fleet import Fleet
from tests.people import Caller, People
from tests.sandbox import Sandbox

PARAMETERS = "iot_data.timescale_parameters"
_ROWS = f"""
SELECT parameter_id, parameter_name, attribute, device_type_id, data_type, unit, description
FROM {PARAMETERS} ORDER BY parameter_id
"""
_THEIRS = f"""
INSERT INTO {PARAMETERS} (parameter_id, parameter_name, description)
VALUES ('p-1', 'Outdoors', 'theirs')
"""


@pytest.fixture
def sandbox(people: People) -> Sandbox:
    """The database."""
    return people.sandbox


def names(sandbox: Sandbox) -> dict[str, str]:
    """What the dictionary calls each parameter."""
    return dict(sandbox.rows(f"SELECT parameter_id, parameter_name FROM {PARAMETERS}"))


def changed(caller: Caller, known: dict[str, Any], *metrics: object) -> dict[str, Any]:
    """The type with these metrics."""
    answer = caller.ask("PUT", path_of(known), {"metrics": metrics})
    assert answer.status_code == 200, answer.body
    body: dict[str, Any] = answer.json_body
    return body


def test_a_new_metric_is_entered_with_all_that_is_known_of_it(
    admin: Caller, sandbox: Sandbox
) -> None:
    known = made(admin, metrics=[TEMPERATURE, HUMIDITY])
    own = known["deviceTypeId"]
    room = ("Room temperature", "temperature", own, "number", "°C", "In the shade")
    assert sandbox.rows(_ROWS) == [
        (f"{own}.humidity", "humidity", "humidity", own, "number", "%", None),
        (f"{own}.temperature", *room),
    ]


def test_devices_that_report_it_get_their_pairs_from_the_sync(
    admin: Caller, sandbox: Sandbox, sync: SyncRunner
) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    [metric] = known["metrics"]
    fleet = Fleet(sandbox)
    fleet.add_device("d-1", "Boiler")
    fleet.report("d-1", metric["parameterId"], sandbox.now())
    pair = "SELECT device_id, parameter_id, parameter_name FROM iot_data.device_parameters"
    sync(window_minutes=60)
    assert sandbox.rows(pair) == [("d-1", metric["parameterId"], "Room temperature")]
    changed(admin, known, {**TEMPERATURE, "label": "Boiler room"})
    sync(window_minutes=60)
    assert sandbox.rows(pair) == [("d-1", metric["parameterId"], "Boiler room")]


def test_a_new_label_renames_and_none_is_the_name(admin: Caller, sandbox: Sandbox) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    parameter = known["metrics"][0]["parameterId"]
    changed(admin, known, {**TEMPERATURE, "label": "Attic", "unit": "K"})
    assert names(sandbox) == {parameter: "Attic"}
    assert sandbox.value(f"SELECT unit FROM {PARAMETERS}") == "K"
    changed(admin, known, {**TEMPERATURE, "label": None})
    assert names(sandbox) == {parameter: "temperature"}


def test_rows_that_say_it_already_are_not_written(admin: Caller, sandbox: Sandbox) -> None:
    known = made(admin, metrics=[TEMPERATURE, HUMIDITY])
    written = f"SELECT xmin::text FROM {PARAMETERS} WHERE attribute = 'humidity'"
    before = sandbox.value(written)
    changed(admin, known, {**TEMPERATURE, "label": "Attic"}, HUMIDITY)
    assert sandbox.value(written) == before


def test_a_metric_that_is_taken_away_stays_in_the_dictionary_and_may_come_back(
    admin: Caller, sandbox: Sandbox
) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    parameter = known["metrics"][0]["parameterId"]
    changed(admin, known)
    assert names(sandbox) == {parameter: "Room temperature"}
    back = changed(admin, known, {"name": "temperature", "label": "Back"})
    assert back["metrics"][0]["parameterId"] == parameter
    assert names(sandbox) == {parameter: "Back"}
    admin.ask("DELETE", path_of(known))
    assert names(sandbox) == {parameter: "Back"}


def test_a_metric_may_get_another_name_and_keep_its_readings(
    admin: Caller, sandbox: Sandbox
) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    parameter = known["metrics"][0]["parameterId"]
    renamed = changed(admin, known, {"name": "temp", "parameterId": parameter})
    assert renamed["metrics"][0]["parameterId"] == parameter
    assert names(sandbox) == {parameter: "temp"}
    # Whoever is called so next has to be told apart.
    answer = admin.ask(
        "PUT",
        path_of(known),
        {"metrics": [{"name": "temp", "parameterId": parameter}, {"name": "temperature"}]},
    )
    assert place(answer) == (400, "metrics[1].parameterId")


def test_two_metrics_may_swap_their_parameters(admin: Caller) -> None:
    known = made(admin, metrics=[TEMPERATURE, HUMIDITY])
    first, second = (metric["parameterId"] for metric in known["metrics"])
    swapped = changed(
        admin,
        known,
        {"name": "temperature", "parameterId": second},
        {"name": "humidity", "parameterId": first},
    )
    assert [metric["parameterId"] for metric in swapped["metrics"]] == [second, first]


def test_types_of_two_organizations_never_share_a_parameter(
    admin: Caller, people: People, sandbox: Sandbox
) -> None:
    people.organization("org-other")
    other = people.user("other", "org-other", role="admin")
    made(admin, metrics=[TEMPERATURE])
    made(other, metrics=[{**TEMPERATURE, "label": "Theirs"}])
    assert sorted(names(sandbox).values()) == ["Room temperature", "Theirs"]


def test_an_organization_names_no_parameter_that_its_type_has_not(
    admin: Caller, sandbox: Sandbox
) -> None:
    sandbox.rows(_THEIRS)
    other = made(admin, name="other", metrics=[TEMPERATURE])
    foreign = other["metrics"][0]["parameterId"]
    known = made(admin, metrics=[TEMPERATURE])
    before = sandbox.rows(_ROWS)
    for parameter in ("p-1", "p-new", foreign):
        metric = {"name": "temperature", "parameterId": parameter}
        for method, path in (("PUT", path_of(known)), ("POST", "/device-types")):
            body = {"name": "new", "reportingIntervalSeconds": 1} if method == "POST" else {}
            answer = admin.ask(method, path, {**body, "metrics": [HUMIDITY, metric]})
            assert code(answer) == (403, "FORBIDDEN")
            assert place(answer) == (403, "metrics[1].parameterId")
    assert sandbox.rows(_ROWS) == before


def test_the_platform_adopts_a_parameter_and_leaves_its_row_as_it_is(
    platform: Caller, admin: Caller, sandbox: Sandbox
) -> None:
    sandbox.rows(_THEIRS)
    before = sandbox.rows(_ROWS)
    known = made(platform, metrics=[{**TEMPERATURE, "parameterId": "p-1"}])
    assert known["metrics"][0]["parameterId"] == "p-1"
    assert sandbox.rows(_ROWS) == before
    # Nor does the organization whose type it is rename it, or lose it by leaving it out.
    label = changed(admin, known, {"name": "temperature", "label": "Ours"})["metrics"][0]
    assert (label["parameterId"], label["label"]) == ("p-1", "Ours")
    assert sandbox.rows(_ROWS) == before


def test_the_platform_names_a_new_parameter_which_then_follows_its_label(
    platform: Caller, admin: Caller, sandbox: Sandbox
) -> None:
    known = made(platform, metrics=[{"name": "power", "parameterId": "Мощность-1"}])
    assert names(sandbox) == {"Мощность-1": "power"}
    changed(admin, known, {"name": "power", "label": "Power"})
    assert names(sandbox) == {"Мощность-1": "Power"}
    # A second type that names it has it as it is.
    second = made(
        platform, name="second", metrics=[{"name": "w", "label": "W", "parameterId": "Мощность-1"}]
    )
    changed(admin, second, {"name": "w", "label": "Watts"})
    assert names(sandbox) == {"Мощность-1": "Power"}


def test_a_row_that_the_platform_lost_is_entered_again_with_the_next_change(
    admin: Caller, sandbox: Sandbox
) -> None:
    known = made(admin, metrics=[TEMPERATURE])
    before = sandbox.rows(_ROWS)
    sandbox.rows(f"DELETE FROM {PARAMETERS}")
    assert admin.ask("PUT", path_of(known), {}).headers["ETag"] == '"1"'
    assert sandbox.rows(_ROWS) == before


def test_what_is_refused_enters_nothing(admin: Caller, sandbox: Sandbox) -> None:
    made(admin, metrics=[])
    answer = admin.ask(
        "POST",
        "/device-types",
        {"name": "temperature-sensor-v2", "reportingIntervalSeconds": 1, "metrics": [TEMPERATURE]},
    )
    assert answer.status_code == 409
    assert names(sandbox) == {}


@contextmanager
def another_dictionary(sandbox: Sandbox, definition: str) -> Iterator[None]:
    """The platform's table as other platforms may have it."""
    sandbox.expect_rebuild()
    sandbox.rows(f"DROP TABLE {PARAMETERS} CASCADE")
    sandbox.rows(f"CREATE TABLE {PARAMETERS} ({definition})")
    yield


@pytest.mark.parametrize(
    ("definition", "kept"),
    [
        ("parameter_id text PRIMARY KEY, parameter_name text", ["Attic"]),
        (
            "parameter_id varchar(80) UNIQUE, unit varchar(8), parameter_name varchar(40), "
            "device_type_id varchar(10)",
            ["Attic", "°C", None],
        ),
        # Of another kind, or not to be written.
        (
            "parameter_id text PRIMARY KEY, parameter_name text, device_type_id bigint, "
            "data_type smallint, attribute text GENERATED ALWAYS AS (lower(parameter_name)) STORED",
            ["Attic", None, None, "attic"],
        ),
        (
            "parameter_id text PRIMARY KEY, parameter_name text, "
            "created_at timestamptz NOT NULL DEFAULT '2026-01-01Z', description text",
            ["Attic", "In the shade"],
        ),
    ],
)
def test_a_dictionary_of_another_shape_gets_what_it_has_columns_for(
    definition: str, kept: list[object], admin: Caller, sandbox: Sandbox
) -> None:
    with another_dictionary(sandbox, definition):
        known = made(admin, metrics=[TEMPERATURE])
        changed(admin, known, {**TEMPERATURE, "label": "Attic"})
        row = sandbox.value(f"SELECT to_jsonb(known) FROM {PARAMETERS} AS known")
        row.pop("parameter_id")
        row.pop("created_at", None)
        assert sorted(map(str, row.values())) == sorted(map(str, kept))


@pytest.mark.parametrize(
    ("definition", "metric", "named"),
    [
        ("parameter_id text UNIQUE, parameter_name varchar(3)", {"label": "Long"}, "label"),
        ("parameter_id text UNIQUE, parameter_name varchar(3)", {}, "name"),
        ("parameter_id varchar(20) UNIQUE, parameter_name text", {}, "parameterId"),
        (
            "parameter_id text UNIQUE, parameter_name text, unit varchar(1)",
            {"unit": "°C"},
            "unit",
        ),
    ],
)
def test_what_is_too_long_for_the_dictionary_is_named(
    definition: str, metric: dict[str, str], named: str, admin: Caller, sandbox: Sandbox
) -> None:
    with another_dictionary(sandbox, definition):
        body = {
            "name": "new",
            "reportingIntervalSeconds": 1,
            "metrics": [{"name": "temperature", **metric}],
        }
        assert place(admin.ask("POST", "/device-types", body)) == (400, f"metrics[0].{named}")
