"""What admins do to users, and that it holds from the next request on."""

from typing import Any

import pytest

from tests.people import Caller, People

NEW = {"email": "New.Person@example.com", "name": "New Person", "role": "operator"}


@pytest.fixture
def admin(people: People) -> Caller:
    """The admin of an organization."""
    people.organization()
    return people.user("boss", role="admin")


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json_body["error"]["code"]


def test_an_admin_adds_a_user_to_the_organization(admin: Caller) -> None:
    answer = admin.ask("POST", "/users", NEW)
    assert answer.status_code == 201
    made = answer.json_body
    assert answer.headers["Location"] == f"users/{made['userId']}"
    assert (made["organizationId"], made["role"], made["email"]) == (
        "org-789",
        "operator",
        "new.person@example.com",
    )
    # No user pool is configured, and that is said.
    assert made["identity"] == {"status": "unmanaged", "reason": None}
    assert admin.get(f"/users/{made['userId']}").json_body == made


def test_the_platform_s_people_add_users_to_the_organization_they_name(people: People) -> None:
    platform = people.platform()
    refused = platform.ask("POST", "/users", NEW)
    assert refused.json_body["error"]["details"] == {"parameter": "organizationId"}
    people.organization("org-1")
    # Where there is only one, it need not be named.
    assert platform.ask("POST", "/users", NEW).json_body["organizationId"] == "org-1"
    people.organization("org-2")
    assert platform.ask("POST", "/users", NEW).status_code == 400
    made = platform.ask("POST", "/users?organizationId=org-2", NEW)
    assert made.json_body["organizationId"] == "org-2"
    assert code(platform.ask("POST", "/users?organizationId=org-3", NEW)) == (
        404,
        "ORGANIZATION_NOT_FOUND",
    )


@pytest.mark.parametrize("email", ["new.person@example.com", "NEW.PERSON@EXAMPLE.COM"])
def test_an_address_is_one_user_s_in_an_organization(email: str, admin: Caller) -> None:
    first = admin.ask("POST", "/users", NEW).json_body
    assert code(admin.ask("POST", "/users", {**NEW, "email": email})) == (409, "USER_EXISTS")
    admin.ask("DELETE", f"/users/{first['userId']}")
    assert admin.ask("POST", "/users", {**NEW, "email": email}).status_code == 201


def test_an_address_of_another_organization_s_user_is_not_given_away(
    admin: Caller, people: People
) -> None:
    people.organization("org-other")
    people.user("jane", "org-other")
    assert admin.ask("POST", "/users", {**NEW, "email": "jane@example.com"}).status_code == 201


def test_only_the_platform_s_people_say_as_whom_somebody_signs_in(
    admin: Caller, people: People
) -> None:
    stolen = {**NEW, "subject": "sub-platform"}
    assert code(admin.ask("POST", "/users", stolen)) == (403, "FORBIDDEN")
    named = {**NEW, "subject": "sub-new"}
    made = people.platform().ask("POST", "/users", named)
    assert made.json_body["identity"]["status"] == "ready"
    assert people.caller("sub-new").get("/users/me").json_body["userId"] == made.json_body["userId"]
    again = people.platform().ask("POST", "/users", {**named, "email": "another@example.com"})
    assert code(again) == (409, "USER_EXISTS")


def test_nobody_of_the_platform_becomes_a_customer_s_user_by_mistake(people: People) -> None:
    people.organization()
    platform = people.platform()
    answer = platform.ask("POST", "/users", {**NEW, "subject": "sub-platform"})
    assert (answer.status_code, answer.json_body["error"]["code"]) == (403, "FORBIDDEN")
    assert platform.get("/organizations").status_code == 200


def test_a_new_role_holds_with_the_next_request(admin: Caller, people: People) -> None:
    john = people.user("john", role="viewer")
    assert john.get("/users").status_code == 403
    admin.ask("PUT", "/users/user-john/role", {"role": "admin"})
    assert john.get("/users").status_code == 200
    admin.ask("PUT", "/users/user-john/role", {"role": "viewer"})
    assert john.get("/users").status_code == 403


def test_a_token_gives_no_role_and_no_organization_to_a_user(admin: Caller, people: People) -> None:
    """Whatever it says: the issuer may be behind, or its users may write their attributes."""
    people.organization("org-other")
    people.user("john", role="viewer")
    claims = {"cognito:groups": ["admin"], "custom:organizationId": "org-other"}
    john = people.caller("sub-john", **claims)
    me = john.get("/me").json_body
    assert (me["role"], me["organization"]) == ("viewer", "org-789")
    # Nor does a token that lacks the organization make a user one of the platform's people.
    john = people.caller("sub-john", **{"cognito:groups": ["admin"]})
    assert john.get("/organizations").status_code == 403


@pytest.mark.parametrize("group", ["viewer", "operator", "admin", "device"])
def test_whoever_is_no_user_cannot_hide_their_organization_behind_an_access_token(
    group: str, people: People
) -> None:
    """Cognito writes groups into both tokens, and attributes into the id token only."""
    people.organization()
    claims = {"sub": "sub-stranger", "cognito:groups": [group]}
    token = people.issuer.token(people.issuer.access_claims(**claims))
    stranger = Caller(people.client, token)
    for path in ("/organizations", "/me", "/users", "/status"):
        answer = stranger.get(path)
        assert (answer.status_code, answer.json_body["error"]["code"]) == (403, "FORBIDDEN")
    answer = stranger.ask("POST", "/heartbeat", {"device_id": "boiler-7"})
    assert answer.status_code == 403


def test_a_user_may_send_an_access_token(people: People) -> None:
    people.organization()
    people.user("john", role="operator")
    claims = {"sub": "sub-john", "cognito:groups": ["admin"]}
    john = Caller(people.client, people.issuer.token(people.issuer.access_claims(**claims)))
    said = john.get("/me").json_body
    assert (said["role"], said["organization"]) == ("operator", "org-789")


def test_an_access_token_to_which_a_trigger_adds_the_organization_counts(people: People) -> None:
    people.organization()
    claims = {"sub": "sub-stranger", "custom:organizationId": "org-789"}
    bearer = Caller(people.client, people.issuer.token(people.issuer.access_claims(**claims)))
    assert bearer.get("/me").json_body["organization"] == "org-789"


def test_whoever_is_no_user_is_what_the_token_says(people: People) -> None:
    people.organization()
    claims = {"cognito:groups": ["admin"], "custom:organizationId": "org-789"}
    assert people.caller("sub-x", **claims).ask("POST", "/users", NEW).status_code == 201


@pytest.mark.parametrize("organization", ["org-none", "*", "", "%", "org-789' OR true --"])
def test_a_token_of_an_organization_that_is_not_there_opens_nothing(
    organization: str, people: People
) -> None:
    people.organization()
    claims = {"cognito:groups": ["admin"], "custom:organizationId": organization}
    for path in ("/me", "/users", "/users/me", "/organizations", "/status"):
        assert people.caller("sub-x", **claims).get(path).status_code == 403


def test_somebody_who_was_removed_is_let_in_no_more(admin: Caller, people: People) -> None:
    john = people.user("john", role="operator")
    register = {"token": "t", "platform": "ios"}
    john.ask("POST", "/users/me/device-tokens", register)
    assert admin.ask("DELETE", "/users/user-john").json_body == {"userId": "user-john"}
    assert code(john.get("/users/me")) == (403, "FORBIDDEN")
    # A token without an organization would otherwise be one of the platform's own people.
    as_admin = people.caller("sub-john", **{"cognito:groups": ["admin"]})
    assert as_admin.get("/status").status_code == 403
    assert code(admin.get("/users/user-john")) == (404, "USER_NOT_FOUND")
    assert code(admin.ask("DELETE", "/users/user-john")) == (404, "USER_NOT_FOUND")
    assert people.sandbox.rows("SELECT token FROM iot_data.user_device_tokens") == []


def test_somebody_who_was_removed_may_come_back(admin: Caller, people: People) -> None:
    people.user("john", role="operator")
    admin.ask("DELETE", "/users/user-john")
    again = {**NEW, "email": "john@example.com", "subject": "sub-john"}
    people.platform().ask("POST", "/users", again)
    assert people.caller("sub-john").get("/users/me").status_code == 200


def test_of_a_suspended_organization_nobody_is_let_in(admin: Caller, people: People) -> None:
    platform = people.platform()
    platform.ask("PATCH", "/organizations/org-789", {"status": "suspended"})
    assert admin.get("/users").status_code == 403
    assert platform.get("/users?organizationId=org-789").status_code == 200
    platform.ask("PATCH", "/organizations/org-789", {"status": "active"})
    assert admin.get("/users").status_code == 200


def test_the_last_admin_stays(admin: Caller, people: People) -> None:
    people.user("gone", role="admin", removed_at="2026-01-01T00:00Z")
    for caller in (admin, people.platform()):
        demoted = caller.ask("PUT", "/users/user-boss/role", {"role": "operator"})
        assert code(demoted) == (409, "LAST_ADMIN")
        assert code(caller.ask("DELETE", "/users/user-boss")) == (409, "LAST_ADMIN")
    people.user("second", role="admin")
    assert admin.ask("PUT", "/users/user-boss/role", {"role": "viewer"}).status_code == 200
    assert admin.get("/users").status_code == 403


def test_an_admin_of_another_organization_does_not_count(admin: Caller, people: People) -> None:
    people.organization("org-other")
    people.user("other", "org-other", role="admin")
    assert code(admin.ask("DELETE", "/users/user-boss")) == (409, "LAST_ADMIN")


@pytest.mark.parametrize("user_id", ["me", "ME", "boss", "user-", "user-x\n", "user-" + "x" * 41])
def test_what_cannot_be_the_id_of_a_user_is_not_found(user_id: str, admin: Caller) -> None:
    path = f"/users/{user_id}/role".replace("\n", "%0A")
    assert admin.ask("PUT", path, {"role": "viewer"}).status_code == 404


def test_a_stale_version_is_not_changed(admin: Caller, people: People) -> None:
    people.user("john")
    read = admin.get("/users/user-john").headers["ETag"]
    admin.ask("PUT", "/users/user-john/role", {"role": "operator"}, If_Match=read)
    again = admin.ask("PUT", "/users/user-john/role", {"role": "admin"}, If_Match=read)
    assert code(again) == (412, "STALE_VERSION")
    assert code(admin.ask("DELETE", "/users/user-john", If_Match=read)) == (412, "STALE_VERSION")


def test_what_is_done_is_written_down(admin: Caller, people: People) -> None:
    user_id = admin.ask("POST", "/users", NEW).json_body["userId"]
    admin.ask("PUT", f"/users/{user_id}/role", {"role": "admin"})
    admin.ask("DELETE", f"/users/{user_id}")
    entries = people.sandbox.rows(
        "SELECT actor, action, subject, before ->> 'role', after ->> 'role' "
        "FROM iot_data.audit_log ORDER BY audit_id"
    )
    subject = f"user {user_id}"
    assert entries == [
        ("sub-boss", "user.created", subject, None, "operator"),
        ("sub-boss", "user.role_changed", subject, "operator", "admin"),
        ("sub-boss", "user.removed", subject, "admin", None),
    ]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        *(
            ({"email": email}, "email")
            for email in (
                *("", " ", "john", "@example.com", "john@", "john@localhost", "a b@example.com"),
                *("john@example.com\n", "john@exa mple.com", "<john@example.com>", "a@b@c.de"),
                *("иван@example.com", "john@bücher.example", "x" * 65 + "@example.com"),
                *(".john@example.com", "john.@example.com", "jo..hn@example.com", "j@-a.com"),
                *("j@a-.com", "j@.com", "j@example..com", "j@" + "x" * 123 + ".com"),
                *("j@" + "x" * 250 + ".com", 7, None, ["john@example.com"]),
            )
        ),
        *(({"name": name}, "name") for name in ("", "\n", "x" * 101, None, 7)),
        *(({"role": role}, "role") for role in ("", "root", "device", "Admin", None, 1)),
        *(({"phoneNumber": number}, "phoneNumber") for number in ("", "0151", 7)),
        ({"organizationId": "org-other"}, "organizationId"),
        ({"userId": "user-1"}, "userId"),
    ],
    ids=repr,
)
def test_what_is_wrong_with_a_new_user_is_named(
    changed: dict[str, object], place: str, admin: Caller
) -> None:
    answer = admin.ask("POST", "/users", {**NEW, **changed})
    assert answer.status_code == 400
    assert answer.json_body["error"]["details"]["parameter"] == place


@pytest.mark.parametrize("missing", ["email", "name"])
def test_what_a_new_user_lacks_is_named(missing: str, admin: Caller) -> None:
    body = {name: value for name, value in NEW.items() if name != missing}
    answer = admin.ask("POST", "/users", body)
    assert answer.json_body["error"]["details"] == {"parameter": missing}


@pytest.mark.parametrize("body", [{}, {"role": "device"}, {"role": None}, [], "admin"], ids=repr)
def test_a_bad_role_changes_nothing(body: object, admin: Caller, people: People) -> None:
    people.user("john")
    assert admin.ask("PUT", "/users/user-john/role", body).status_code == 400
    assert admin.get("/users/user-john").headers["ETag"] == '"1"'


def test_a_request_that_is_sent_again_is_carried_out_once(admin: Caller, people: People) -> None:
    first = admin.ask("POST", "/users", NEW, Idempotency_Key="k-1")
    again = admin.ask("POST", "/users", NEW, Idempotency_Key="k-1")
    assert (again.status_code, again.json_body) == (first.status_code, first.json_body)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert people.sandbox.value("SELECT count(*) FROM iot_data.users") == 2
    other = admin.ask("POST", "/users", {**NEW, "name": "Other"}, Idempotency_Key="k-1")
    assert code(other) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_the_platform_says_as_whom_a_user_signs_in(admin: Caller, people: People) -> None:
    made = admin.ask("POST", "/users", NEW).json_body
    address, platform = f"/users/{made['userId']}/subject", people.platform()
    answer = platform.ask("PUT", address, {"subject": "sub-new"})
    assert answer.json_body["identity"]["status"] == "ready"
    assert people.caller("sub-new").get("/users/me").json_body["userId"] == made["userId"]
    # Once more is no other person.
    assert platform.ask("PUT", address, {"subject": "sub-new"}).status_code == 200


def test_a_subject_is_one_user_s_and_nobody_s_own(admin: Caller, people: People) -> None:
    people.organization("org-other")
    people.user("jane", "org-other")
    platform = people.platform()
    taken = platform.ask("PUT", "/users/user-boss/subject", {"subject": "sub-jane"})
    assert code(taken) == (409, "USER_EXISTS")
    own = platform.ask("PUT", "/users/user-boss/subject", {"subject": "sub-platform"})
    assert code(own) == (403, "FORBIDDEN")
    stolen = admin.ask("PUT", "/users/user-boss/subject", {"subject": "sub-jane"})
    assert code(stolen) == (403, "FORBIDDEN")
    assert code(platform.ask("PUT", "/users/user-none/subject", {"subject": "sub-x"})) == (
        404,
        "USER_NOT_FOUND",
    )


@pytest.mark.parametrize(
    "name", ["Jo\u200bhn", "John\u202e", "\u200dJohn", "\ufeffJohn", "\u3164", "\u2066John\u2069"]
)
def test_a_name_can_be_seen(name: str, admin: Caller) -> None:
    refused = admin.ask("POST", "/users", {**NEW, "name": name})
    assert refused.status_code == 400
    assert refused.json_body["error"]["details"] == {"parameter": "name"}


@pytest.mark.parametrize(
    "name", ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\U0001f469\u200d\U0001f52c Ada"]
)
def test_a_name_may_be_spelled_with_joiners(name: str, admin: Caller) -> None:
    assert admin.ask("POST", "/users", {**NEW, "name": name}).json_body["name"] == name
