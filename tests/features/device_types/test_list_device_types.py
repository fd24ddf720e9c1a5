"""The list of device types."""

from typing import Any

import pytest

from tests.features.device_types.asking import made
from tests.people import Caller, People

PATH = "/device-types"


@pytest.fixture
def member(admin: Caller, platform: Caller, people: People) -> Caller:
    """A viewer of an organization that has two types, beside two that are shared."""
    people.organization("org-other")
    made(people.user("other", "org-other", role="admin"), name="foreign")
    made(admin, name="pump-v2", metrics=[])
    made(platform, name="sensor-a", isShared=True)
    made(admin, name="sensor-b")
    made(platform, name="50-percent_lamp", isShared=True)
    return people.user("viewer")


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.body
    return [item["name"] for item in answer.json_body["items"]]


def test_an_organization_sees_its_own_types_and_the_shared_ones(member: Caller) -> None:
    answer = member.get(PATH)
    assert names(answer) == ["50-percent_lamp", "pump-v2", "sensor-a", "sensor-b"]
    assert answer.json_body["pagination"]["totalItems"] == 4
    facts = {
        item["name"]: (item["isShared"], item["organizationId"], item["metricCount"])
        for item in answer.json_body["items"]
    }
    assert facts["sensor-a"] == (True, None, 3)
    assert facts["sensor-b"] == (False, "org-789", 3)
    assert facts["pump-v2"] == (False, "org-789", 0)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("name=sensor", ["sensor-a", "sensor-b"]),
        ("name=ENSOR-", ["sensor-a", "sensor-b"]),
        # What is a placeholder to SQL is none here.
        ("name=t_l", ["50-percent_lamp"]),
        ("name=%25", []),
        ("name=v_", []),
        ("name=", ["50-percent_lamp", "pump-v2", "sensor-a", "sensor-b"]),
        ("isShared=true", ["50-percent_lamp", "sensor-a"]),
        ("isShared=false", ["pump-v2", "sensor-b"]),
        ("isShared=false&name=b", ["sensor-b"]),
        ("sortOrder=desc", ["sensor-b", "sensor-a", "pump-v2", "50-percent_lamp"]),
        ("sortBy=createdAt", ["pump-v2", "sensor-a", "sensor-b", "50-percent_lamp"]),
        ("organizationId=org-789&isShared=false", ["pump-v2", "sensor-b"]),
        ("pageSize=3&page=2", ["sensor-b"]),
    ],
)
def test_a_list_is_filtered_and_sorted(query: str, expected: list[str], member: Caller) -> None:
    assert names(member.get(f"{PATH}?{query}")) == expected


@pytest.mark.parametrize("sort", ["name", "createdAt"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_a_list_is_walked_by_its_next(sort: str, order: str, member: Caller) -> None:
    query = f"{PATH}?sortBy={sort}&sortOrder={order}"
    whole, walked = names(member.get(query)), []
    after = ""
    while after is not None:
        answer = member.get(f"{query}&pageSize=1{after and f'&after={after}'}")
        walked += names(answer)
        after = answer.json_body["next"]
    assert walked == whole


def test_the_platform_s_people_see_all_or_those_of_one_organization(
    member: Caller, platform: Caller
) -> None:
    assert platform.get(PATH).json_body["pagination"]["totalItems"] == 5
    others = platform.get(f"{PATH}?organizationId=org-other")
    assert names(others) == ["50-percent_lamp", "foreign", "sensor-a"]


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("isShared=perhaps", "isShared"),
        ("isShared=", "isShared"),
        ("sortBy=metrics", "sortBy"),
        ("name=a&name=b", "name"),
        ("metric=temperature", "metric"),
        ("organizationId=*", "organizationId"),
        ("page=0", "page"),
    ],
)
def test_a_bad_parameter_is_named(query: str, place: str, member: Caller) -> None:
    answer = member.get(f"{PATH}?{query}")
    assert answer.status_code == 400, answer.body
    assert answer.json_body["error"]["details"] == {"parameter": place}
