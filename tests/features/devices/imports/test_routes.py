"""Imports over HTTP."""

import json

import pytest

from chalicelib.features.devices.imports.invocations import register_imports
from chalicelib.features.devices.imports.model import MAX_DATA_BYTES
from tests.features.devices.imports.desk import HEAD, Desk, counts, line_of, many
from tests.features.devices.registry import refusal


def test_an_import_is_followed_from_asking_to_its_end(desk: Desk) -> None:
    file = HEAD + line_of("A") + line_of("") + line_of("C")
    body = {"format": "csv", "name": "Building A", "data": file}
    asked = desk.admin.ask("POST", "/device-imports", body)
    assert asked.status_code == 201
    import_id = asked.json_body["importId"]
    assert asked.headers["Location"] == f"device-imports/{import_id}"
    assert asked.json_body["upload"] is None
    assert counts(desk.get(import_id)) == ("waiting", 0, 0)
    register_imports(None)
    done = desk.get(import_id)
    assert counts(done) == ("succeeded", 2, 1)
    assert (done["name"], done["readBytes"]) == ("Building A", len(file))
    assert done["createdAt"] <= done["startedAt"] <= done["endedAt"]


def test_the_file_itself_is_kept_no_longer_than_needed(desk: Desk) -> None:
    desk.carry_out(HEAD + line_of("A"))
    assert desk.sandbox.rows("SELECT data FROM iot_data.device_imports") == [(None,)]


def test_rows_are_paged_by_line_and_filtered_by_outcome(desk: Desk) -> None:
    lines = [line_of("A" if number % 3 else "") for number in range(9)]
    import_id = desk.carry_out(HEAD + "".join(lines))["importId"]
    path = f"/device-imports/{import_id}/rows?limit=4"
    first = desk.admin.get(path).json_body
    second = desk.admin.get(f"{path}&after={first['next']}").json_body
    last = desk.admin.get(f"{path}&after={second['next']}").json_body
    pages = [[row["line"] for row in page["items"]] for page in (first, second, last)]
    assert pages == [[2, 3, 4, 5], [6, 7, 8, 9], [10]]
    assert last["next"] is None
    assert [row["line"] for row in desk.rows(import_id, "outcome=refused")] == [2, 5, 8]
    registered = desk.rows(import_id, "outcome=registered")
    assert [row["line"] for row in registered] == [3, 4, 6, 7, 9, 10]
    assert all(row["deviceId"].startswith("dev-") and not row["error"] for row in registered)


def test_the_list_shows_the_newest_first_and_by_status(desk: Desk) -> None:
    first = desk.carry_out(HEAD)["importId"]
    second = desk.ask(HEAD)
    items = desk.admin.get("/device-imports").json_body
    assert [item["importId"] for item in items["items"]] == [second, first]
    assert items["pagination"]["totalItems"] == 2
    waiting = desk.admin.get("/device-imports?status=waiting").json_body["items"]
    assert [item["importId"] for item in waiting] == [second]


def test_cancelling_twice_is_cancelling_once(desk: Desk) -> None:
    import_id = desk.ask(many(3), "ndjson")
    path = f"/device-imports/{import_id}/cancel"
    answers = [desk.admin.ask("POST", path) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json_body == answers[1].json_body
    register_imports(None)
    assert desk.registered() == 0


def test_what_has_ended_is_not_cancelled(desk: Desk) -> None:
    import_id = desk.carry_out(HEAD)["importId"]
    answer = desk.admin.ask("POST", f"/device-imports/{import_id}/cancel")
    assert refusal(answer)[:2] == (409, "IMPORT_ENDED")


def test_a_request_that_is_sent_again_is_one_import(desk: Desk) -> None:
    body = {"format": "ndjson", "data": many(1)}
    for _ in range(2):
        desk.admin.ask("POST", "/device-imports", body, Idempotency_Key="k")
    register_imports(None)
    assert desk.registered() == 1


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({}, "format"),
        ({"format": "xlsx"}, "format"),
        ({"format": "csv", "data": ""}, "data"),
        ({"format": "csv", "data": "nul\0"}, "data"),
        ({"format": "csv", "data": "half \ud800"}, "data"),
        ({"format": "csv", "data": "x" * (MAX_DATA_BYTES + 1)}, "data"),
        ({"format": "csv", "data": "é" * (MAX_DATA_BYTES // 2 + 1)}, "data"),
        ({"format": "csv", "data": 7}, "data"),
        ({"format": "csv", "data": "x", "name": " "}, "name"),
        ({"format": "csv", "data": "x", "s3": {"bucket": "b", "key": "k"}}, "s3"),
    ],
)
def test_what_cannot_be_imported_is_refused(body: object, parameter: str, desk: Desk) -> None:
    answer = desk.admin.ask("POST", "/device-imports", json.dumps(body).encode())
    assert refusal(answer) == (400, "INVALID_REQUEST", parameter)


def test_a_file_may_be_as_long_as_is_said(desk: Desk) -> None:
    head = "name,deviceType\n"
    done = desk.carry_out(head + "\n" * (MAX_DATA_BYTES - len(head)))
    assert counts(done) == ("succeeded", 0, 0)


def test_only_admins_import(desk: Desk) -> None:
    body = {"format": "csv", "data": HEAD}
    assert desk.registry.operator.ask("POST", "/device-imports", body).status_code == 403


def test_the_platform_s_people_say_for_whom(desk: Desk) -> None:
    platform = desk.registry.people.platform()
    body = {"format": "csv", "data": HEAD + line_of("A")}
    assert refusal(platform.ask("POST", "/device-imports", body))[2] == "organizationId"
    asked = platform.ask("POST", "/device-imports?organizationId=org-other", body)
    register_imports(None)
    owners = desk.sandbox.rows("SELECT organization_id FROM iot_data.devices")
    assert owners == [("org-other",)]
    assert desk.admin.get(f"/device-imports/{asked.json_body['importId']}").status_code == 404
