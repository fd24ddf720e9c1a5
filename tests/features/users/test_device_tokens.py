"""Where users get push messages."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import Deadline
from chalicelib.features.users import device_tokens
from chalicelib.features.users.bodies import NewDeviceToken
from chalicelib.features.users.context import Request
from chalicelib.features.users.model import MAX_DEVICE_TOKENS, Platform
from tests.people import Caller, People
from tests.waiting import IS_WAITING, wait_until


@pytest.fixture
def john(people: People) -> Caller:
    people.organization()
    return people.user("john")


def register(caller: Caller, token: str, platform: str = "android") -> int:
    body = {"token": token, "platform": platform}
    return caller.ask("POST", "/users/me/device-tokens", body).status_code


def tokens_of(caller: Caller) -> list[str]:
    tokens: list[str] = caller.get("/users/me").json_body["deviceTokens"]
    return tokens


def test_a_device_is_registered_once_however_often(john: Caller) -> None:
    for platform in ("android", "ios"):
        assert register(john, "fcm-token-xyz", platform) == 200
    assert tokens_of(john) == ["fcm-token-xyz"]


@pytest.mark.parametrize("organization", ["org-789", "org-other"])
def test_a_device_belongs_to_whoever_registered_it_last(
    organization: str, john: Caller, people: People
) -> None:
    if organization != "org-789":
        people.organization(organization)
    jane = people.user("jane", organization)
    register(john, "shared")
    assert register(jane, "shared") == 200
    assert (tokens_of(john), tokens_of(jane)) == ([], ["shared"])


@pytest.mark.postgresql
@pytest.mark.usefixtures("runtime_login")
def test_a_device_goes_over_to_another_organization_below_the_policies_too(
    john: Caller, people: People
) -> None:
    people.organization("org-other")
    jane = people.user("jane", "org-other")
    register(john, "shared")
    assert register(jane, "shared") == 200
    assert (tokens_of(john), tokens_of(jane)) == ([], ["shared"])


@pytest.mark.postgresql
@pytest.mark.parametrize("organization", ["org-789", "org-other"])
def test_of_two_who_register_a_device_at_once_the_second_has_it(
    organization: str, john: Caller, people: People, runtime_engine: Engine
) -> None:
    if organization != "org-789":
        people.organization(organization)
    jane = people.user("jane", organization)
    asked = NewDeviceToken(token="shared", platform=Platform.IOS)
    request = Request(Actor("sub-john"), "org-789", lambda version: None, has_pool=False)
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(runtime_engine, Deadline.after(30), "org-789") as connection:
            device_tokens.register(connection, request, asked)
            second = pool.submit(register, jane, "shared")
            wait_until(people.sandbox, IS_WAITING)
        assert second.result(30) == 200
    assert (tokens_of(john), tokens_of(jane)) == ([], ["shared"])


def test_a_device_is_removed(john: Caller) -> None:
    register(john, "a/b:c d".replace(" ", "_"))
    answer = john.ask("DELETE", "/users/me/device-tokens/a%2Fb:c_d")
    assert (answer.status_code, answer.json_body) == (200, {"token": "a/b:c_d"})
    assert tokens_of(john) == []
    answer = john.ask("DELETE", "/users/me/device-tokens/a%2Fb:c_d")
    assert (answer.status_code, answer.json_body["error"]["code"]) == (
        404,
        "DEVICE_TOKEN_NOT_FOUND",
    )


def test_the_device_that_was_registered_longest_ago_gives_way(john: Caller) -> None:
    for number in range(MAX_DEVICE_TOKENS + 1):
        register(john, f"token-{number}")
    assert tokens_of(john) == [f"token-{n}" for n in range(MAX_DEVICE_TOKENS, 0, -1)]


def test_no_log_shows_a_token(john: Caller, people: People) -> None:
    register(john, "secret-enough-to-be-kept")
    [entry] = people.sandbox.rows("SELECT action, after::text FROM iot_data.audit_log")
    assert entry == ("user.device_registered", '{"token": "secret-e…", "platform": "android"}')


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "token"),
        ({"token": "", "platform": "ios"}, "token"),
        ({"token": "x" * 1025, "platform": "ios"}, "token"),
        ({"token": "a b", "platform": "ios"}, "token"),
        ({"token": "a\n", "platform": "ios"}, "token"),
        ({"token": "токен", "platform": "ios"}, "token"),
        ({"token": 7, "platform": "ios"}, "token"),
        ({"token": "t"}, "platform"),
        ({"token": "t", "platform": "symbian"}, "platform"),
        ({"token": "t", "platform": "ios", "userId": "user-jane"}, "userId"),
    ],
    ids=repr,
)
def test_a_bad_token_is_named(body: object, place: str, john: Caller) -> None:
    answer = john.ask("POST", "/users/me/device-tokens", body)
    error = answer.json_body["error"]
    assert (answer.status_code, error["details"]) == (400, {"parameter": place})
