"""Whoever migrates owns the tables, and sees in them what is there, policies or not."""

import pytest
from alembic import command
from alembic.util import CommandError
from click.testing import CliRunner

from cli import cli
from tests.roles.conftest import MIGRATOR, Platform
from tests.sandbox import alembic_config

pytestmark = pytest.mark.postgresql


def test_rows_that_a_policy_hides_from_the_owner_are_not_dropped_unasked(
    granted: Platform,
) -> None:
    granted.sandbox.rows(
        "INSERT INTO iot_data.organizations (organization_id, name) VALUES ('o', 'O')"
    )
    granted.become(MIGRATOR)
    with pytest.raises(CommandError, match=r"iot_data.organizations \(1 row\)"):
        command.downgrade(alembic_config(), "0011_device_parameters_long_ids")
    assert granted.sandbox.value("SELECT count(*) FROM iot_data.organizations") == 1


def test_a_table_that_somebody_dropped_is_isolated_again_when_it_is_repaired(
    granted: Platform,
) -> None:
    granted.sandbox.rows("DROP TABLE iot_data.idempotency_keys")
    granted.sandbox.rows("DROP TABLE iot_data.user_device_tokens")
    granted.become(MIGRATOR)
    result = CliRunner().invoke(cli, ["repair"])
    assert "recreated the table iot_data.user_device_tokens" in result.output
    for table in ("idempotency_keys", "user_device_tokens"):
        held = granted.sandbox.rows(
            "SELECT relrowsecurity, relforcerowsecurity, "
            "(SELECT count(*) FROM pg_policy WHERE polrelid = pg_class.oid) "
            f"FROM pg_class WHERE oid = 'iot_data.{table}'::regclass"
        )
        assert held == [(True, True, 1)]
