"""Rows of others that are unlike ours, and instants that Python cannot hold, fail nothing."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import Client
from click.testing import CliRunner
from sqlalchemy import Engine, text

from app import app
from chalicelib import database
from chalicelib.database import Deadline
from chalicelib.features.device_parameters import aggregate, store
from chalicelib.features.device_parameters.model import RunStatus
from cli import cli
from tests.conftest import SyncRunner
from tests.fleet import Fleet
from tests.sandbox import Sandbox

MINUTE = timedelta(minutes=1)
FIRST = datetime.min.replace(tzinfo=UTC)
LAST = datetime.max.replace(tzinfo=UTC)
BEYOND = [
    ("56000-01-01 00:00:00Z", LAST),
    ("infinity", LAST),
    ("0044-03-15 00:00:00Z BC", FIRST),
    ("-infinity", FIRST),
]
# TimescaleDB keeps readings as far as this, and no infinite ones.
READINGS = [one for one in BEYOND if "infinity" not in one[0]]


def get(path: str) -> tuple[int, Any]:
    with Client(app) as client:
        response = client.http.get(path)
        return response.status_code, response.json_body


def report(sandbox: Sandbox, spelled: str) -> None:
    sandbox.rows(
        "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id) "
        "VALUES (%s, 'd000', 'p')",
        (spelled,),
    )


def test_a_retention_by_a_large_number_on_a_table_of_others_is_none_of_ours(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    migrated.rows(
        "CREATE TABLE public.ticks (tick bigint NOT NULL); "
        "SELECT create_hypertable('public.ticks', by_range('tick', 1000)); "
        "CREATE FUNCTION public.tick_now() RETURNS bigint LANGUAGE sql STABLE "
        "AS 'SELECT 1::bigint'; "
        "SELECT set_integer_now_func('public.ticks', 'public.tick_now'); "
        "SELECT add_retention_policy('public.ticks', drop_after => 9000000000000000000::bigint)"
    )
    try:
        assert sync().status is RunStatus.SUCCEEDED
        assert get("/status")[1]["warnings"] == []
    finally:
        migrated.rows("DROP TABLE public.ticks; DROP FUNCTION public.tick_now()")


def test_what_is_only_advice_fails_neither_a_run_nor_the_status(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    nonsense = text("SELECT CAST('nonsense' AS interval) WHERE :window_minutes > 0")
    monkeypatch.setattr(store.sql, "short_retention", nonsense)
    monkeypatch.setattr(aggregate.sql, "materialized_until", text("SELECT 1 / 0"))
    assert sync().status is RunStatus.SUCCEEDED
    assert fleet.keys() == [("d000", "p")]
    assert get("/status")[0] == 200
    assert [
        (record.subject, record.levelno)  # type: ignore[attr-defined]
        for record in caplog.records
        if record.message == "advice_not_available"
    ] == [
        ("retention of measurements", logging.WARNING),
        ("materialization lag", logging.WARNING),
        ("retention of measurements", logging.WARNING),
    ]


@pytest.mark.parametrize(("spelled", "read"), BEYOND)
def test_an_instant_beyond_those_of_python_is_read_as_the_outermost(
    migrated: Sandbox, engine: Engine, spelled: str, read: datetime
) -> None:
    query = text("SELECT CAST(:spelled AS timestamptz)")
    with database.transaction(engine, Deadline.after(60)) as connection:
        for zone in ("UTC", "America/New_York", "Asia/Tokyo"):
            connection.execute(text("SELECT set_config('TimeZone', :zone, true)"), {"zone": zone})
            assert connection.execute(query, {"spelled": spelled}).scalar_one() == read


def materialize_everything(migrated: Sandbox) -> None:
    """As a policy of somebody else's might."""
    for name in aggregate.AGGREGATES:
        migrated.rows(f"CALL refresh_continuous_aggregate('iot_data.{name}', NULL, NULL)")


@pytest.mark.parametrize("spelled", [spelled for spelled, _ in READINGS])
def test_runs_go_on_after_a_reading_of_an_impossible_year_is_materialized(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, spelled: str
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    report(migrated, spelled)
    materialize_everything(migrated)
    run = sync()
    assert (run.status, fleet.keys()) == (RunStatus.SUCCEEDED, [("d000", "p")])


def test_the_aggregate_is_never_materialized_until_later_than_now(
    migrated: Sandbox, engine: Engine
) -> None:
    report(migrated, "56000-01-01 00:00:00Z")
    materialize_everything(migrated)
    with database.transaction(engine, Deadline.after(60)) as connection:
        assert aggregate.materialized_until(connection) == store.database_clock(connection)


def test_a_backfill_begins_with_the_oldest_reading_of_a_clock_that_was_set(
    migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_pairs(1, migrated.now() - timedelta(hours=3))
    for spelled, _ in READINGS:
        report(migrated, spelled)
    done = CliRunner().invoke(cli, ["backfill"], catch_exceptions=False)
    begin = f"materialized {migrated.now() - timedelta(hours=3):%Y-%m-%d %H}:00Z to "
    assert (done.exit_code, begin in done.output) == (0, True), done.output


def test_a_pair_that_was_last_measured_in_an_impossible_year_is_explained(
    migrated: Sandbox, fleet: Fleet
) -> None:
    fleet.add_parameter("p")
    fleet.add_device("d000")
    report(migrated, "0044-03-15 00:00:00Z BC")
    materialize_everything(migrated)
    status, body = get("/device-parameters/d000/p")
    assert status == 200, body
    assert body["last_seen_at"] == "0001-01-01T00:00:00Z"


@pytest.mark.parametrize(("spelled", "read"), BEYOND)
def test_lists_show_instants_beyond_those_of_python_as_the_outermost(
    migrated: Sandbox, spelled: str, read: datetime
) -> None:
    migrated.rows(
        "INSERT INTO iot_data.held_removals (device_id, parameter_id, device_name, parameter_name, "
        "reason, scope, last_seen_at, run_id) "
        "VALUES ('d', 'p', 'd', 'p', 'window_expired', 'table', %s, 1)",
        (spelled,),
    )
    status, body = get("/removals")
    assert status == 200, body
    shown = read.isoformat().replace("+00:00", "Z")
    assert body["items"][0]["last_seen_at"] == shown
