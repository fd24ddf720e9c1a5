"""A database that has device_parameters as a view keeps it, under another name."""

import pytest

from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox

VIEW = """
CREATE {kind} iot_data.device_parameters AS
SELECT DISTINCT device_id, coalesce(device_name, device_id) AS device_name,
       parameter_id, parameter_name
FROM iot_data.timescale_measurements
JOIN iot_data.redshift_devices USING (device_id)
JOIN iot_data.timescale_parameters USING (parameter_id)
"""


@pytest.mark.parametrize(("kind", "relkind"), [("VIEW", "v"), ("MATERIALIZED VIEW", "m")])
def test_the_view_is_kept_and_comes_back(
    sources: Sandbox, migrator: Migrator, kind: str, relkind: str
) -> None:
    sources.rows(VIEW.format(kind=kind))
    before = migrator.catalogue()
    migrator.upgrade()
    assert "iot_data.device_parameters r" in migrator.catalogue()
    assert f"iot_data.device_parameters_legacy_view {relkind}" in migrator.catalogue()
    migrator.downgrade()
    assert [name for name in migrator.catalogue() if "_version" not in name] == before


def test_who_could_read_the_view_can_read_the_table(sources: Sandbox, migrator: Migrator) -> None:
    sources.rows(VIEW.format(kind="VIEW"))
    sources.rows("GRANT SELECT ON iot_data.device_parameters TO PUBLIC")
    sources.rows("GRANT INSERT ON iot_data.device_parameters TO PUBLIC")
    migrator.upgrade()
    granted = sources.rows(
        "SELECT privilege_type FROM information_schema.table_privileges WHERE grantee = 'PUBLIC' "
        "AND table_schema = 'iot_data' AND table_name = 'device_parameters'"
    )
    assert granted == [("SELECT",)]


def test_an_existing_table_is_adopted_with_its_rows(sources: Sandbox, migrator: Migrator) -> None:
    sources.rows(
        "CREATE TABLE iot_data.device_parameters (device_id TEXT NOT NULL, "
        "device_name TEXT NOT NULL, parameter_id TEXT NOT NULL, parameter_name TEXT NOT NULL, "
        "created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), "
        "PRIMARY KEY (device_id, parameter_id))"
    )
    sources.rows("INSERT INTO iot_data.device_parameters VALUES ('d', 'Door', 'p', 'Power')")
    migrator.upgrade()
    assert sources.value("SELECT device_name FROM iot_data.device_parameters") == "Door"
