"""A run reads the chunks of its window and no others, however much history there is."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from chalicelib.database import Deadline, transaction
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.model import Reading, observation_window
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

AS_OF = datetime(2024, 6, 5, 10, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
BULK_LOAD = (
    "INSERT INTO iot_data.redshift_devices (device_id, status) "
    "SELECT 'd' || n, true FROM generate_series(1, 2000) AS n",
    "INSERT INTO iot_data.timescale_parameters (parameter_id) "
    "SELECT 'p' || n FROM generate_series(1, 10) AS n",
    "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
    "SELECT %(at)s, device_id, parameter_id "
    "FROM iot_data.redshift_devices, iot_data.timescale_parameters",
    "INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name) "
    "SELECT device_id, device_id, parameter_id, parameter_id "
    "FROM iot_data.redshift_devices, iot_data.timescale_parameters",
)


@pytest.fixture
def _ten_days(fleet: Fleet, sync: SyncRunner) -> None:
    """A chunk of measurements a day, and all but the hot hour materialized."""
    fleet.add_device("d")
    fleet.add_parameter("p")
    fleet.report("d", "p", *(AS_OF - hours * HOUR for hours in range(10 * 24)))
    sync(AS_OF, 10 * 1440)


def chunks_read(engine: Engine, window_minutes: int) -> set[str]:
    """The chunks in the plan of plan_delta, of the measurements and of the aggregate."""
    return set(re.findall(r"\b_hyper_\d+_\d+_chunk\b", plan_of_delta(engine, window_minutes)))


def plan_of_delta(engine: Engine, window_minutes: int) -> str:
    window = observation_window(AS_OF, timedelta(minutes=window_minutes))
    reading = Reading(window, window.hot_bucket, "all but the hot hour")
    sent: list[tuple[str, Any]] = []
    with transaction(engine, Deadline.after(60)) as connection:
        event.listen(
            connection, "before_cursor_execute", lambda *asked: sent.append((asked[2], asked[3]))
        )
        store.plan_delta(connection, reading, configured_minutes=60, work_mem_mb=4)
    [(statements, values)] = [one for one in sent if "TABLE planned_change" in one[0]]
    [statement] = [one for one in statements.split(";\n") if "TABLE planned_change" in one]
    with transaction(engine, Deadline.after(60)) as connection:
        for name, setting in store.HASHING.items():
            connection.exec_driver_sql(f"SET LOCAL {name} = {setting}")
        plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars().all()
    return "\n".join(plan)


def measurement_chunks(sandbox: Sandbox, since: datetime) -> set[str]:
    return {
        name
        for [name] in sandbox.rows(
            "SELECT chunk_name FROM timescaledb_information.chunks "
            "WHERE hypertable_name = 'timescale_measurements' AND range_end > %s",
            (since,),
        )
    }


@pytest.mark.usefixtures("_ten_days")
@pytest.mark.parametrize("minutes", [60, 1440, 10 * 1440])
def test_of_the_measurements_only_the_hot_hours_chunk_is_read(
    migrated: Sandbox, engine: Engine, minutes: int
) -> None:
    history = measurement_chunks(migrated, AS_OF - timedelta(days=365))
    assert len(history) >= 10
    hot = measurement_chunks(migrated, AS_OF)
    assert len(hot) == 1
    assert chunks_read(engine, minutes) & history == hot


@pytest.mark.usefixtures("_ten_days")
def test_a_window_inside_the_hot_hour_reads_no_aggregate(
    migrated: Sandbox, engine: Engine, sync: SyncRunner
) -> None:
    assert chunks_read(engine, 10) >= measurement_chunks(migrated, AS_OF)
    assert sync(AS_OF, 10).deltas.observed == 1


@pytest.mark.parametrize("minutes", [60, 10 * 1440])
def test_after_a_bulk_load_that_nobody_has_analyzed_nothing_is_sorted(
    migrated: Sandbox, engine: Engine, minutes: int
) -> None:
    """The planner expects a few rows, and would sort and merge what there really is."""
    for statement in BULK_LOAD:
        migrated.rows(statement, {"at": AS_OF - HOUR})
    plan = plan_of_delta(engine, minutes)
    assert "HashAggregate" in plan
    assert "Hash Full Join" in plan
    assert re.findall(r"Merge|Sort|GroupAggregate", plan) == []
