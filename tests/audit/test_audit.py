"""Who did what stays written down, in the transaction that did it."""

from typing import Any

import pytest
from chalice.test import Client
from sqlalchemy import Engine

from app import app
from chalicelib import audit
from chalicelib.audit import Actor
from chalicelib.database import Deadline, transaction
from tests.features.device_parameters.test_invocations import SCHEDULE, invoke
from tests.features.device_parameters.test_routes import get, pages
from tests.features.device_parameters.test_start import post
from tests.people import People
from tests.sandbox import Sandbox


def entries(query: str = "") -> list[dict[str, Any]]:
    status, body = get(f"/audit{query}")
    assert status == 200
    found: list[dict[str, Any]] = body["items"]
    return found


def test_a_forced_run_leaves_a_name_and_a_reason(migrated: Sandbox) -> None:
    _, _, run = post({"force": True, "comment": "The fleet was replaced"})
    [entry] = entries()
    assert (entry["actor"], entry["action"], entry["subject"], entry["comment"]) == (
        "anybody",
        "run.forced",
        f"run {run['run_id']}",
        "The fleet was replaced",
    )
    assert entry["after"] == {
        "as_of": run["as_of"],
        "window_minutes": 60,
        "guard": "released",
    }
    assert entry["request_id"]
    assert (run["requested_by"], run["comment"]) == ("anybody", "The fleet was replaced")


def test_a_started_run_leaves_a_name_and_a_scheduled_one_none(migrated: Sandbox) -> None:
    post()
    invoke({})
    invoke(SCHEDULE)
    assert [(entry["actor"], entry["action"]) for entry in entries()] == [
        ("lambda", "run.started"),
        ("anybody", "run.started"),
    ]


def test_a_plan_leaves_no_name(migrated: Sandbox) -> None:
    post({"dry_run": True, "force": True})
    assert entries() == []


def test_what_is_rolled_back_was_not_done(migrated: Sandbox, engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError):
        _move_in_vain(engine)
    assert entries() == []


def _move_in_vain(engine: Engine) -> None:
    with transaction(engine, Deadline.after(30)) as connection:
        audit.record(connection, Actor("ann"), "things.moved", "thing 1")
        raise ZeroDivisionError


def test_entries_page_and_filter_newest_first(migrated: Sandbox, engine: Engine) -> None:
    with transaction(engine, Deadline.after(30)) as connection:
        for number in range(5):
            actor = Actor("ann" if number % 2 else "bob", f"request {number}")
            audit.record(
                connection, actor, "things.moved", f"thing {number}", before={"at": number}
            )
    subjects = [[entry["subject"] for entry in page] for page in pages("/audit?limit=2")]
    assert subjects == [["thing 4", "thing 3"], ["thing 2", "thing 1"], ["thing 0"]]
    assert [entry["before"] for entry in entries("?actor=ann")] == [{"at": 3}, {"at": 1}]
    assert [entry["actor"] for entry in entries("?subject=thing%202")] == ["bob"]
    assert entries("?action=other") == []


def test_admins_see_what_was_done_in_their_organization_and_no_more(people: People) -> None:
    people.organization("org-1")
    people.organization("org-2")
    admin = people.user("ann", "org-1", role="admin")
    new = {"email": "new@example.com", "name": "New"}
    platform = people.platform()
    for organization_id in ("org-1", "org-2"):
        platform.ask("POST", f"/users?organizationId={organization_id}", new)
    platform.ask("POST", "/organizations", {"name": "Third"})
    [entry] = admin.get("/audit").json_body["items"]
    assert (entry["actor"], entry["organization_id"]) == ("sub-platform", "org-1")
    assert len(platform.get("/audit").json_body["items"]) == 3
    [entry] = platform.get("/audit?organization_id=org-2").json_body["items"]
    assert entry["organization_id"] == "org-2"
    assert people.user("otto", "org-1", role="operator").get("/audit").status_code == 403


def test_nobody_can_change_what_is_written(migrated: Sandbox) -> None:
    with Client(app) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert client.http.request(method, "/audit").status_code == 405
