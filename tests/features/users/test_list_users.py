"""The list of users."""

from typing import Any

import pytest

from tests.people import Caller, People


@pytest.fixture
def admin(people: People) -> Caller:
    """The admin of an organization with three more users, and one of another organization."""
    people.organization()
    people.organization("org-other")
    people.user("other", "org-other")
    people.user("gone", removed_at="2026-01-01T00:00Z")
    for name, role in (("anna", "viewer"), ("cleo", "operator"), ("bert", "viewer")):
        people.user(name, role=role)
    return people.user("zoe", role="admin")


def names(body: dict[str, Any]) -> list[str]:
    return [user["name"] for user in body["items"]]


def test_an_admin_sees_the_organization_s_users_and_how_many_there_are(admin: Caller) -> None:
    body = admin.get("/users").json_body
    assert names(body) == ["Anna", "Bert", "Cleo", "Zoe"]
    assert body["next"] is None
    assert body["pagination"] == {
        "page": 1,
        "pageSize": 25,
        "totalItems": 4,
        "totalPages": 1,
        "hasNext": False,
        "hasPrevious": False,
    }


def test_the_platform_s_people_see_all_or_those_of_one_organization(
    admin: Caller, people: People
) -> None:
    platform = people.platform()
    assert platform.get("/users").json_body["pagination"]["totalItems"] == 5
    assert names(platform.get("/users?organizationId=org-other").json_body) == ["Other"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("role=viewer", ["Anna", "Bert"]),
        ("sortOrder=desc", ["Zoe", "Cleo", "Bert", "Anna"]),
        ("sortBy=email&sortOrder=desc", ["Zoe", "Cleo", "Bert", "Anna"]),
        ("sortBy=role", ["Zoe", "Cleo", "Anna", "Bert"]),
        ("sortBy=createdAt", ["Anna", "Cleo", "Bert", "Zoe"]),
        ("organizationId=org-789&role=admin", ["Zoe"]),
        ("pageSize=2&page=2", ["Cleo", "Zoe"]),
        ("page=3", []),
    ],
)
def test_a_list_is_filtered_and_sorted(query: str, expected: list[str], admin: Caller) -> None:
    assert names(admin.get(f"/users?{query}").json_body) == expected


@pytest.mark.parametrize("sort", ["name", "email", "role", "createdAt"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_list_is_walked_by_its_next(sort: str, order: str, admin: Caller) -> None:
    whole = names(admin.get(f"/users?sortBy={sort}&sortOrder={order}").json_body)
    query, walked, numbers = f"sortBy={sort}&sortOrder={order}&pageSize=1", [], []
    body = admin.get(f"/users?{query}").json_body
    while True:
        walked += names(body)
        numbers.append(body["pagination"]["page"])
        if body["next"] is None:
            break
        body = admin.get(f"/users?{query}&after={body['next']}").json_body
    assert walked == whole
    assert numbers == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=1.5", "page"),
        ("page=x", "page"),
        ("page=401", "page"),
        ("pageSize=0", "pageSize"),
        ("pageSize=501", "pageSize"),
        ("page_size=1", "page_size"),
        ("sortBy=password", "sortBy"),
        ("sortOrder=up", "sortOrder"),
        ("role=device", "role"),
        ("after=nonsense!", "after"),
        ("after=WzEsMl0", "after"),
        ("organizationId=", "organizationId"),
        ("organizationId=*", "organizationId"),
        ("organizationId=org-789%0A", "organizationId"),
    ],
)
def test_a_bad_parameter_is_named(query: str, place: str, admin: Caller) -> None:
    answer = admin.get(f"/users?{query}")
    assert answer.status_code == 400, answer.body
    assert answer.json_body["error"]["details"] == {"parameter": place}


def test_a_next_is_of_its_own_list(admin: Caller) -> None:
    following = admin.get("/users?pageSize=1").json_body["next"]
    for query in ("sortBy=email", "sortOrder=desc", "page=2"):
        assert admin.get(f"/users?{query}&after={following}").status_code == 400


def test_the_deepest_page_is_still_a_page(admin: Caller) -> None:
    assert admin.get("/users?page=400").status_code == 200
