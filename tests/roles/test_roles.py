"""Each role can do all that is done as it, and nothing more: one suite for all of them."""

import os
import shutil
import subprocess

import pytest
from psycopg2.errors import InsufficientPrivilege

from chalicelib.database.tables import SCHEMA
from stack import database_roles
from stack.database_roles import RUNTIME
from stack.declared import DECLARED
from tests.roles import grants
from tests.roles.conftest import MIGRATOR, SUFFIX, Platform, own
from tests.roles.grants import ROLES, Grant
from tests.sandbox import PROJECT

pytestmark = pytest.mark.postgresql
by_role = pytest.mark.parametrize("role", ROLES)
# Over HTTP the sentence is not shown.
REFUSALS = ("permission denied", "must be owner", "DATABASE_LOGIN_REFUSED", "DATABASE_REFUSED")
# What each role may do with each relation of ours or of the platform's.
_HELD = f"""
SELECT relname, privilege
FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'])
    AS privilege
WHERE relnamespace = '{SCHEMA}'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
  AND NOT pg_has_role(%(role)s, relowner, 'USAGE')
  AND has_table_privilege(%(role)s, pg_class.oid, privilege)
"""


@by_role
def test_a_role_can_do_all_that_is_done_as_it(granted: Platform, role: str) -> None:
    assert list(granted.complaints(role)) == []


@by_role
def test_a_script_may_be_repeated(granted: Platform, role: str) -> None:
    granted.grant()
    assert list(granted.complaints(role)) == []


@pytest.mark.parametrize(
    "grant", [grant for role in ROLES for grant in grants.grants_of(role)], ids=str
)
def test_each_privilege_is_needed_by_the_feature_that_asks_for_it(
    granted: Platform, grant: Grant
) -> None:
    subject = grant.subject.format(database=granted.sandbox.url.database)
    granted.sandbox.rows(f"REVOKE {grant.privilege} ON {subject} FROM {own(grant.role)}")
    role = grant.role if grant.role in ROLES else RUNTIME
    told = f"nothing went wrong: see USES in tests/features/{grant.feature}/uses.py"
    complaint = next(granted.complaints(role, _asking(grant)), told)
    assert any(words in complaint for words in REFUSALS), complaint


def _asking(grant: Grant) -> str | None:
    """The feature to be tried; what the service asks for is for all of them."""
    return grant.feature if grant.feature in _in_a_folder() else None


def _in_a_folder() -> set[str]:
    return {feature.name for feature in DECLARED[1:]}


@by_role
def test_a_role_may_do_with_tables_what_is_declared_and_nothing_else(
    granted: Platform, role: str
) -> None:
    declared = {
        (right.name, privilege)
        for rights in database_roles.rights(role, DECLARED).values()
        for right in rights
        for privilege in right.privileges
        if privilege != "USAGE"
    }
    held = set(granted.sandbox.rows(_HELD, {"role": own(role)}))
    # By membership in the role that owns the aggregates.
    read_to_refresh = {source for sources in grants.AGGREGATES.values() for source in sources}
    inherited = {(name, "SELECT") for name in read_to_refresh} if role == RUNTIME else set()
    assert held == declared | inherited


@by_role
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE iot_data.more ()",
        "CREATE VIEW iot_data.more AS SELECT 1",
        "CREATE FUNCTION iot_data.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA more",
        "CREATE ROLE more",
        "DROP TABLE iot_data.timescale_measurements",
        "ALTER TABLE iot_data.device_parameters_version ADD COLUMN more text",
        "CREATE INDEX ON iot_data.timescale_measurements (value)",
        "SELECT * FROM elsewhere.payroll",
        "SELECT * FROM iot_data.daily",
        "CALL refresh_continuous_aggregate('iot_data.daily', NULL, NULL)",
        "DROP MATERIALIZED VIEW iot_data.daily",
        "SET ROLE {migrator}",
    ],
)
def test_a_role_may_make_and_take_nothing(granted: Platform, role: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        granted.attempt(own(role), statement.format(migrator=MIGRATOR))


@by_role
def test_a_member_can_do_the_same(granted: Platform, role: str) -> None:
    """As where a rotation alternates between two logins."""
    member = f"{own(role)}_clone"
    granted.sandbox.rows(f"CREATE ROLE {member} LOGIN PASSWORD 'pass' IN ROLE {own(role)}")
    try:
        assert list(granted.complaints(role, login=member)) == []
    finally:
        granted.sandbox.rows(f"DROP ROLE {member}")


@by_role
@pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed")
def test_psql_runs_the_script(platform: Platform, role: str) -> None:
    platform.migrate()
    url = platform.sandbox.url.set(drivername="postgresql")
    script = grants.renamed(grants.SCRIPTS[role], SUFFIX)
    arguments = ["--set", "ON_ERROR_STOP=1", "--single-transaction", "--file", "-"]
    result = subprocess.run(
        ["psql", url.render_as_string(hide_password=False), *arguments],
        input=script,
        env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
