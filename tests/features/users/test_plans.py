"""A page of users is found by an index, however many users there are elsewhere."""

import pytest
from sqlalchemy import Engine

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline
from chalicelib.features.users import store
from chalicelib.features.users.bodies import UserListQuery
from chalicelib.features.users.model import UserSort
from tests.plans import plans
from tests.sandbox import Sandbox

ORGANIZATIONS, USERS = 50, 20_000


@pytest.fixture
def many(migrated: Sandbox) -> Sandbox:
    """Users of many organizations."""
    migrated.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) "
        f"SELECT 'org-' || n, 'O' FROM generate_series(1, {ORGANIZATIONS}) AS n"
    )
    migrated.rows(
        "INSERT INTO iot_data.users "
        "(user_id, organization_id, subject, email, name, role, preferences) "
        f"SELECT 'user-' || n, 'org-' || 1 + n % {ORGANIZATIONS}, 'sub-' || n, "
        "n || '@example.com', 'Name ' || n, (ARRAY['viewer', 'operator', 'admin'])[1 + n % 3], "
        "'{}' "
        f"FROM generate_series(1, {USERS}) AS n"
    )
    for table in ("organizations", "users", "user_identity_work"):
        migrated.rows(f"ANALYZE iot_data.{table}")
    return migrated


@pytest.mark.parametrize("sort_by", list(UserSort))
def test_a_page_of_an_organization_reads_that_organization_only(
    sort_by: UserSort, many: Sandbox, engine: Engine
) -> None:
    query = UserListQuery(sort_by=sort_by)
    with (
        database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection,
        plans(connection) as found,
    ):
        store.list_users(connection, query, "org-7", has_pool=False)
    [plan] = found
    assert "idx_users_by_" in plan
    assert "Seq Scan on users" not in plan


def test_a_caller_is_found_by_an_index(many: Sandbox, engine: Engine) -> None:
    with (
        database.transaction(engine, Deadline.after(30), EVERY_ORGANIZATION) as connection,
        plans(connection) as found,
    ):
        store.find_caller(connection, "sub-7", None)
    assert "Seq Scan on users" not in found[-1]
