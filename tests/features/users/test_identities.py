"""The user pool follows what stands in the database, however often it fails on the way."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from chalice.test import HTTPResponse
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import Deadline
from chalicelib.features.users import administer, gateway, identities, store
from chalicelib.features.users.context import Request
from chalicelib.features.users.feature import FEATURE
from chalicelib.features.users.invocations import follow_identities
from chalicelib.features.users.model import UserRole
from tests.aws import Aws
from tests.features.users.pool import Pool, make_pool
from tests.features.users.stub import HANGS, LOSES_ANSWER, UnwillingPool, Verdict
from tests.people import Caller, People
from tests.waiting import IS_WAITING, wait_until

NEW = {"email": "john@example.com", "name": "John", "role": "operator"}
DUE = "UPDATE iot_data.user_identity_work SET due_at = now()"


class Killed(BaseException):
    """The process ends here: nobody catches it."""


@pytest.fixture
def admin(people: People) -> Caller:
    people.organization()
    return people.user("boss", role="admin")


@pytest.fixture
def pool(people: People, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Pool:
    """A user pool of which the application knows."""
    pool = make_pool(aws)
    monkeypatch.setenv("USER_POOL_ID", pool.pool_id)
    return pool


@pytest.fixture
def unwilling(pool: Pool, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[UnwillingPool]:
    """The same pool behind something that decides about each call."""
    with UnwillingPool(aws.endpoint) as stub:
        monkeypatch.setenv("AWS_ENDPOINT_URL", stub.url)
        gateway.client.cache_clear()
        yield stub
    gateway.client.cache_clear()


def add(admin: Caller, **changed: Any) -> dict[str, Any]:
    made: dict[str, Any] = admin.ask("POST", "/users", {**NEW, **changed}).json_body
    return made


def follow(people: People) -> int:
    """All that waits is tried now; returns how much waits then."""
    people.sandbox.rows(DUE)
    left: int = follow_identities(None)["waiting"]
    return left


def identity(admin: Caller, user: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = admin.get(f"/users/{user['userId']}").json_body["identity"]
    return found


def test_a_new_user_gets_an_identity_after_the_commit(
    admin: Caller, pool: Pool, people: People
) -> None:
    made = add(admin)
    assert made["identity"] == {"status": "pending", "reason": None}
    assert pool.users() == []
    assert follow(people) == 0
    found = pool.user("john@example.com")
    assert (found["groups"], found["is_enabled"]) == (["operator"], True)
    assert (found["custom:organizationId"], found["custom:role"]) == ("org-789", "operator")
    assert identity(admin, made) == {"status": "ready", "reason": None}
    # Whoever signs in with it is that user.
    profile = people.caller(found["sub"]).get("/users/me").json_body
    assert (profile["userId"], profile["role"]) == (made["userId"], "operator")


def test_an_identity_is_known_before_it_has_a_group(
    admin: Caller, pool: Pool, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An access token has the groups, and not the organization."""
    add(admin)
    statuses: list[int] = []
    genuine = gateway.keep_one_group

    def sign_in(*arguments: Any) -> None:
        genuine(*arguments)
        subject = pool.user("john@example.com")["sub"]
        signed_in = people.caller(subject, **{"cognito:groups": ["operator"]})
        statuses.extend(signed_in.get(path).status_code for path in ("/status", "/users/me"))

    monkeypatch.setattr(gateway, "keep_one_group", sign_in)
    follow(people)
    assert statuses == [403, 200]


def test_a_new_role_and_a_new_name_follow(admin: Caller, pool: Pool, people: People) -> None:
    made = add(admin)
    follow(people)
    admin.ask("PUT", f"/users/{made['userId']}/role", {"role": "admin"})
    john = people.caller(pool.user("john@example.com")["sub"])
    john.ask("PUT", "/users/me", {"name": "Johnny"})
    assert follow(people) == 0
    found = pool.user("john@example.com")
    assert (found["groups"], found["custom:role"], found["name"]) == (["admin"], "admin", "Johnny")


def test_groups_of_others_stay(admin: Caller, pool: Pool, people: People) -> None:
    made = add(admin)
    follow(people)
    pool.client.create_group(UserPoolId=pool.pool_id, GroupName="beta")
    pool.client.admin_add_user_to_group(
        UserPoolId=pool.pool_id, Username="john@example.com", GroupName="beta"
    )
    admin.ask("PUT", f"/users/{made['userId']}/role", {"role": "viewer"})
    follow(people)
    assert pool.user("john@example.com")["groups"] == ["beta", "viewer"]


def test_somebody_who_is_removed_signs_in_no_more_and_may_come_back(
    admin: Caller, pool: Pool, people: People
) -> None:
    made = add(admin)
    follow(people)
    admin.ask("DELETE", f"/users/{made['userId']}")
    assert follow(people) == 0
    assert not pool.user("john@example.com")["is_enabled"]
    again = add(admin, role="viewer")
    assert follow(people) == 0
    found = pool.user("john@example.com")
    assert (found["is_enabled"], found["groups"]) == (True, ["viewer"])
    assert identity(admin, again)["status"] == "ready"


def test_somebody_who_was_removed_may_join_another_organization(
    admin: Caller, pool: Pool, people: People
) -> None:
    made = add(admin)
    follow(people)
    admin.ask("DELETE", f"/users/{made['userId']}")
    follow(people)
    people.organization("org-other")
    other = people.user("other", "org-other", role="admin")
    add(other)
    assert follow(people) == 0
    assert pool.user("john@example.com")["custom:organizationId"] == "org-other"


def test_somebody_who_is_back_stays_let_in_when_the_removal_is_told_late(
    admin: Caller, pool: Pool, people: People
) -> None:
    removed = add(admin)
    follow(people)
    admin.ask("DELETE", f"/users/{removed['userId']}")
    back = add(admin)
    # The pool had refused the removal, which waits for longer than the user who is back.
    people.sandbox.rows(
        "UPDATE iot_data.user_identity_work SET due_at = now() + interval '1 hour' "
        "WHERE user_id = %s",
        [removed["userId"]],
    )
    follow_identities(None)
    assert follow(people) == 0
    assert pool.user("john@example.com")["is_enabled"]
    assert identity(admin, back)["status"] == "ready"


def test_an_identity_whose_address_nobody_has_proved_is_not_taken(
    admin: Caller, pool: Pool, people: People
) -> None:
    """Where people may sign up by themselves, they write down any address and organization."""
    pool.add("john@example.com", organizationId="org-789")
    made = add(admin, role="admin")
    assert follow(people) == 0
    assert identity(admin, made)["status"] == "refused"
    assert pool.user("john@example.com")["groups"] == []


def test_nobody_s_identity_is_taken_by_whoever_knows_the_address(
    admin: Caller, pool: Pool, people: People
) -> None:
    """It may be that of one of the platform's own people, who would belong to a customer then."""
    subject = pool.add("ops@platform.example")
    made = add(admin, email="ops@platform.example")
    assert follow(people) == 0
    assert identity(admin, made) == {
        "status": "refused",
        "reason": "the user pool has another identity with this address",
    }
    found = pool.user("ops@platform.example")
    assert (found["groups"], "custom:organizationId" in found) == ([], False)
    as_before = people.caller(subject, **{"cognito:groups": ["admin"]})
    assert as_before.get("/organizations").status_code == 200
    # Nor does removing the user close the identity, which was never theirs.
    admin.ask("DELETE", f"/users/{made['userId']}")
    assert follow(people) == 0
    assert pool.user("ops@platform.example")["is_enabled"]


def test_a_user_of_one_organization_is_not_taken_by_another(
    admin: Caller, pool: Pool, people: People
) -> None:
    add(admin)
    follow(people)
    people.organization("org-other")
    other = people.user("other", "org-other", role="admin")
    made = add(other)
    assert follow(people) == 0
    assert identity(other, made)["status"] == "refused"
    assert pool.user("john@example.com")["custom:organizationId"] == "org-789"


def test_the_platform_s_people_say_whose_identity_it_is(
    admin: Caller, pool: Pool, people: People
) -> None:
    subject = pool.add("ops@platform.example")
    body = {**NEW, "email": "ops@platform.example", "subject": subject}
    people.platform().ask("POST", "/users?organizationId=org-789", body)
    assert follow(people) == 0
    assert pool.user("ops@platform.example")["groups"] == ["operator"]


def test_no_second_identity_is_made_for_a_subject_that_is_elsewhere(
    admin: Caller, pool: Pool, people: People
) -> None:
    body = {**NEW, "subject": "sub-of-another-issuer"}
    made = people.platform().ask("POST", "/users?organizationId=org-789", body).json_body
    assert follow(people) == 0
    assert pool.users() == []
    assert identity(admin, made)["status"] == "refused"


REFUSALS: list[tuple[str, Verdict]] = [
    ("AdminCreateUser", (400, "TooManyRequestsException")),
    ("AdminCreateUser", (400, "LimitExceededException")),
    ("AdminCreateUser", (400, "InvalidParameterException")),
    ("AdminCreateUser", (400, "CodeDeliveryFailureException")),
    ("AdminCreateUser", (500, "InternalErrorException")),
    ("AdminGetUser", (400, "NotAuthorizedException")),
    ("AdminGetUser", (400, "ResourceNotFoundException")),
    ("AdminGetUser", (503, "ServiceUnavailable")),
    ("AdminAddUserToGroup", (400, "ResourceNotFoundException")),
    ("AdminListGroupsForUser", (400, "TooManyRequestsException")),
]


@pytest.mark.parametrize(("call", "verdict"), REFUSALS, ids=str)
def test_what_the_pool_refuses_is_tried_again(
    call: str, verdict: tuple[int, str], admin: Caller, unwilling: UnwillingPool, people: People
) -> None:
    made = add(admin)
    unwilling.judge = lambda each: verdict if each == call else None
    assert follow(people) == 1
    assert identity(admin, made) == {"status": "pending", "reason": f"{call}: {verdict[1]}"}
    # Not at once, and not for ever later.
    [(wait,)] = people.sandbox.rows(
        "SELECT extract(epoch FROM due_at - now())::int FROM iot_data.user_identity_work"
    )
    assert 0 < wait <= 3600
    unwilling.judge = lambda each: None
    assert follow(people) == 0
    assert identity(admin, made)["status"] == "ready"


def test_one_that_is_refused_keeps_nobody_else_waiting(
    admin: Caller, unwilling: UnwillingPool, pool: Pool, people: People
) -> None:
    add(admin, email="first@example.com")
    add(admin, email="second@example.com")
    # The SDK tries a second time by itself.
    refused = iter([(400, "TooManyRequestsException")] * 2)
    unwilling.judge = lambda call: next(refused, None) if call == "AdminCreateUser" else None
    assert follow(people) == 1
    assert len(pool.users()) == 1


@pytest.mark.parametrize("call", ["AdminCreateUser", "AdminAddUserToGroup", "AdminGetUser"])
def test_an_answer_that_is_lost_makes_nothing_twice(
    call: str, admin: Caller, unwilling: UnwillingPool, pool: Pool, people: People
) -> None:
    made = add(admin)
    unwilling.judge = lambda each: LOSES_ANSWER if each == call else None
    assert follow(people) == 1
    unwilling.judge = lambda each: None
    assert follow(people) == 0
    assert [user["groups"] for user in pool.users()] == [["operator"]]
    assert identity(admin, made)["status"] == "ready"


def test_a_pool_that_hangs_is_left_in_time(
    admin: Caller, unwilling: UnwillingPool, people: People
) -> None:
    made = add(admin)
    unwilling.judge = lambda call: HANGS
    assert follow(people) == 1
    assert identity(admin, made)["reason"] == "ReadTimeoutError"


def test_a_pool_that_is_not_there_is_tried_again(
    admin: Caller, pool: Pool, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(admin)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    gateway.client.cache_clear()
    assert follow(people) == 1
    assert identity(admin, made)["reason"] == "EndpointConnectionError"


@pytest.mark.parametrize(
    "step", ["find", "create", "keep_one_group", "after create", "after keep_one_group"]
)
def test_whoever_is_killed_on_the_way_goes_on_later(
    step: str, admin: Caller, pool: Pool, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(admin)
    name = step.rpartition(" ")[2]
    genuine: Callable[..., Any] = getattr(gateway, name)

    def killed(*arguments: Any) -> Any:
        if step.startswith("after"):
            genuine(*arguments)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(gateway, name, killed)
        with pytest.raises(Killed):
            follow(people)
    # It is left alone for as long as whoever claimed it may still be at it.
    assert follow_identities(None)["waiting"] == 1
    assert identity(admin, made)["status"] == "pending"
    assert follow(people) == 0
    assert [user["groups"] for user in pool.users()] == [["operator"]]
    assert identity(admin, made)["status"] == "ready"


def test_a_change_that_comes_while_the_pool_is_told_is_told_as_well(
    admin: Caller, pool: Pool, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(admin)
    genuine = gateway.keep_one_group

    def meanwhile(*arguments: Any) -> None:
        genuine(*arguments)
        monkeypatch.setattr(gateway, "keep_one_group", genuine)
        role: HTTPResponse = admin.ask("PUT", f"/users/{made['userId']}/role", {"role": "viewer"})
        assert role.status_code == 200

    monkeypatch.setattr(gateway, "keep_one_group", meanwhile)
    assert follow(people) == 0
    assert pool.user("john@example.com")["groups"] == ["viewer"]


@pytest.mark.postgresql
def test_a_change_that_comes_while_the_work_is_settled_does_not_block_it_for_good(
    admin: Caller,
    pool: Pool,
    people: People,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both write to the user, and to what is due for the user."""
    made = add(admin)
    is_told, may_go_on = Event(), Event()
    genuine = gateway.keep_one_group

    def pausing(*arguments: Any) -> None:
        genuine(*arguments)
        is_told.set()
        may_go_on.wait(20)

    monkeypatch.setattr(gateway, "keep_one_group", pausing)
    request = Request(Actor("sub-boss"), "org-789", lambda version: None, has_pool=True)
    with ThreadPoolExecutor(1) as threads:
        following = threads.submit(follow, people)
        assert is_told.wait(20)
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            store.lock(connection, made["userId"])
            may_go_on.set()
            wait_until(people.sandbox, IS_WAITING)
            administer.change_role(connection, request, made["userId"], UserRole.VIEWER)
        following.result(30)
    follow(people)
    assert pool.user("john@example.com")["groups"] == ["viewer"]


def test_telling_the_pool_twice_changes_nothing(
    admin: Caller, unwilling: UnwillingPool, pool: Pool, people: People
) -> None:
    made = add(admin)
    follow(people)
    before = pool.users()
    unwilling.calls.clear()
    people.sandbox.rows(
        "INSERT INTO iot_data.user_identity_work (user_id, organization_id) VALUES (%s, 'org-789')",
        [made["userId"]],
    )
    assert follow(people) == 0
    assert pool.users() == before
    assert set(unwilling.calls) == {"AdminGetUser", "AdminListGroupsForUser"}


def test_without_a_pool_users_wait_for_one(
    admin: Caller, aws: Aws, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = add(admin)
    assert made["identity"]["status"] == "unmanaged"
    assert follow_identities(None) == {"is_configured": False}
    pool = make_pool(aws)
    monkeypatch.setenv("USER_POOL_ID", pool.pool_id)
    assert follow(people) == 0
    assert pool.user("john@example.com")["groups"] == ["operator"]


def test_a_user_who_is_added_and_removed_before_the_pool_was_told_never_gets_there(
    admin: Caller, pool: Pool, people: People
) -> None:
    made = add(admin)
    admin.ask("DELETE", f"/users/{made['userId']}")
    assert follow(people) == 0
    assert pool.users() == []


def test_the_lease_is_longer_than_an_invocation() -> None:
    [function] = FEATURE.functions
    assert identities.LEASE.total_seconds() > function.timeout_s
