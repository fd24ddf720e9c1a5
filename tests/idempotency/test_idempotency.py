"""A request with a key is carried out once, and answered each time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from sqlalchemy import Engine

from chalicelib import database, idempotency
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.errors import KeyReusedError
from chalicelib.idempotency import Asking, KeptAnswer
from tests.people import People
from tests.sandbox import Sandbox

NEW = {"name": "Acme"}
ASKING = Asking("sub-a", "k", "print-1", "org-1")
ANSWER = KeptAnswer(201, {"ETag": '"1"'}, '{"b":1,"a":2}')


def once(engine: Engine, asking: Asking, organization: str = EVERY_ORGANIZATION) -> KeptAnswer:
    """The answer; `ANSWER` where it is carried out now."""
    with database.transaction(engine, Deadline.after(30), organization) as connection:
        kept = idempotency.claim(connection, asking)
        if kept is None:
            idempotency.keep(connection, asking, ANSWER)
            return ANSWER
    return kept


def test_the_first_answer_is_given_again_as_it_was(migrated: Sandbox, engine: Engine) -> None:
    assert once(engine, ASKING) is ANSWER
    assert once(engine, ASKING) == ANSWER
    assert once(engine, ASKING) is not ANSWER


@pytest.mark.parametrize(
    "other",
    [
        Asking("sub-a", "k", "print-2", "org-1"),
        Asking("sub-a", "k", "print-2", None),
    ],
)
def test_a_key_is_for_one_request(other: Asking, migrated: Sandbox, engine: Engine) -> None:
    once(engine, ASKING)
    with pytest.raises(KeyReusedError):
        once(engine, other)


def test_another_caller_may_have_the_same_key(migrated: Sandbox, engine: Engine) -> None:
    once(engine, ASKING)
    assert once(engine, Asking("sub-b", "k", "print-2", "org-1")) is ANSWER


def test_a_key_is_free_again_after_a_day(migrated: Sandbox, engine: Engine) -> None:
    once(engine, ASKING)
    migrated.rows("UPDATE iot_data.idempotency_keys SET created_at = now() - interval '23.9 hours'")
    assert once(engine, ASKING) is not ANSWER
    migrated.rows("UPDATE iot_data.idempotency_keys SET created_at = now() - interval '24.1 hours'")
    assert once(engine, Asking("sub-a", "k", "print-2", "org-1")) is ANSWER


def test_old_keys_go_by_themselves(migrated: Sandbox, engine: Engine) -> None:
    migrated.rows(
        "INSERT INTO iot_data.idempotency_keys (subject, key, fingerprint, created_at) "
        "SELECT 'sub-old', n, 'p', now() - interval '2 days' FROM generate_series(1, 30) AS n"
    )
    for number in range(3):
        once(engine, Asking("sub-a", f"k{number}", "p", None))
    assert migrated.value("SELECT count(*) FROM iot_data.idempotency_keys") == 3


def test_what_fails_is_not_kept(migrated: Sandbox, engine: Engine) -> None:
    def claim_and_fail() -> None:
        with database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection:
            idempotency.claim(connection, ASKING)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_fail()
    assert once(engine, ASKING) is ANSWER


@pytest.mark.postgresql
@pytest.mark.usefixtures("runtime_login")
def test_a_key_of_another_organization_s_request_is_another_request(
    migrated: Sandbox, runtime_engine: Engine
) -> None:
    once(runtime_engine, ASKING, "org-1")
    with pytest.raises(KeyReusedError):
        once(runtime_engine, Asking("sub-a", "k", "print-1", "org-2"), "org-2")


@pytest.mark.postgresql
def test_of_two_at_once_one_is_carried_out_and_both_are_answered(
    migrated: Sandbox, engine: Engine
) -> None:
    has_claimed, may_go_on = Event(), Event()

    def first() -> KeptAnswer:
        with database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection:
            assert idempotency.claim(connection, ASKING) is None
            has_claimed.set()
            assert may_go_on.wait(20)
            idempotency.keep(connection, ASKING, ANSWER)
        return ANSWER

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert has_claimed.wait(20)
        other = pool.submit(once, engine, ASKING)
        may_go_on.set()
        assert one.result(20) is ANSWER
        assert other.result(20) == ANSWER
    assert migrated.value("SELECT count(*) FROM iot_data.idempotency_keys") == 1


def test_over_http_a_request_that_is_sent_again_makes_nothing_new(people: People) -> None:
    platform = people.platform()
    answers = [platform.ask("POST", "/organizations", NEW, Idempotency_Key="k-1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.body for answer in answers}) == 1
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert people.sandbox.value("SELECT count(*) FROM iot_data.organizations") == 1
    assert people.sandbox.value("SELECT count(*) FROM iot_data.audit_log") == 1


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/organizations", {"name": "Other"}),
        ("POST", "/users?organizationId=org-1", NEW | {"email": "a@example.com"}),
        ("PATCH", "/organizations/org-1", NEW),
    ],
)
def test_over_http_a_key_is_for_one_request(
    method: str, path: str, body: object, people: People
) -> None:
    people.organization("org-1")
    platform = people.platform()
    platform.ask("POST", "/organizations", NEW, Idempotency_Key="k-1")
    answer = platform.ask(method, path, body, Idempotency_Key="k-1")
    error = answer.json_body["error"]
    assert (answer.status_code, error["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")


def test_over_http_a_change_of_another_version_is_another_request(people: People) -> None:
    people.organization("org-1")
    platform, path = people.platform(), "/organizations/org-1"
    headers = {"Idempotency_Key": "k-1", "If_Match": '"1"'}
    assert platform.ask("PATCH", path, NEW, **headers).status_code == 200
    assert platform.ask("PATCH", path, NEW, **headers).status_code == 200
    answer = platform.ask("PATCH", path, NEW, **headers | {"If_Match": '"2"'})
    assert answer.json_body["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 129, "ключ", "a\tb"])
def test_a_key_that_is_none_is_refused(key: str, people: People) -> None:
    answer = people.platform().ask("POST", "/organizations", NEW, Idempotency_Key=key)
    assert answer.json_body["error"]["details"] == {"parameter": "Idempotency-Key"}


def test_without_a_key_each_request_counts(people: People) -> None:
    for _ in range(2):
        people.platform().ask("POST", "/organizations", NEW)
    assert people.sandbox.value("SELECT count(*) FROM iot_data.organizations") == 2
