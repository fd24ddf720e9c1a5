"""What users see and change of themselves."""

from typing import Any

import pytest
from chalice.test import HTTPResponse

from tests.people import Caller, People

DEFAULTS = {
    "notifications": {"email": True, "push": True, "sms": False},
    "quietHours": {"enabled": False, "start": "22:00", "end": "08:00", "timezone": "UTC"},
    "theme": "system",
    "language": "en",
}


@pytest.fixture
def john(people: People) -> Caller:
    people.organization()
    return people.user("john", role="operator")


def refusal(answer: HTTPResponse) -> tuple[int, str | None]:
    """The status, and the place in the request that the refusal names."""
    error = answer.json_body["error"]
    return answer.status_code, error["details"].get("parameter")


def test_users_see_themselves(john: Caller) -> None:
    answer = john.get("/users/me")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    body = answer.json_body
    assert body.pop("createdAt").endswith("Z")
    assert body == {
        "userId": "user-john",
        "email": "john@example.com",
        "name": "John",
        "organizationId": "org-789",
        "role": "operator",
        "phoneNumber": None,
        "preferences": DEFAULTS,
        "deviceTokens": [],
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/me"),
        ("PUT", "/users/me"),
        ("PUT", "/users/me/preferences"),
        ("DELETE", "/users/me/device-tokens/t"),
    ],
)
def test_somebody_who_is_no_user_has_no_profile(method: str, path: str, people: People) -> None:
    answer = people.platform().ask(method, path, {})
    assert (answer.status_code, answer.json_body["error"]["code"]) == (404, "PROFILE_NOT_FOUND")


def test_a_profile_is_changed_field_by_field(john: Caller) -> None:
    john.ask("PUT", "/users/me", {"name": "Jöhn Δοε 李", "phoneNumber": "+4915112345678"})
    body = john.ask("PUT", "/users/me", {"preferences": {"theme": "dark"}}).json_body
    assert (body["name"], body["phoneNumber"]) == ("Jöhn Δοε 李", "+4915112345678")
    assert body["preferences"] == {**DEFAULTS, "theme": "dark"}
    assert john.ask("PUT", "/users/me", {"phoneNumber": None}).json_body["phoneNumber"] is None


def test_preferences_are_changed_field_by_field(john: Caller) -> None:
    quiet = {"enabled": True, "timezone": "America/New_York"}
    john.ask("PUT", "/users/me/preferences", {"quietHours": quiet})
    john.ask("PUT", "/users/me/preferences", {"notifications": {"sms": True}, "language": "pt-BR"})
    assert john.get("/users/me").json_body["preferences"] == {
        **DEFAULTS,
        "notifications": {"email": True, "push": True, "sms": True},
        "quietHours": {**DEFAULTS["quietHours"], **quiet},  # type: ignore[dict-item]
        "language": "pt-BR",
    }


def test_nobody_changes_their_own_role_or_organization(john: Caller) -> None:
    for field in ("role", "organizationId", "email", "userId"):
        assert refusal(john.ask("PUT", "/users/me", {field: "admin"})) == (400, field)
    assert john.ask("PUT", "/users/me/role", {"role": "admin"}).status_code == 403
    assert john.get("/me").json_body["role"] == "operator"


def test_a_change_is_written_down_and_what_changes_nothing_is_not(
    john: Caller, people: People
) -> None:
    for _ in range(2):
        assert john.ask("PUT", "/users/me", {"name": "Johnny"}).headers["ETag"] == '"2"'
    [entry] = people.sandbox.rows(
        "SELECT actor, action, subject, before ->> 'name', after ->> 'name', "
        "request_id IS NOT NULL FROM iot_data.audit_log"
    )
    assert entry == (
        "sub-john",
        "user.profile_changed",
        "user user-john",
        "John",
        "Johnny",
        True,
    )


def test_of_two_who_change_the_same_version_the_second_is_told(john: Caller) -> None:
    read = john.get("/users/me").headers["ETag"]
    first = john.ask("PUT", "/users/me", {"name": "First"}, If_Match=read)
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    second = john.ask("PUT", "/users/me", {"name": "Second"}, If_Match=read)
    assert (second.status_code, second.json_body["error"]["code"]) == (412, "STALE_VERSION")
    assert john.get("/users/me").json_body["name"] == "First"
    assert john.ask("PUT", "/users/me", {"name": "Third"}, If_Match="*").status_code == 200


@pytest.mark.parametrize("value", ["2", 'W/"1"', '"1", "2"', '""', '"٣"'])
def test_a_version_that_is_none_is_refused(value: str, john: Caller) -> None:
    answer = john.ask("PUT", "/users/me", {"name": "X"}, If_Match=value)
    assert refusal(answer) == (400, "If-Match")


BAD_NAMES = [
    "",
    " ",
    "\t",
    "a\nb",
    "a\n",
    "\u2028",
    "x" * 101,
    "\x00",
    "\ud800",
    "a\x1b[2J",
    7,
    None,
]
BAD_NUMBERS = ["", "4915112345678", "+0151", "+49 151 123", "+4915112345678\n", "+" + "1" * 16]
BAD_NUMBERS += ["+٤٩١٥١١٢٣٤٥٦", "tel:+4915112345678", "+49151'--"]
BAD_ZONES = [
    "",
    "Factory",
    "Europe",
    "Europe/Atlantis",
    "../etc/passwd",
    "/etc/localtime",
    "localtime",
]
BAD_ZONES += [
    "europe/berlin",
    "Europe/Berlin\n",
    "posixrules",
    "right/UTC",
    "Ευρώπη/Αθήνα",
    "x" * 65,
]
BAD_TIMES = [
    "",
    "24:00",
    "7:30",
    "07:60",
    "07:30:00",
    "07:30\n",
    "\u0660\u0667:\u0663\u0660",
    "seven",
]
BAD_LANGUAGES = ["", "english", "EN", "en_US", "en-us", "en\n", "日本語"]


@pytest.mark.parametrize("name", BAD_NAMES, ids=repr)
def test_a_bad_name_is_named(name: object, john: Caller) -> None:
    assert refusal(john.ask("PUT", "/users/me", {"name": name})) == (400, "name")


@pytest.mark.parametrize("number", [*BAD_NUMBERS, 49, True, ["+4915112345678"]], ids=repr)
def test_a_bad_phone_number_is_named(number: object, john: Caller) -> None:
    assert refusal(john.ask("PUT", "/users/me", {"phoneNumber": number})) == (400, "phoneNumber")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("timezone", zone) for zone in [*BAD_ZONES, None, 1]),
        *(("start", time) for time in [*BAD_TIMES, None, 7]),
        *(("end", time) for time in [*BAD_TIMES, None, 7]),
        ("enabled", "true"),
        ("enabled", 1),
        ("enabled", None),
        ("unknown", 1),
    ],
    ids=repr,
)
def test_a_bad_part_of_the_quiet_hours_is_named_wherever_it_stands(
    field: str, value: object, john: Caller
) -> None:
    change = {"quietHours": {field: value}}
    place = f"quietHours.{field}"
    assert refusal(john.ask("PUT", "/users/me/preferences", change)) == (400, place)
    answer = john.ask("PUT", "/users/me", {"preferences": change})
    assert refusal(answer) == (400, f"preferences.{place}")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"theme": "pink"}, "theme"),
        ({"theme": None}, "theme"),
        *(({"language": language}, "language") for language in BAD_LANGUAGES),
        ({"notifications": None}, "notifications"),
        ({"notifications": []}, "notifications"),
        ({"notifications": {"sms": "yes"}}, "notifications.sms"),
        ({"quietHours": "at night"}, "quietHours"),
        ([], "body"),
        ("dark", "body"),
        (b"{", "body"),
        (b"\xff", "body"),
        (b'{"theme": NaN}', "theme"),
        ({"quietHours": {"\ud800": 1}}, None),
    ],
    ids=repr,
)
def test_bad_preferences_are_named(change: Any, place: str | None, john: Caller) -> None:
    status, named = refusal(john.ask("PUT", "/users/me/preferences", change))
    assert status == 400
    assert place in (named, None)


def test_an_empty_change_is_no_change(john: Caller) -> None:
    assert john.ask("PUT", "/users/me", {}).headers["ETag"] == '"1"'
    assert john.ask("PUT", "/users/me/preferences", {}).headers["ETag"] == '"1"'
