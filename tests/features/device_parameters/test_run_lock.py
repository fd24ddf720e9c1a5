"""A run is under way for as long as its process holds its lock, and not a moment longer."""

import subprocess
import sys

import pytest
from sqlalchemy import Engine, text

from chalicelib.database import Deadline, transaction
from chalicelib.errors import RunAlreadyActiveError
from chalicelib.features.device_parameters import store
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, SyncRequest, Trigger
from chalicelib.features.device_parameters.opening import begin, draw_run_id, open_run
from chalicelib.features.device_parameters.run_lock import holding_lock
from chalicelib.features.device_parameters.settings import SyncSettings
from chalicelib.features.device_parameters.sync import sync as run_sync
from tests.conftest import SyncRunner
from tests.features.device_parameters.test_concurrency import (
    another_session,
    wait_for_a_blocked_session,
)
from tests.features.device_parameters.test_start import post
from tests.fleet import Fleet
from tests.sandbox import PROJECT, Sandbox

pytestmark = pytest.mark.postgresql


@pytest.fixture
def context(migrated: Sandbox, engine: Engine, configured: SyncSettings) -> Sync:
    return Sync(engine, configured, Deadline.after(60))


def outcome(migrated: Sandbox, run_id: int) -> tuple[str, str | None]:
    [row] = migrated.rows(
        "SELECT status, error_code FROM iot_data.sync_runs WHERE run_id = %s", (run_id,)
    )
    return row


def begun(context: Sync, run_id: int) -> None:
    run = begin(context, SyncRequest(Trigger.CLI), run_id, is_locked=True)
    assert run.status is RunStatus.RUNNING


def test_a_run_whose_process_lives_is_under_way_however_long_it_takes(
    migrated: Sandbox, context: Sync
) -> None:
    run_id = draw_run_id(context)
    with holding_lock(context, run_id) as held:
        assert held.is_locked
        begun(context, run_id)
        migrated.rows("UPDATE iot_data.sync_runs SET started_at = now() - interval '2 hours'")
        status, _, body = post()
        assert (status, body["error"]["details"]) == (409, {"run_id": run_id})
        assert outcome(migrated, run_id) == ("running", None)


def test_a_run_whose_connections_are_lost_stands_in_nobody_s_way(
    migrated: Sandbox, context: Sync
) -> None:
    run_id = draw_run_id(context)
    with holding_lock(context, run_id):
        begun(context, run_id)
        migrated.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'device-parameters' AND datname = current_database()"
        )
        assert post()[0] == 200
        assert outcome(migrated, run_id) == ("failed", "abandoned")


def test_a_run_whose_process_ended_without_a_word_is_closed_by_the_next_one(
    migrated: Sandbox, context: Sync, sync: SyncRunner
) -> None:
    run_id = draw_run_id(context)
    with holding_lock(context, run_id):
        begun(context, run_id)
    sync()
    assert outcome(migrated, run_id) == ("failed", "abandoned")


@pytest.mark.parametrize(
    ("setting", "seconds"),
    [("idle_in_transaction_session_timeout", 0.05), ("transaction_timeout", 1.0)],
)
def test_the_lock_outlives_a_limit_on_transactions(
    migrated: Sandbox, context: Sync, setting: str, seconds: float
) -> None:
    if not migrated.rows("SELECT FROM pg_settings WHERE name = %s", (setting,)):
        pytest.skip(f"{setting} came with a later PostgreSQL")
    name = migrated.url.database
    migrated.rows(f"ALTER DATABASE {name} SET {setting} = '{seconds * 1000:.0f}ms'")
    try:
        context.engine.dispose()
        run_id = draw_run_id(context)
        with holding_lock(context, run_id):
            begun(context, run_id)
            migrated.rows("SELECT pg_sleep(%s)", (seconds + 0.3,))
            assert post()[0] == 409
    finally:
        migrated.rows(f"ALTER DATABASE {name} RESET {setting}")
        # Connections that are kept for the tests to come would go on with the limit.
        context.engine.dispose()


def test_two_processes_do_not_carry_out_the_same_run(migrated: Sandbox, context: Sync) -> None:
    run_id = draw_run_id(context)
    with holding_lock(context, run_id):
        begun(context, run_id)
        with pytest.raises(RunAlreadyActiveError, match=f"carrying out run {run_id}"):
            run_sync(context, SyncRequest(Trigger.EVENT, run_id=run_id))


def test_no_lock_is_left_behind(migrated: Sandbox, sync: SyncRunner) -> None:
    sync()
    left = (
        "SELECT count(*) FROM pg_locks JOIN pg_database AS place ON place.oid = database "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )
    assert migrated.value(left) == 0


def test_a_run_that_is_killed_inside_a_statement_stands_in_nobody_s_way(
    migrated: Sandbox, context: Sync, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_parameter("p")
    fleet.add_device("d")
    fleet.report("d", "p", migrated.now())
    sync()
    fleet.rename_device("d", "New name")
    with another_session(migrated) as other:
        other.cursor().execute("SELECT FROM iot_data.device_parameters FOR UPDATE")
        process = subprocess.Popen([sys.executable, "cli.py", "sync"], cwd=PROJECT)
        wait_for_a_blocked_session(migrated)
        process.kill()
        process.wait()
        wait_until_the_server_has_noticed(migrated)
        killed = migrated.value("SELECT max(run_id) FROM iot_data.sync_runs")
        opened = open_run(context, SyncRequest(Trigger.API, is_exclusive=True))
        assert opened.status is RunStatus.RUNNING
        assert outcome(migrated, killed) == ("failed", "abandoned")


def wait_until_the_server_has_noticed(migrated: Sandbox) -> None:
    """Return once no process holds the lock of a run; the connection it was on has been closed."""
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
    for _ in range(300):
        if not migrated.value(held):
            return
        migrated.rows("SELECT pg_sleep(0.1)")
    pytest.fail("the lock of the run outlived its process")


def test_the_server_soon_misses_a_client_that_is_gone_without_a_word(
    migrated: Sandbox, context: Sync
) -> None:
    with transaction(context.engine, context.deadline) as connection:
        assert store.try_lock_of_run(connection, None)[1]
        idle = connection.execute(text("SHOW tcp_keepalives_idle")).scalar_one()
        assert idle == "10"
        name = "SHOW client_connection_check_interval"
        assert connection.execute(text(name)).scalar_one() == "2s"
    with transaction(context.engine, context.deadline) as connection:
        assert connection.execute(text(name)).scalar_one() == "0"
