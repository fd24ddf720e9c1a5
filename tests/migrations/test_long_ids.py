"""Ids that an index of an earlier release cannot hold bar neither the way up nor the way down."""

from tests.features.device_parameters.test_long_ids import incompressible
from tests.migrations.conftest import Migrator
from tests.sandbox import Sandbox

BEFORE = "0010_device_parameters_removals"
INDEXES = "SELECT relname FROM pg_class WHERE relname LIKE 'idx\\_device\\_parameter%hourly%'"


def materialize(sandbox: Sandbox, device: str) -> None:
    sandbox.rows("INSERT INTO iot_data.timescale_measurements VALUES (now(), %s, 'p')", (device,))
    for aggregate in ("device_parameters_hourly", "device_parameter_sets_hourly"):
        sandbox.rows(f"CALL refresh_continuous_aggregate('iot_data.{aggregate}', NULL, NULL)")


def test_the_index_takes_an_id_that_the_former_one_refused(
    sources: Sandbox, migrator: Migrator
) -> None:
    sources.rows(
        "ALTER TABLE iot_data.timescale_measurements DROP CONSTRAINT timescale_measurements_pkey"
    )
    migrator.upgrade()
    materialize(sources, incompressible(6400))
    assert sources.value("SELECT count(*) FROM iot_data.device_parameter_sets_hourly") == 1
    migrator.downgrade(BEFORE, drop_data=True)
    assert sources.rows(INDEXES) == []
    migrator.upgrade()
    assert sources.rows(INDEXES) == [("idx_device_parameter_sets_hourly_device",)]


def test_the_former_index_comes_back_where_it_can(sources: Sandbox, migrator: Migrator) -> None:
    migrator.upgrade()
    materialize(sources, "d")
    migrator.downgrade(BEFORE, drop_data=True)
    assert "idx_device_parameters_hourly_device" in {name for [name] in sources.rows(INDEXES)}
