"""The floor below the code: what a table shows, and takes, is decided by whose rows are seen."""

from typing import Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import text

from chalicelib import database
from chalicelib.database import EVERY_ORGANIZATION, Deadline, engine_for, seeing
from chalicelib.errors import DatabaseRefusedError
from chalicelib.settings import database_from_environment
from migrations.isolation import POLICY, isolated
from tests.people import People
from tests.sandbox import Sandbox

# Every table of ours that has the column, whatever the code knows of it.
_OWNED = """
SELECT relname, relrowsecurity, relforcerowsecurity
FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'organization_id'
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'p') AND NOT attisdropped
"""
_POLICIES = """
SELECT polname, polcmd, polpermissive, polroles = '{0}', pg_get_expr(polqual, polrelid),
       pg_get_expr(polwithcheck, polrelid)
FROM pg_policy WHERE polrelid = format('iot_data.%%I', %s::text)::regclass
"""


def test_every_table_with_an_organization_is_isolated_and_its_owner_too(
    migrated: Sandbox,
) -> None:
    owned = migrated.rows(_OWNED)
    assert {name for name, *_ in owned} >= {"organizations", "users", "idempotency_keys"}
    told = "call isolated() of migrations/isolation.py in the revision"
    assert [name for name, *is_held in owned if is_held != [True, True]] == [], told
    for name, *_ in owned:
        assert policies_of(migrated, name) == expected_policies(migrated), told


def policies_of(sandbox: Sandbox, table: str) -> list[tuple[Any, ...]]:
    return sandbox.rows(_POLICIES, [table])


def expected_policies(sandbox: Sandbox) -> list[tuple[Any, ...]]:
    """What the helper makes, of a table that has nothing else."""
    sandbox.rows("CREATE TABLE iot_data.sample (organization_id text)")
    try:
        for statement in isolated("sample"):
            sandbox.rows(statement)
        [policy] = policies_of(sandbox, "sample")
        assert policy[0] == POLICY
        return [policy]
    finally:
        sandbox.rows("DROP TABLE iot_data.sample")


def seen(organization: str | None, query: str = "SELECT user_id FROM iot_data.users") -> list[str]:
    """What a transaction of the application finds."""
    engine = engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(30), organization) as connection:
        return sorted(connection.execute(text(query)).scalars())


@pytest.fixture
def two(people: People, runtime_login: Sandbox) -> People:
    """Two organizations with a user each; the application has the role of the functions."""
    for name in ("one", "two"):
        people.organization(f"org-{name}")
        people.user(name, f"org-{name}")
    return people


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        (None, []),
        ("", []),
        ("org-one", ["user-one"]),
        ("org-two", ["user-two"]),
        ("org-none", []),
        (EVERY_ORGANIZATION, ["user-one", "user-two"]),
    ],
)
def test_a_transaction_sees_the_rows_of_the_organization_it_names(
    organization: str | None, expected: list[str], two: People
) -> None:
    assert seen(organization) == expected


@pytest.mark.postgresql
def test_nothing_is_seen_by_whoever_comes_next_on_the_same_connection(two: People) -> None:
    assert seen(EVERY_ORGANIZATION) == ["user-one", "user-two"]
    assert seen(None) == []


@pytest.mark.postgresql
def test_what_a_role_or_a_database_prescribes_opens_nothing(two: People) -> None:
    role = database_from_environment().user
    two.sandbox.rows(f"ALTER ROLE {role} SET device_parameters.organization = '*'")
    try:
        engine_for(database_from_environment()).dispose()
        assert seen(None) == []
    finally:
        two.sandbox.rows(f"ALTER ROLE {role} RESET device_parameters.organization")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO iot_data.users (user_id, organization_id, email, name, role, preferences) "
        "VALUES ('user-x', 'org-two', 'x@example.com', 'X', 'admin', '{}')",
        "UPDATE iot_data.users SET organization_id = 'org-two' WHERE user_id = 'user-one'",
    ],
)
def test_nothing_is_written_for_another_organization(statement: str, two: People) -> None:
    engine = engine_for(database_from_environment())
    with (
        pytest.raises(DatabaseRefusedError, match="row-level security"),
        database.transaction(engine, Deadline.after(30), "org-one") as connection,
    ):
        connection.execute(text(statement))


@pytest.mark.postgresql
def test_a_statement_that_forgets_the_organization_changes_its_rows_only(two: People) -> None:
    engine = engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(30), "org-one") as connection:
        changed = connection.execute(text("UPDATE iot_data.users SET name = 'Renamed'"))
        assert changed.rowcount == 1
    names = two.sandbox.rows("SELECT name FROM iot_data.users ORDER BY user_id")
    assert names == [("Renamed",), ("Two",)]


@pytest.mark.postgresql
def test_a_view_that_others_read_shows_no_more_than_its_table(two: People) -> None:
    query = "SELECT organization_id FROM iot_data.v_organizations"
    assert seen("org-one", query) == ["org-one"]
    assert seen(None, query) == []


@pytest.mark.postgresql
def test_a_stretch_of_a_transaction_may_see_more_and_then_sees_less_again(two: People) -> None:
    engine = engine_for(database_from_environment())
    count = text("SELECT count(*) FROM iot_data.users")
    with database.transaction(engine, Deadline.after(30), "org-one") as connection:
        with seeing(connection, EVERY_ORGANIZATION):
            assert connection.execute(count).scalar_one() == 2
        assert connection.execute(count).scalar_one() == 1


@pytest.mark.postgresql
def test_the_functions_cannot_lift_a_policy(two: People) -> None:
    url = two.sandbox.url.set(
        drivername="postgresql",
        username=database_from_environment().user,
        password=database_from_environment().password,
    )
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    try:
        with pytest.raises(InsufficientPrivilege):
            connection.cursor().execute("ALTER TABLE iot_data.users DISABLE ROW LEVEL SECURITY")
    finally:
        connection.close()
