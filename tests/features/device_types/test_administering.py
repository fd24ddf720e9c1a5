"""Types of devices are added, changed and removed by those whose they are."""

import pytest

from tests.features.device_types.asking import (
    DEW_POINT,
    HUMIDITY,
    TEMPERATURE,
    code,
    made,
    new,
    path_of,
)
from tests.people import Caller, People

NOTHING = {"path": None, "usual": None}


def test_an_admin_adds_a_type_to_the_organization(admin: Caller) -> None:
    answer = admin.ask("POST", "/device-types", new())
    assert answer.status_code == 201
    body = answer.json_body
    type_id = body["deviceTypeId"]
    assert answer.headers["Location"] == f"device-types/{type_id}"
    assert (body["organizationId"], body["isShared"]) == ("org-789", False)
    assert (body["name"], body["reportingIntervalSeconds"]) == ("temperature-sensor-v2", 300)
    assert body["metrics"] == [
        {**TEMPERATURE, "parameterId": f"{type_id}.temperature", "expression": None, **NOTHING},
        {
            "name": "humidity",
            "label": None,
            "description": None,
            "parameterId": f"{type_id}.humidity",
            "unit": "%",
            "dataType": "number",
            "minimum": None,
            "maximum": None,
            "conversion": None,
            "expression": None,
            **NOTHING,
        },
        {
            "name": "dew_point",
            "label": None,
            "description": None,
            "parameterId": f"{type_id}.dew_point",
            "unit": None,
            "dataType": "number",
            "minimum": None,
            "maximum": None,
            "conversion": None,
            "expression": DEW_POINT["expression"],
            **NOTHING,
        },
    ]
    read = admin.get(path_of(body))
    assert read.json_body == body
    assert read.headers["ETag"] == answer.headers["ETag"] == '"1"'


@pytest.mark.parametrize(
    ("number", "shown"), [(1e308, 1e308), (5e-324, 5e-324), (0.1, 0.1), (-0.0, 0.0), (10**15, 1e15)]
)
def test_a_number_comes_back_as_it_was_given(number: float, shown: float, admin: Caller) -> None:
    metric = {"name": "m", "conversion": {"scale": 1, "offset": number}}
    [kept] = made(admin, metrics=[metric])["metrics"]
    assert kept["conversion"] == {"scale": 1, "offset": shown, "fromUnit": None}


def test_who_only_looks_changes_nothing(admin: Caller, people: People) -> None:
    path = path_of(made(admin))
    for role in ("viewer", "operator"):
        member = people.user(role, role=role)
        assert member.get(path).status_code == 200
        assert member.get("/device-types").status_code == 200
        assert member.ask("POST", "/device-types", new(name="more")).status_code == 403
        assert member.ask("PUT", path, {"description": "more"}).status_code == 403
        assert member.ask("DELETE", path).status_code == 403


def test_a_change_leaves_alone_what_it_does_not_name(admin: Caller) -> None:
    known = made(admin)
    answer = admin.ask("PUT", path_of(known), {"reportingIntervalSeconds": 900})
    changed = answer.json_body
    assert changed.pop("updatedAt") > known.pop("updatedAt")
    assert changed == {**known, "reportingIntervalSeconds": 900}
    assert answer.headers["ETag"] == '"2"'
    cleared = admin.ask("PUT", path_of(known), {"description": None}).json_body
    assert (cleared["description"], cleared["metrics"]) == (None, known["metrics"])


def test_what_changes_nothing_is_no_new_version(admin: Caller) -> None:
    known = made(admin)
    for body in ({}, new(), {"metrics": known["metrics"]}, {"name": known["name"]}):
        answer = admin.ask("PUT", path_of(known), body)
        assert (answer.json_body, answer.headers["ETag"]) == (known, '"1"')


def test_metrics_are_replaced_in_the_order_that_is_given(admin: Caller) -> None:
    known = made(admin)
    wanted = [HUMIDITY, {"name": "co2", "dataType": "integer"}, TEMPERATURE]
    changed = admin.ask("PUT", path_of(known), {"metrics": wanted}).json_body
    assert [metric["name"] for metric in changed["metrics"]] == ["humidity", "co2", "temperature"]
    assert admin.get(path_of(known)).json_body == changed
    assert admin.ask("PUT", path_of(known), {"metrics": []}).json_body["metrics"] == []


def test_a_stale_version_is_not_changed(admin: Caller) -> None:
    path = path_of(made(admin))
    read = admin.get(path).headers["ETag"]
    assert admin.ask("PUT", path, {"description": "1"}, If_Match=read).status_code == 200
    again = admin.ask("PUT", path, {"description": "2"}, If_Match=read)
    assert code(again) == (412, "STALE_VERSION")
    assert code(admin.ask("DELETE", path, If_Match=read)) == (412, "STALE_VERSION")
    assert admin.get(path).json_body["description"] == "1"


def test_a_request_that_is_sent_again_is_carried_out_once(admin: Caller, people: People) -> None:
    first = admin.ask("POST", "/device-types", new(), Idempotency_Key="k-1")
    again = admin.ask("POST", "/device-types", new(), Idempotency_Key="k-1")
    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert people.sandbox.value("SELECT count(*) FROM iot_data.device_types") == 1
    other = admin.ask("POST", "/device-types", new(name="other"), Idempotency_Key="k-1")
    assert code(other) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_a_name_is_taken_once_in_an_organization(
    admin: Caller, platform: Caller, people: People
) -> None:
    known = made(admin)
    assert code(admin.ask("POST", "/device-types", new())) == (409, "DEVICE_TYPE_EXISTS")
    second = made(admin, name="second")
    renamed = admin.ask("PUT", path_of(second), {"name": known["name"]})
    assert code(renamed) == (409, "DEVICE_TYPE_EXISTS")
    assert renamed.json_body["error"]["details"] == {"name": known["name"]}
    assert admin.get(path_of(second)).json_body == second
    # Others may call theirs so, and so may the platform.
    people.organization("org-other")
    made(people.user("other", "org-other", role="admin"))
    made(platform, isShared=True)
    assert code(platform.ask("POST", "/device-types", new(isShared=True)))[0] == 409
    admin.ask("DELETE", path_of(known))
    made(admin)


def test_a_removed_type_is_gone(admin: Caller, platform: Caller) -> None:
    known = made(admin)
    answer = admin.ask("DELETE", path_of(known))
    assert (answer.status_code, answer.json_body) == (200, {"deviceTypeId": known["deviceTypeId"]})
    for caller in (admin, platform):
        assert code(caller.get(path_of(known))) == (404, "DEVICE_TYPE_NOT_FOUND")
        assert code(caller.ask("PUT", path_of(known), {})) == (404, "DEVICE_TYPE_NOT_FOUND")
        assert code(caller.ask("DELETE", path_of(known))) == (404, "DEVICE_TYPE_NOT_FOUND")
        assert caller.get("/device-types").json_body["items"] == []


@pytest.mark.parametrize(
    "type_id", ["x", "type-", "type-X", "type-x%0A", "type-" + "x" * 41, "%2F"]
)
def test_what_cannot_be_the_id_of_a_type_is_not_found(type_id: str, admin: Caller) -> None:
    assert admin.get(f"/device-types/{type_id}").status_code == 404


def test_what_is_done_is_written_down(admin: Caller, people: People) -> None:
    known = made(admin)
    admin.ask("PUT", path_of(known), {"reportingIntervalSeconds": 900})
    admin.ask("PUT", path_of(known), {"reportingIntervalSeconds": 900})
    admin.ask("DELETE", path_of(known))
    entries = people.sandbox.rows(
        "SELECT actor, action, subject, before, after FROM iot_data.audit_log ORDER BY audit_id"
    )
    facts = {
        name: known[name]
        for name in (
            *("organizationId", "name", "description", "metrics", "reportingIntervalSeconds"),
            "timestampPath",
        )
    }
    subject = f"device_type {known['deviceTypeId']}"
    slower = {"reportingIntervalSeconds": 900}
    assert entries == [
        ("sub-boss", "device_type.created", subject, None, facts),
        (
            *("sub-boss", "device_type.changed", subject),
            *({"reportingIntervalSeconds": 300}, slower),
        ),
        ("sub-boss", "device_type.removed", subject, {**facts, **slower}, None),
    ]
