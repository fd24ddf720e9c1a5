"""A subject is one user's, also where two requests come at once."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.audit import Actor
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.users import administer
from chalicelib.features.users.context import Request
from chalicelib.features.users.errors import UserExistsError
from tests.people import People
from tests.waiting import IS_WAITING, wait_until

pytestmark = pytest.mark.postgresql
REQUEST = Request(Actor("sub-test"), EVERY_ORGANIZATION, lambda version: None, has_pool=False)


def test_a_subject_that_is_taken_meanwhile_is_refused(people: People, engine: Engine) -> None:
    people.organization()
    people.organization("org-other")
    people.user("a")
    people.user("b", organization_id="org-other")

    def change(user_id: str) -> None:
        with database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection:
            administer.change_subject(connection, REQUEST, user_id, "sub-new")

    with ThreadPoolExecutor(1) as pool:
        with database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection:
            administer.change_subject(connection, REQUEST, "user-a", "sub-new")
            waiting: Future[None] = pool.submit(change, "user-b")
            wait_until(people.sandbox, IS_WAITING)
        with pytest.raises(UserExistsError):
            waiting.result(30)
