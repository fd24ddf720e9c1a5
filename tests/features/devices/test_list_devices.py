"""The list of devices: filters, sorts, pages, and totals that agree."""

import math
import random
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.features.devices.listing.near import EARTH_KM
from tests.features.devices.registry import LEAST, Registry, add_type, refusal

# Name, changes of the least description, and what is set besides.
DEVICES: list[dict[str, Any]] = [
    {
        "name": "Office-Temp-Sensor-1",
        "tags": ["office", "north"],
        "metadata": {"serialNumber": "SN123"},
        "location": {"lat": 48.137, "lon": 11.575, "address": "Office 301, Building A"},
    },
    {
        "name": "Boiler",
        "tags": ["cellar"],
        "location": {"lat": 48.14, "lon": 11.58, "address": "Cellar, building B"},
    },
    {"name": "Gate Ä", "tags": ["north"], "deviceType": "gate", "location": {"address": "東京 1"}},
    {"name": "attic temp", "tags": []},
]


@pytest.fixture
def listed(registry: Registry) -> Registry:
    """Four devices of the organization, one of another, one that was deleted."""
    add_type(registry.sandbox, "gate", "org-789")
    ids = {each["name"]: registry.register(**each) for each in DEVICES}
    gone = registry.register(name="Gone", tags=["north"])
    registry.admin.ask("DELETE", f"/devices/{gone}")
    other = registry.people.user("other", "org-other", role="operator")
    other.ask("POST", "/devices", {**LEAST, "name": "Foreign"})
    registry.change(ids["Boiler"], status="maintenance")
    registry.sandbox.rows(
        "UPDATE iot_data.devices SET connectivity = 'online', lifecycle = 'active' "
        "WHERE name = 'Office-Temp-Sensor-1'"
    )
    for hours, name in enumerate(["attic temp", "Boiler", "Office-Temp-Sensor-1"]):
        registry.sandbox.rows(
            "UPDATE iot_data.device_presence SET last_seen_at = now() - %s * interval '1 hour' "
            "WHERE device_id = %s",
            [hours, ids[name]],
        )
    return registry


def names(body: dict[str, Any]) -> list[str]:
    return [device["name"] for device in body["items"]]


OFFICE, BOILER, GATE, ATTIC = (str(each["name"]) for each in DEVICES)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [BOILER, GATE, OFFICE, ATTIC]),
        ("status=online", [OFFICE]),
        ("status=maintenance", [BOILER]),
        ("status=registered", [GATE, ATTIC]),
        ("lifecycle=active", [OFFICE]),
        ("connectivity=never", [BOILER, GATE, ATTIC]),
        ("deviceType=gate", [GATE]),
        ("deviceType=no-such-type", []),
        ("tags=north", [GATE, OFFICE]),
        ("tags=cellar,office", [BOILER, OFFICE]),
        ("tagsAll=north,office", [OFFICE]),
        ("tagsAll=north,cellar", []),
        ("tags=north&tagsAll=office", [OFFICE]),
        ("tags=north&status=online", [OFFICE]),
        ("q=temp", [OFFICE, ATTIC]),
        ("q=TEMP off", [OFFICE]),
        ("q=sn12", [OFFICE]),
        ("q=emp", []),
        ("q=gate ä", [GATE]),
        ("q=GATE Ä", [GATE]),
        ("location=building", [BOILER, OFFICE]),
        ("location=building a", [OFFICE]),
        ("location=東", [GATE]),
        ("near=48.137,11.575,1", [BOILER, OFFICE]),
        ("near=48.137,11.575,0.2", [OFFICE]),
        ("near=-48.137,11.575,100", []),
        ("near=48.137,11.575,1&q=boil&tags=cellar", [BOILER]),
        ("sortOrder=desc", [ATTIC, OFFICE, GATE, BOILER]),
        ("sortBy=createdAt", [OFFICE, BOILER, GATE, ATTIC]),
        ("sortBy=lastSeen", [GATE, OFFICE, BOILER, ATTIC]),
        ("sortBy=lastSeen&sortOrder=desc", [ATTIC, BOILER, OFFICE, GATE]),
        ("pageSize=2&page=2", [OFFICE, ATTIC]),
        ("organizationId=org-789&pageSize=1", [BOILER]),
    ],
)
def test_what_is_asked_for_is_listed(query: str, expected: list[str], listed: Registry) -> None:
    body = listed.list(quote(query, safe="=&"))
    # Where capitals come depends on the database.
    if "sort" not in query:
        assert sorted(names(body)) == sorted(expected)
    assert len(names(body)) == len(expected)
    if "page" not in query:
        assert body["pagination"]["totalItems"] == len(expected)


@pytest.mark.parametrize("sort", ["name", "status", "lastSeen", "createdAt"])
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_whoever_walks_the_list_sees_each_once(sort: str, order: str, listed: Registry) -> None:
    query = f"sortBy={sort}&sortOrder={order}&pageSize=1"
    page = listed.list(query)
    walked = names(page)
    while page["next"]:
        page = listed.list(f"{query}&after={page['next']}")
        walked += names(page)
    assert walked == names(listed.list(f"sortBy={sort}&sortOrder={order}"))
    assert len(set(walked)) == len(DEVICES)


def test_those_never_seen_come_as_if_seen_longest_ago(listed: Registry) -> None:
    assert names(listed.list("sortBy=lastSeen")) == [GATE, OFFICE, BOILER, ATTIC]


def test_the_filters_are_said_again(listed: Registry) -> None:
    body = listed.list("status=online&tags=office,north&pageSize=5&sortBy=name&near=48,11,90")
    assert body["filters"] == {"status": "online", "tags": "office,north", "near": "48,11,90"}


def test_the_platform_s_people_see_all_or_one_organization(listed: Registry) -> None:
    platform = listed.people.platform()
    body = platform.get("/devices").json_body
    assert body["pagination"]["totalItems"] == len(DEVICES) + 1
    body = platform.get("/devices?organizationId=org-other").json_body
    assert names(body) == ["Foreign"]


def test_an_id_is_found_by_how_it_begins(listed: Registry) -> None:
    device_id = listed.list("q=boiler")["items"][0]["deviceId"]
    assert names(listed.list(f"q={device_id}")) == [BOILER]
    assert names(listed.list(f"q={device_id[:12]}")) == [BOILER]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("q=a+b+c+d+e+f+g+h+i+j+k", "q"),
        ("tags=a,b,c,d,e,f,g,h,i,j,k", "tags"),
        ("near=1,2", "near"),
        ("near=91,0,5", "near"),
        ("near=0,181,5", "near"),
        ("near=0,0,0", "near"),
        ("near=nan,0,5", "near"),
        ("near=0,0,inf", "near"),
        ("near=1_0,0,5", "near"),
        ("near=a,b,c", "near"),
        ("tags=", "tags"),
        ("tags=a,,b", "tags"),
        ("tagsAll=,", "tagsAll"),
        ("q=", "q"),
        ("q=%27%3B--", "q"),
        ("location=%20", "location"),
        ("status=deleted", "status"),
        ("lifecycle=deleted", "lifecycle"),
        ("connectivity=lost", "connectivity"),
        ("sortBy=serialNumber", "sortBy"),
        ("include=everything", "include"),
        ("page=1000&pageSize=100", "page"),
        ("colour=red", "colour"),
    ],
)
def test_what_cannot_be_asked_is_named(query: str, parameter: str, registry: Registry) -> None:
    answer = registry.operator.get(f"/devices?{query}")
    assert refusal(answer) == (400, "INVALID_REQUEST", parameter)


@pytest.mark.parametrize("q", ["a' | 'b", "a:*", "a & !b", "\\", "a\\'b", "(a", "\u202e!"])
def test_hostile_texts_find_nothing_and_break_nothing(q: str, listed: Registry) -> None:
    for name in ("q", "location", "tags"):
        answer = listed.operator.get(f"/devices?{name}={quote(q)}")
        assert answer.status_code in (200, 400)


def test_what_is_near_is_what_the_globe_says(registry: Registry) -> None:
    """Also across the 180th meridian and at the poles, where degrees are no distances."""
    chance = random.Random(7)  # noqa: S311 no secret, but the same each time
    spots = [(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(300)]
    spots += [
        (chance.choice([-1, 1]) * chance.uniform(85, 90), 180 - chance.random()) for _ in range(50)
    ]
    spots += [(chance.uniform(-5, 5), 180 - chance.uniform(-2, 2)) for _ in range(50)]
    spots = [(lat, (lon + 540) % 360 - 180) for lat, lon in spots]
    registry.sandbox.rows(
        "INSERT INTO iot_data.devices "
        "(device_id, organization_id, device_type_id, name, latitude, longitude) "
        "SELECT 'd-' || ordinality, 'org-789', 'type-temperature-sensor-v2-shared', 'D', lat, lon "
        "FROM unnest(%s::float[], %s::float[]) WITH ORDINALITY AS spot (lat, lon, ordinality)",
        [[lat for lat, _ in spots], [lon for _, lon in spots]],
    )
    for lat, lon, km in [
        (89.5, 0, 700),
        (0, 179.9, 300),
        (0, -179.9, 300),
        (-88, 10, 400),
        (45, 7, 2500),
    ]:
        body = registry.list(f"near={lat},{lon},{km}&pageSize=500")
        expected = {f"d-{n}" for n, spot in enumerate(spots, 1) if _km(spot, (lat, lon)) <= km}
        assert {device["deviceId"] for device in body["items"]} == expected
        assert body["pagination"]["totalItems"] == len(expected)


def _km(a: tuple[float, float], b: tuple[float, float]) -> float:
    """How far apart two places are, by the angle between their directions."""
    first, second = (
        (
            math.cos(math.radians(lat)) * math.cos(math.radians(lon)),
            math.cos(math.radians(lat)) * math.sin(math.radians(lon)),
            math.sin(math.radians(lat)),
        )
        for lat, lon in (a, b)
    )
    return EARTH_KM * math.acos(
        max(-1, min(1, sum(map(math.prod, zip(first, second, strict=True)))))
    )
