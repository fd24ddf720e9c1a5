"""The aggregates belong to a role that nobody logs in as, and that both other roles are in."""

from datetime import timedelta

import psycopg2
import pytest
from click.testing import CliRunner
from psycopg2.errors import InsufficientPrivilege

from cli import cli
from stack.database_roles import REFRESH, RUNTIME
from tests.fleet import Fleet
from tests.roles.conftest import MIGRATOR, Platform, own
from tests.roles.test_roles import REFUSALS

AGGREGATE_TO_MIGRATOR = (
    f"ALTER MATERIALIZED VIEW iot_data.device_parameters_hourly OWNER TO {MIGRATOR}"
)
FOR_THE_VIEW = "SELECT ON iot_data.redshift_devices, iot_data.timescale_parameters"
postgresql = pytest.mark.postgresql


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
@pytest.mark.parametrize(
    "loss",
    [f"REVOKE {own(REFRESH)} FROM {own(RUNTIME)}", AGGREGATE_TO_MIGRATOR],
    ids=["member", "owner"],
)
def test_only_the_owner_of_the_aggregate_can_refresh(granted: Platform, loss: str) -> None:
    granted.sandbox.rows(loss)
    complaint = next(granted.complaints(), "nothing went wrong")
    assert any(words in complaint for words in REFUSALS), complaint


@postgresql
def test_nobody_logs_in_as_the_owner_of_the_aggregate(granted: Platform) -> None:
    with pytest.raises(psycopg2.OperationalError):
        granted.attempt(own(REFRESH), "SELECT 1")


@postgresql
def test_the_migrator_goes_down_and_up_again(granted: Platform) -> None:
    assert list(granted.complaints()) == []
    granted.sandbox.rows(f"REVOKE {FOR_THE_VIEW} FROM {MIGRATOR}")
    granted.downgrade()
    granted.migrate()
    granted.grant()
    granted.sandbox.rows(f"GRANT {FOR_THE_VIEW} TO {MIGRATOR}")
    assert list(granted.complaints()) == []


@pytest.mark.multi_backend
def test_the_migrator_repairs_and_the_scripts_give_it_back_to_the_runtime_role(
    granted: Platform,
) -> None:
    for statement in (
        "MATERIALIZED VIEW iot_data.device_parameters_hourly",
        "TABLE iot_data.sync_runs",
    ):
        granted.sandbox.rows(f"DROP {statement} CASCADE")
    granted.become(MIGRATOR)
    result = CliRunner().invoke(cli, ["repair"])
    assert result.exit_code == 0, result.output
    assert "run docs/runtime-role.sql" in result.output
    granted.grant()
    assert list(granted.complaints()) == []


@postgresql
def test_the_migrator_is_a_member_of_the_aggregates_owner_for_that(granted: Platform) -> None:
    granted.sandbox.rows(f"REVOKE {own(REFRESH)} FROM {MIGRATOR}")
    try:
        with pytest.raises(Exception, match="must be owner"):
            granted.downgrade()
    finally:
        # The revisions that came after the aggregate have been taken back by then.
        granted.sandbox.rows(f"GRANT {own(REFRESH)} TO {MIGRATOR}")
        granted.downgrade()


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
        granted.attempt(own(RUNTIME), statement)


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
