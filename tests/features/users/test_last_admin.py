"""The last admin of an organization stays, also where two requests come at once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.users import administer
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import LastAdminError
from chalicelib.features.users.model import UserRole
from tests.people import People
from tests.sandbox import Sandbox
from tests.waiting import IS_WAITING, wait_until

pytestmark = pytest.mark.postgresql
REQUEST = Request(Actor("sub-test"), EVERY_ORGANIZATION, lambda version: None, has_pool=False)
Work = Callable[[Connection, str], object]


def demote(connection: Connection, user_id: str) -> None:
    administer.change_role(connection, REQUEST, user_id, UserRole.VIEWER)


def remove(connection: Connection, user_id: str) -> None:
    administer.remove(connection, REQUEST, user_id)


@pytest.fixture
def two_admins(people: People) -> Sandbox:
    people.organization()
    people.user("a", role="admin")
    people.user("b", role="admin")
    return people.sandbox


def admins(sandbox: Sandbox) -> int:
    count: int = sandbox.value(
        "SELECT count(*) FROM iot_data.users WHERE role = 'admin' AND removed_at IS NULL"
    )
    return count


@pytest.mark.parametrize("second", [demote, remove])
@pytest.mark.parametrize("first", [demote, remove])
def test_the_second_of_two_waits_for_the_first_and_sees_what_it_did(
    first: Work, second: Work, two_admins: Sandbox, engine: Engine
) -> None:
    def late() -> None:
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            second(connection, "user-b")

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            first(connection, "user-a")
            waiting: Future[None] = pool.submit(late)
            wait_until(two_admins, IS_WAITING)
        with pytest.raises(LastAdminError):
            waiting.result(30)
    assert admins(two_admins) == 1


@pytest.mark.parametrize("second", [demote, remove])
def test_somebody_who_has_just_become_the_first_admin_stays(
    second: Work, people: People, engine: Engine
) -> None:
    """Whoever waits for the promotion has looked for admins before there was one."""
    people.organization()
    people.user("a", role="operator")

    def late() -> None:
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            second(connection, "user-a")

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(engine, Deadline.after(30), "org-789") as connection:
            administer.change_role(connection, REQUEST, "user-a", UserRole.ADMIN)
            waiting: Future[None] = pool.submit(late)
            wait_until(people.sandbox, IS_WAITING)
        with pytest.raises(LastAdminError):
            waiting.result(30)
    assert admins(people.sandbox) == 1


def test_however_many_are_demoted_at_once_one_stays(people: People, engine: Engine) -> None:
    people.organization()
    names = [f"admin{number}" for number in range(6)]
    for name in names:
        people.user(name, role="admin")

    def attempt(name: str) -> bool:
        def work() -> None:
            with database.transaction(engine, Deadline.after(30), "org-789") as connection:
                demote(connection, f"user-{name}")

        try:
            database.retry(work, Deadline.after(30))
        except LastAdminError:
            return False
        return True

    with ThreadPoolExecutor(len(names)) as pool:
        assert sorted(pool.map(attempt, names)) == [False, *[True] * 5]
    assert admins(people.sandbox) == 1


def test_two_who_swap_their_roles_do_not_block_each_other_for_good(
    two_admins: Sandbox, engine: Engine
) -> None:
    two_admins.rows("UPDATE iot_data.users SET role = 'viewer' WHERE user_id = 'user-b'")

    def swap(user_id: str, role: UserRole) -> None:
        def work() -> None:
            with database.transaction(engine, Deadline.after(30), "org-789") as connection:
                administer.change_role(connection, REQUEST, user_id, role)

        database.retry(work, Deadline.after(30))

    with ThreadPoolExecutor(2) as pool:
        for _ in range(10):
            promoted = pool.submit(swap, "user-b", UserRole.ADMIN)
            also = pool.submit(swap, "user-a", UserRole.ADMIN)
            for future in (promoted, also):
                future.result(30)
            pool.submit(swap, "user-b", UserRole.VIEWER).result(30)
    assert admins(two_admins) == 1


def test_who_was_only_invited_does_not_replace_an_admin_who_can_sign_in(people: People) -> None:
    people.organization()
    boss = people.user("boss", role="admin")
    people.user("invited", role="admin", subject=None)
    refused = boss.ask("PUT", "/users/user-boss/role", {"role": "viewer"})
    assert (refused.status_code, refused.json_body["error"]["code"]) == (409, "LAST_ADMIN")
    # The other way round nobody is lost who could come in.
    assert boss.ask("DELETE", "/users/user-invited").status_code == 200
