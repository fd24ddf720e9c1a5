"""The platform's types are everybody's to use, and the platform's to change."""

from tests.features.device_types.asking import code, made, new, path_of, place
from tests.people import Caller, People


def test_a_shared_type_is_seen_by_everybody_and_changed_by_the_platform(
    admin: Caller, platform: Caller, people: People
) -> None:
    shared = made(platform, isShared=True)
    assert (shared["organizationId"], shared["isShared"]) == (None, True)
    assert people.user("viewer").get(path_of(shared)).json_body == shared
    changed = platform.ask("PUT", path_of(shared), {"description": "For all", "metrics": []})
    assert changed.status_code == 200
    assert admin.get(path_of(shared)).json_body == changed.json_body
    assert platform.ask("DELETE", path_of(shared)).status_code == 200
    assert admin.get(path_of(shared)).status_code == 404


def test_an_organization_is_told_that_a_shared_type_is_not_its_own(
    admin: Caller, platform: Caller
) -> None:
    shared = made(platform, isShared=True)
    for method, body in (("PUT", {"description": "mine"}), ("PUT", {}), ("DELETE", None)):
        answer = admin.ask(method, path_of(shared), body)
        assert code(answer) == (403, "FORBIDDEN")
        assert "shared" in answer.json_body["error"]["message"]
    assert admin.get(path_of(shared)).json_body == shared


def test_an_organization_shares_nothing(admin: Caller) -> None:
    assert code(admin.ask("POST", "/device-types", new(isShared=True))) == (403, "FORBIDDEN")
    assert admin.get("/device-types").json_body["items"] == []


def test_a_shared_type_is_of_no_organization(admin: Caller, platform: Caller) -> None:
    answer = platform.ask("POST", "/device-types?organizationId=org-789", new(isShared=True))
    assert place(answer) == (400, "organizationId")
    known = made(admin)
    assert place(platform.ask("PUT", path_of(known), {"isShared": True})) == (400, "isShared")


def test_the_platform_s_people_write_for_the_organization_they_name(
    admin: Caller, platform: Caller, people: People
) -> None:
    # Where there is only one, it need not be named.
    assert made(platform, name="one")["organizationId"] == "org-789"
    people.organization("org-other")
    refused = platform.ask("POST", "/device-types", new(name="two"))
    assert place(refused) == (400, "organizationId")
    two = made(platform, "?organizationId=org-789", name="two")
    assert admin.get(path_of(two)).json_body == two
    assert platform.ask("PUT", path_of(two), {"description": "ours"}).status_code == 200
    missing = platform.ask("POST", "/device-types?organizationId=org-missing", new())
    assert code(missing) == (404, "ORGANIZATION_NOT_FOUND")


def test_what_belongs_to_another_organization_is_not_there(admin: Caller, people: People) -> None:
    people.organization("org-other")
    foreign = made(people.user("other", "org-other", role="admin"))
    assert code(admin.get(path_of(foreign))) == (404, "DEVICE_TYPE_NOT_FOUND")
    assert admin.get("/device-types").json_body["items"] == []
