"""Reading costs the same whatever the size of the fleet and of the history.

Every statement a request sends is explained: none may read one of our tables from end to end.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from chalicelib.database import Deadline, transaction
from chalicelib.database.schema import VERSION_TABLE
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.model import Reading, observation_window
from chalicelib.features.device_parameters.removals.store import remember_held
from tests.features.device_parameters.test_routes import get
from tests.sandbox import Sandbox

PAIRS = 20_000
RUNS = 3_000
_WINDOW = observation_window(datetime.now(UTC), timedelta(hours=1))
READING = Reading(_WINDOW, _WINDOW.hot_bucket, "all but the hot hour")
LAST_SEEN_INDEX = "idx_device_parameter_sets_hourly_device"
Statement = tuple[str, Any]

_FILL = f"""
INSERT INTO iot_data.device_parameters (device_id, device_name, parameter_id, parameter_name)
SELECT 'd' || n / 10, 'Device ' || n / 10, 'p' || n % 10, 'Parameter ' || n % 10
FROM generate_series(0, {PAIRS - 1}) AS n;
INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id)
SELECT date_trunc('hour', now()) - interval '90 minutes', device_id, parameter_id
FROM iot_data.device_parameters;
INSERT INTO iot_data.sync_runs (trigger, status, as_of, window_minutes, started_at, finished_at)
SELECT 'schedule', 'succeeded', now(), 60, now(), now() FROM generate_series(1, {RUNS});
INSERT INTO iot_data.device_parameter_changes
    (device_id, parameter_id, run_id, change, device_name, parameter_name)
SELECT 'd' || n, 'p', n / 10 + 1, 'added', 'd', 'p' FROM generate_series(0, {PAIRS - 1}) AS n;
CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly',
    now() - interval '3 hours', date_trunc('hour', now()));
CALL refresh_continuous_aggregate('iot_data.device_parameter_sets_hourly',
    now() - interval '3 hours', date_trunc('hour', now()));
ANALYZE iot_data.device_parameters, iot_data.sync_runs, iot_data.device_parameter_changes;
ANALYZE iot_data.timescale_measurements;
"""


@pytest.fixture
def crowded(migrated: Sandbox) -> Sandbox:
    """A table and a history large enough for the planner to mind."""
    for statement in _FILL.split(";"):
        if statement.strip():
            migrated.rows(statement)
    materialized = migrated.rows(
        "SELECT format('%I.%I', materialization_hypertable_schema, "
        "materialization_hypertable_name) FROM timescaledb_information.continuous_aggregates"
    )
    for [name] in materialized:
        migrated.rows(f"ANALYZE {name}")
    return migrated


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Statement]]:
    """The statements sent meanwhile, with their values."""
    sent: list[Statement] = []

    def record(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        sent.append((statement, values))

    event.listen(engine, "before_cursor_execute", record)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", record)


def plan_of(crowded: Sandbox, statement: Statement) -> str:
    text, values = statement
    return "\n".join(line for [line] in crowded.rows(f"EXPLAIN {text}", values or None))


def whole_scans(crowded: Sandbox, statement: Statement) -> list[str]:
    """The tables of ours that *statement* reads from end to end, by the planner's word.

    The table of our revision has one row, and is read as a whole.
    """
    scanned = re.findall(r"Seq Scan on (\S+)", plan_of(crowded, statement))
    ours = ("device_parameter", "sync_runs", "_hyper_", "_materialized")
    return [name for name in scanned if name.startswith(ours) and name != VERSION_TABLE]


@pytest.mark.parametrize(
    "path",
    [
        "/status",
        "/runs",
        "/runs?limit=500",
        "/runs?status=failed",
        "/runs?trigger=api",
        "/runs/2000",
        "/runs/1000/changes",
        "/runs/1000/changes?change=removed",
        "/device-parameters",
        "/device-parameters?device_id=d1234",
        "/device-parameters?parameter_id=p7&limit=20",
        "/device-parameters/d1234/p4",
    ],
)
def test_a_request_reads_no_table_from_end_to_end(
    crowded: Sandbox, engine: Engine, path: str
) -> None:
    with recorded(engine) as sent:
        status, body = get(path)
        if body.get("next"):
            separator = "&" if "?" in path else "?"
            assert get(f"{path}{separator}after={body['next']}")[0] == 200
    assert status == 200
    selects = [statement for statement in sent if statement[0].lstrip().startswith("SELECT")]
    assert len(selects) > 1
    assert {text: whole_scans(crowded, (text, values)) for text, values in selects} == {
        text: [] for text, _ in selects
    }


@pytest.mark.parametrize("path", ["/device-parameters", "/device-parameters/d1234/p4"])
def test_when_a_pair_was_last_seen_is_looked_up_by_the_start_of_its_device(
    crowded: Sandbox, engine: Engine, path: str
) -> None:
    with recorded(engine) as sent:
        assert get(path)[0] == 200
    [asked] = [statement for statement in sent if "device_parameter_sets_hourly" in statement[0]]
    assert LAST_SEEN_INDEX in plan_of(crowded, asked)


def test_so_it_is_where_removals_are_held(crowded: Sandbox, engine: Engine) -> None:
    with recorded(engine) as sent, transaction(engine, Deadline.after(60)) as connection:
        store.plan_delta(connection, READING, configured_minutes=60, work_mem_mb=4)
        remember_held(connection, 1, is_wide=False, is_any_held=True, is_any_planned=True)
        [(text, values)] = [one for one in sent if "planned.held_for IS NOT NULL" in one[0]]
        plan = connection.exec_driver_sql(f"EXPLAIN {text}", values).scalars().all()
    assert LAST_SEEN_INDEX in "\n".join(plan)


def test_the_check_would_notice_a_whole_scan(crowded: Sandbox) -> None:
    query = "SELECT count(*) FROM iot_data.device_parameters WHERE created_at > now()"
    assert whole_scans(crowded, (query, None)) == ["device_parameters"]


def test_a_search_finds_its_words(crowded: Sandbox) -> None:
    status, body = get("/device-parameters?q=device%20777&limit=500")
    assert status == 200
    assert {pair["device_id"] for pair in body["items"]} == {"d777"}
