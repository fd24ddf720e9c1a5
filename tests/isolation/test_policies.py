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
from migrations.isolation import (
    NOBODYS_POLICY,
    POLICY,
    SHARED_POLICY,
    isolated,
    open_to_nobodys,
    shared,
)
from tests.people import People
from tests.sandbox import Sandbox

# Every table of ours that has the column, whatever the code knows of it.
_OWNED = """
SELECT relname, relrowsecurity, relforcerowsecurity
FROM pg_class
JOIN pg_attribute ON attrelid = pg_class.oid AND attname = 'organization_id'
WHERE relnamespace = 'iot_data'::regnamespace AND relkind IN ('r', 'p') AND NOT attisdropped
"""
_MAY_BE_NOBODYS = f"""
SELECT relname FROM ({_OWNED}) AS owned
JOIN pg_attribute ON attrelid = format('iot_data.%I', relname)::regclass
WHERE attname = 'organization_id' AND NOT attnotnull
"""
# What a table has besides the policy that all of them have.
ALSO = {
    "audit_log": [NOBODYS_POLICY],
    "device_types": [SHARED_POLICY],
    "device_type_metrics": [SHARED_POLICY],
}
# Where a row of no organization is seen by those only who see all of them.
ONLY_FOR_THE_PLATFORM = {"idempotency_keys", "telemetry_rejects"}
_POLICIES = """
SELECT polname, polcmd, polpermissive, polroles = '{0}', pg_get_expr(polqual, polrelid),
       pg_get_expr(polwithcheck, polrelid)
FROM pg_policy WHERE polrelid = format('iot_data.%%I', %s::text)::regclass
ORDER BY polname <> 'own_organization', polname
"""


def test_every_table_with_an_organization_is_isolated_and_its_owner_too(
    migrated: Sandbox,
) -> None:
    owned = migrated.rows(_OWNED)
    assert {name for name, *_ in owned} >= {"organizations", "users", "idempotency_keys"}
    told = "call isolated() of migrations/isolation.py in the revision"
    assert [name for name, *is_held in owned if is_held != [True, True]] == [], told
    expected = expected_policies(migrated)
    for name, *_ in owned:
        wanted = [expected[POLICY], *(expected[each] for each in ALSO.get(name, ()))]
        assert policies_of(migrated, name) == wanted, told


def test_what_is_shared_may_be_nobody_s_and_what_is_not_may_not(migrated: Sandbox) -> None:
    """A row of no organization is to be seen by all of them, or cannot be."""
    nullable = {name for [name] in migrated.rows(_MAY_BE_NOBODYS)}
    assert nullable == {*ALSO, *ONLY_FOR_THE_PLATFORM}


def policies_of(sandbox: Sandbox, table: str) -> list[tuple[Any, ...]]:
    return sandbox.rows(_POLICIES, [table])


def expected_policies(sandbox: Sandbox) -> dict[str, tuple[Any, ...]]:
    """What the helpers make, of a table that has nothing else."""
    sandbox.rows("CREATE TABLE iot_data.sample (organization_id text)")
    try:
        for statement in (*isolated("sample"), shared("sample"), open_to_nobodys("sample")):
            sandbox.rows(statement)
        made = {policy[0]: policy for policy in policies_of(sandbox, "sample")}
        assert set(made) == {POLICY, SHARED_POLICY, NOBODYS_POLICY}
        return made
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


@pytest.fixture
def shared_types(two: People) -> People:
    """A type of each organization beside one that is shared, with a metric each."""
    two.sandbox.rows(
        "INSERT INTO iot_data.device_types "
        "(device_type_id, organization_id, name, reporting_interval_seconds) VALUES "
        "('type-one', 'org-one', 'n', 1), ('type-two', 'org-two', 'n', 1), "
        "('type-all', NULL, 'n', 1)"
    )
    two.sandbox.rows(
        "INSERT INTO iot_data.device_type_metrics (device_type_id, name, organization_id, "
        "position, parameter_id, is_own_parameter, data_type) "
        "SELECT device_type_id, 'm', organization_id, 1, 'p', true, 'number' "
        "FROM iot_data.device_types"
    )
    return two


_TYPES = "SELECT device_type_id FROM iot_data."


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "table", ["device_types", "device_type_metrics", "v_device_types", "v_device_type_metrics"]
)
@pytest.mark.parametrize(
    ("organization", "expected"),
    [
        (None, []),
        ("", []),
        ("org-one", ["type-all", "type-one"]),
        ("org-none", ["type-all"]),
        (EVERY_ORGANIZATION, ["type-all", "type-one", "type-two"]),
    ],
)
def test_what_is_shared_is_seen_by_whoever_is_somebody(
    organization: str | None, expected: list[str], table: str, shared_types: People
) -> None:
    assert seen(organization, f"{_TYPES}{table}") == expected


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE iot_data.device_types SET name = 'mine' WHERE organization_id IS NULL",
        "UPDATE iot_data.device_types SET organization_id = 'org-one' "
        "WHERE organization_id IS NULL",
        "UPDATE iot_data.device_types SET removed_at = now() WHERE device_type_id = 'type-all'",
        "SELECT FROM iot_data.device_types WHERE device_type_id = 'type-all' FOR UPDATE",
        "DELETE FROM iot_data.device_type_metrics WHERE device_type_id = 'type-all'",
    ],
)
def test_what_is_shared_is_not_an_organization_s_to_change(
    statement: str, shared_types: People
) -> None:
    kept = "SELECT * FROM iot_data.device_types NATURAL JOIN iot_data.device_type_metrics"
    before = shared_types.sandbox.rows(f"{kept} ORDER BY 1")
    engine = engine_for(database_from_environment())
    with database.transaction(engine, Deadline.after(30), "org-one") as connection:
        assert connection.execute(text(statement)).rowcount == 0
    assert shared_types.sandbox.rows(f"{kept} ORDER BY 1") == before


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO iot_data.device_types (device_type_id, name, reporting_interval_seconds) "
        "VALUES ('type-x', 'x', 1)",
        "UPDATE iot_data.device_types SET organization_id = NULL WHERE device_type_id = 'type-one'",
        "INSERT INTO iot_data.device_type_metrics (device_type_id, name, position, parameter_id, "
        "is_own_parameter, data_type) VALUES ('type-all', 'x', 1, 'x', true, 'number')",
    ],
)
def test_an_organization_shares_nothing_of_its_own(statement: str, shared_types: People) -> None:
    engine = engine_for(database_from_environment())
    with (
        pytest.raises(DatabaseRefusedError, match="row-level security"),
        database.transaction(engine, Deadline.after(30), "org-one") as connection,
    ):
        connection.execute(text(statement))
