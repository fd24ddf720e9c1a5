"""The role of `docs/runtime-role.sql` can do all that the application does, and nothing more."""

import os
import shutil
import subprocess
from datetime import timedelta

import psycopg2
import pytest
from click.testing import CliRunner
from psycopg2.errors import InsufficientPrivilege

from chalicelib.database import schema
from cli import cli
from migrations.preflight import SOURCE_TABLES
from tests.fleet import Fleet
from tests.roles import grants
from tests.roles.conftest import MIGRATOR, PASSWORD, REFRESH, RUNTIME, SUFFIX, Platform
from tests.roles.grants import Grant
from tests.sandbox import PROJECT

LEGACY_VIEW = "device_parameters_legacy_view"
# Over HTTP the sentence is not shown.
REFUSALS = ("permission denied", "must be owner", "DATABASE_LOGIN_REFUSED", "DATABASE_REFUSED")
AGGREGATE_TO_MIGRATOR = (
    f"ALTER MATERIALIZED VIEW iot_data.device_parameters_hourly OWNER TO {MIGRATOR}"
)
FOR_THE_VIEW = "SELECT ON iot_data.redshift_devices, iot_data.timescale_parameters"
postgresql = pytest.mark.postgresql


def test_every_table_of_ours_has_a_line() -> None:
    ours = {table.name for table in schema.metadata.sorted_tables}
    loaded = grants.tables(grants.LOADER_SCRIPT, grants.LOADER)
    granted = grants.tables() | loaded
    assert ours - granted == set(), "docs/runtime-role.sql or loader-role.sql must grant them"
    known = ours | {*SOURCE_TABLES, schema.VERSION_TABLE, LEGACY_VIEW, "sync_runs_run_id_seq"}
    assert {name.removeprefix("SEQUENCE iot_data.") for name in granted} <= known


def test_the_reason_of_every_grant_is_written_down() -> None:
    reasons = (PROJECT / "docs" / "database-roles.md").read_text("utf-8")
    rows = [line for line in reasons.splitlines() if line.startswith("|")]
    for grant in (*grants.privileges(), *grants.privileges(grants.LOADER_SCRIPT)):
        name = grant.subject.removeprefix("SEQUENCE ").removeprefix("iot_data.").split(" ")[0]
        told = [row for row in rows if f"`{grant.privilege}`" in row and name.lower() in row]
        assert told, f"docs/database-roles.md must say why {grant} is needed"


@postgresql
def test_the_runtime_role_can_do_all_that_the_application_does(granted: Platform) -> None:
    assert list(granted.complaints()) == []


@postgresql
def test_the_script_may_be_repeated(granted: Platform) -> None:
    granted.grant()
    assert list(granted.complaints()) == []


@postgresql
def test_an_aggregate_that_is_already_filled_is_handed_over_whole(granted: Platform) -> None:
    assert list(granted.complaints()) == []
    granted.sandbox.rows(AGGREGATE_TO_MIGRATOR)
    granted.grant()
    fleet = Fleet(granted.sandbox)
    fleet.report("d002", "p", granted.sandbox.now() - timedelta(minutes=95))
    for arguments in (["sync"], ["verify", "--against", "aggregate"]):
        result = CliRunner().invoke(cli, arguments)
        assert result.exit_code == 0, result.output


@postgresql
@pytest.mark.parametrize("grant", grants.privileges(), ids=str)
def test_each_privilege_is_needed(granted: Platform, grant: Grant) -> None:
    subject = grant.subject.replace("%I", str(granted.sandbox.url.database))
    privilege = f"{grant.privilege} ON {subject}"
    role = grants.renamed(grant.role, SUFFIX)
    granted.sandbox.rows(f"REVOKE {privilege} FROM {role}")
    complaint = next(granted.complaints(), "nothing went wrong")
    assert any(words in complaint for words in REFUSALS), complaint


@postgresql
@pytest.mark.parametrize(
    "loss", [f"REVOKE {REFRESH} FROM {RUNTIME}", AGGREGATE_TO_MIGRATOR], ids=["member", "owner"]
)
def test_only_the_owner_of_the_aggregate_can_refresh(granted: Platform, loss: str) -> None:
    granted.sandbox.rows(loss)
    complaint = next(granted.complaints(), "nothing went wrong")
    assert any(words in complaint for words in REFUSALS), complaint


@postgresql
@pytest.mark.parametrize(
    "statement",
    [
        *(
            statement.format(table=f"iot_data.{table}")
            for table in SOURCE_TABLES
            for statement in (
                "INSERT INTO {table} SELECT * FROM {table}",
                "DELETE FROM {table}",
                "TRUNCATE {table}",
                "DROP TABLE {table}",
            )
        ),
        "UPDATE iot_data.redshift_devices SET status = false",
        "UPDATE iot_data.timescale_measurements SET value = 0",
        *(
            statement.format(table=table)
            for table in [*schema.metadata.tables, "iot_data.alembic_version"]
            for statement in (
                "TRUNCATE {table} CASCADE",
                "DROP TABLE {table} CASCADE",
                "ALTER TABLE {table} ADD COLUMN more text",
                "CREATE INDEX ON {table} ((1))",
            )
        ),
        "UPDATE iot_data.alembic_version SET version_num = ''",
        "UPDATE iot_data.device_parameter_changes SET reason = NULL",
        "CREATE TABLE iot_data.more ()",
        "CREATE VIEW iot_data.more AS SELECT 1",
        "CREATE FUNCTION iot_data.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA more",
        "SELECT * FROM elsewhere.payroll",
        "CALL refresh_continuous_aggregate('iot_data.daily', NULL, NULL)",
        "SELECT * FROM iot_data.daily",
        "DROP MATERIALIZED VIEW iot_data.daily",
        "SET ROLE {migrator}",
        "CREATE ROLE more",
    ],
)
def test_the_runtime_role_can_do_nothing_else(granted: Platform, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        granted.attempt(RUNTIME, statement.format(migrator=MIGRATOR))


@pytest.mark.multi_backend
@pytest.mark.parametrize(
    "statement",
    [
        "SELECT drop_chunks('iot_data.timescale_measurements', older_than => now())",
        "SELECT add_retention_policy('iot_data.timescale_measurements', INTERVAL '1 hour')",
    ],
)
def test_the_runtime_role_drops_no_measurements(granted: Platform, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        granted.attempt(RUNTIME, statement)


@postgresql
def test_nobody_logs_in_as_the_owner_of_the_aggregate(granted: Platform) -> None:
    with pytest.raises(psycopg2.OperationalError):
        granted.attempt(REFRESH, "SELECT 1")


@pytest.mark.multi_backend
def test_the_runtime_role_sees_a_retention_that_is_too_short(granted: Platform) -> None:
    granted.sandbox.rows(
        "SELECT add_retention_policy('iot_data.timescale_measurements', INTERVAL '1 hour')"
    )
    try:
        assert list(granted.complaints()) == []
        status = CliRunner().invoke(cli, ["status"])
        assert "measurements are dropped after" in status.output
    finally:
        granted.sandbox.rows("SELECT remove_retention_policy('iot_data.timescale_measurements')")


@postgresql
def test_the_migrator_goes_down_and_up_again(granted: Platform) -> None:
    assert list(granted.complaints()) == []
    granted.sandbox.rows(f"REVOKE {FOR_THE_VIEW} FROM {MIGRATOR}")
    granted.downgrade()
    granted.migrate()
    granted.grant()
    granted.sandbox.rows(f"GRANT {FOR_THE_VIEW} TO {MIGRATOR}")
    assert list(granted.complaints()) == []


@postgresql
def test_a_member_can_do_the_same(granted: Platform) -> None:
    member = f"{RUNTIME}_clone"
    granted.sandbox.rows(f"CREATE ROLE {member} LOGIN PASSWORD '{PASSWORD}' IN ROLE {RUNTIME}")
    try:
        assert list(granted.complaints(member)) == []
    finally:
        granted.sandbox.rows(f"DROP ROLE {member}")


@postgresql
def test_the_migrator_is_a_member_of_the_aggregates_owner_for_that(granted: Platform) -> None:
    granted.sandbox.rows(f"REVOKE {REFRESH} FROM {MIGRATOR}")
    try:
        with pytest.raises(Exception, match="must be owner"):
            granted.downgrade()
    finally:
        granted.sandbox.rows(f"GRANT {REFRESH} TO {MIGRATOR}")
        granted.downgrade()


@postgresql
@pytest.mark.skipif(not shutil.which("psql"), reason="psql is not installed")
def test_psql_runs_the_script(platform: Platform) -> None:
    platform.migrate()
    url = platform.sandbox.url.set(drivername="postgresql")
    script = grants.renamed(grants.SCRIPT, SUFFIX)
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
