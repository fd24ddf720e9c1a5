"""The role of `docs/loader-role.sql` can load files into TimescaleDB, and do nothing more."""

from pathlib import Path

import pytest
from psycopg2.errors import InsufficientPrivilege

from chalicelib.database import engine_for
from chalicelib.settings import database_from_environment
from tests.roles import grants, load_usage
from tests.roles.conftest import LOADER, SUFFIX, Platform
from tests.roles.grants import Grant
from tests.roles.test_runtime_role import REFUSALS

pytestmark = pytest.mark.postgresql


def complaint(platform: Platform, root: Path) -> str:
    """The first thing that goes wrong, as the loader."""
    platform.become(LOADER)
    engine_for(database_from_environment()).dispose()
    return next(load_usage.complaints(platform.sandbox, root), "nothing went wrong")


def test_the_loader_can_do_all_that_loads_do(granted: Platform, tmp_path: Path) -> None:
    assert complaint(granted, tmp_path) == "nothing went wrong"


@pytest.mark.parametrize("grant", grants.privileges(grants.LOADER_SCRIPT), ids=str)
def test_each_privilege_is_needed(granted: Platform, grant: Grant, tmp_path: Path) -> None:
    subject = grant.subject.replace("%I", str(granted.sandbox.url.database))
    granted.sandbox.rows(f"REVOKE {grant.privilege} ON {subject} FROM {LOADER}")
    wrong = complaint(granted, tmp_path)
    assert any(words in wrong for words in REFUSALS), wrong


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT FROM iot_data.device_parameters",
        "SELECT FROM iot_data.redshift_devices",
        "INSERT INTO iot_data.sync_runs SELECT * FROM iot_data.sync_runs",
        "DELETE FROM iot_data.parquet_loads",
        "TRUNCATE iot_data.timescale_measurements",
        "DROP TABLE iot_data.energy_readings",
        "CREATE TABLE iot_data.other (x integer)",
        "CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly', NULL, NULL)",
        "SELECT FROM elsewhere.payroll",
    ],
)
def test_the_loader_may_do_nothing_else(granted: Platform, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        granted.attempt(LOADER, statement)


def test_its_name_is_replaced_throughout() -> None:
    assert grants.renamed(grants.LOADER_SCRIPT, SUFFIX).count(LOADER) > 10
