"""Organizations, which the platform's own people keep."""

from typing import Any

import pytest

from tests.people import Caller, People


@pytest.fixture
def platform(people: People) -> Caller:
    return people.platform()


def made(platform: Caller, **body: str) -> dict[str, Any]:
    answer = platform.ask("POST", "/organizations", {"name": "Acme", **body})
    assert answer.status_code == 201, answer.body
    organization: dict[str, Any] = answer.json_body
    return organization


def test_an_organization_is_added_and_found(platform: Caller) -> None:
    answer = platform.ask("POST", "/organizations", {"name": "Àcmé 株式会社"})
    body = answer.json_body
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert answer.headers["Location"] == f"organizations/{body['organizationId']}"
    assert body["organizationId"].startswith("org-")
    assert (body["name"], body["status"]) == ("Àcmé 株式会社", "active")
    found = platform.get(f"/organizations/{body['organizationId']}")
    assert (found.json_body, found.headers["ETag"]) == (body, '"1"')


def test_an_organization_may_have_the_id_that_tokens_name_already(platform: Caller) -> None:
    assert made(platform, organizationId="org-789")["organizationId"] == "org-789"
    again = platform.ask("POST", "/organizations", {"name": "B", "organizationId": "org-789"})
    assert (again.status_code, again.json_body["error"]["code"]) == (409, "ORGANIZATION_EXISTS")
    assert platform.get("/organizations/org-789").json_body["name"] == "Acme"


def test_an_organization_is_changed_field_by_field(platform: Caller) -> None:
    path = f"/organizations/{made(platform)['organizationId']}"
    assert platform.ask("PATCH", path, {"name": "Acme Ltd"}).headers["ETag"] == '"2"'
    changed = platform.ask("PATCH", path, {"status": "suspended"}, If_Match='"2"').json_body
    assert (changed["name"], changed["status"]) == ("Acme Ltd", "suspended")
    stale = platform.ask("PATCH", path, {"status": "active"}, If_Match='"2"')
    assert stale.status_code == 412
    assert platform.ask("PATCH", path, {}).headers["ETag"] == '"3"'


def test_an_organization_that_is_not_there_is_not_found(platform: Caller) -> None:
    for method in ("GET", "PATCH"):
        answer = platform.ask(method, "/organizations/org-none", {})
        error = answer.json_body["error"]
        assert (answer.status_code, error["code"]) == (404, "ORGANIZATION_NOT_FOUND")
        assert error["details"] == {"organizationId": "org-none"}


def test_organizations_are_listed(platform: Caller) -> None:
    for name in ("Beta", "Alpha", "Gamma"):
        made(platform, name=name, organizationId=name)
    platform.ask("PATCH", "/organizations/Beta", {"status": "suspended"})

    def listed(query: str) -> list[str]:
        return [one["name"] for one in platform.get(f"/organizations?{query}").json_body["items"]]

    assert listed("") == ["Alpha", "Beta", "Gamma"]
    assert listed("sortBy=createdAt&sortOrder=desc") == ["Gamma", "Alpha", "Beta"]
    assert listed("status=suspended") == ["Beta"]
    assert listed("pageSize=2&page=2") == ["Gamma"]


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_only_admins_of_the_platform_change_organizations(role: str, people: People) -> None:
    made(people.platform(), organizationId="org-789")
    caller = people.platform(role)
    assert caller.get("/organizations/org-789").status_code == 200
    assert caller.ask("POST", "/organizations", {"name": "A"}).status_code == 403
    assert caller.ask("PATCH", "/organizations/org-789", {"name": "A"}).status_code == 403


def test_what_is_done_to_an_organization_is_written_down(platform: Caller, people: People) -> None:
    made(platform, organizationId="org-789")
    platform.ask("PATCH", "/organizations/org-789", {"status": "suspended"})
    platform.ask("PATCH", "/organizations/org-789", {"status": "suspended"})
    assert people.sandbox.rows(
        "SELECT actor, action, subject, before ->> 'status', after ->> 'status' "
        "FROM iot_data.audit_log ORDER BY audit_id"
    ) == [
        ("sub-platform", "organization.created", "organization org-789", None, "active"),
        ("sub-platform", "organization.changed", "organization org-789", "active", "suspended"),
    ]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "name"),
        ([], "body"),
        (b"{", "body"),
        *(({"name": each}, "name") for each in ("", " ", "a\nb", "x" * 101, None, 7)),
        *(
            ({"name": "A", "organizationId": each}, "organizationId")
            for each in ("", "*", "-a", "a b", "a/b", "a\n", "x" * 65, "ö", "'; --", None, 7)
        ),
        ({"name": "A", "status": "active"}, "status"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_an_organization_is_named(
    body: object, place: str, platform: Caller
) -> None:
    answer = platform.ask("POST", "/organizations", body)
    assert answer.status_code == 400
    assert answer.json_body["error"]["details"]["parameter"] == place


@pytest.mark.parametrize("status", ["", "deleted", "ACTIVE", None, 1])
def test_a_bad_status_is_named(status: object, platform: Caller) -> None:
    made(platform, organizationId="org-789")
    answer = platform.ask("PATCH", "/organizations/org-789", {"status": status})
    assert answer.json_body["error"]["details"] == {"parameter": "status"}


def test_no_organization_can_stand_for_all(people: People) -> None:
    """Below the code, too."""
    with pytest.raises(Exception, match="organizations_organization_id_check"):
        people.organization("*")
