"""Several at once: one writes, the others wait, give way or give up, and say so."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import psycopg2
import pytest
from sqlalchemy import Connection

from chalicelib.database import RESERVE_SECONDS, Deadline, engine_for
from chalicelib.errors import DatabaseRefusedError, RunTimedOutError
from chalicelib.features.device_parameters import aggregate, sources, store
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.materialization import NOT_MATERIALIZED
from chalicelib.features.device_parameters.model import (
    EvidenceSource,
    Reading,
    RunStatus,
    Span,
    SyncRequest,
    Trigger,
)
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from chalicelib.features.device_parameters.sync import sync as run_sync
from tests.conftest import SyncRunner
from tests.databases import connect
from tests.features.device_parameters.killed_run import interrupted
from tests.fleet import Fleet
from tests.prescribed import prescribed
from tests.sandbox import Sandbox

pytestmark = pytest.mark.postgresql
MINUTE = timedelta(minutes=1)


@contextmanager
def another_session(migrated: Sandbox) -> Iterator["psycopg2.extensions.connection"]:
    connection = connect(migrated.url)
    connection.autocommit = False
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()


def test_a_second_writer_is_skipped(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    with another_session(migrated) as other:
        other.cursor().execute("SELECT pg_advisory_xact_lock(%s)", (store._WRITER_LOCK,))
        run = sync()
    assert run.status is RunStatus.SKIPPED
    assert run.error is not None
    assert run.error.code == "run_already_active"
    assert fleet.keys() == []
    assert sync().status is RunStatus.SUCCEEDED


def test_runs_at_the_same_time_leave_an_exact_table(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(50, migrated.now() - MINUTE)
    with ThreadPoolExecutor(4) as pool:
        runs: list[Run] = list(pool.map(lambda _: sync(window_minutes=180), range(12)))
    assert {run.status for run in runs} <= {RunStatus.SUCCEEDED, RunStatus.SKIPPED}
    assert sum(run.deltas.added for run in runs) == 50
    assert len(fleet.keys()) == 50
    assert migrated.value("SELECT count(*) FROM iot_data.device_parameter_changes") == 50


def test_a_run_that_waits_too_long_ends_itself_and_says_so(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    sync()
    fleet.switch_off("d000")
    with another_session(migrated) as other:
        other.cursor().execute("SELECT FROM iot_data.device_parameters FOR UPDATE")
        with pytest.raises(RunTimedOutError, match="statement timeout"):
            sync(seconds=RESERVE_SECONDS + 3)
    [row] = migrated.rows("SELECT status, error_code FROM iot_data.sync_runs WHERE run_id = 2")
    assert row == ("failed", "run_timed_out")
    assert fleet.keys() == [("d000", "p")]
    assert sync().deltas.removed == 1


def test_a_reader_never_sees_half_a_delta(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    fleet.add_pairs(20, migrated.now() - MINUTE)
    sync()
    fleet.withdraw("d000", "p")
    fleet.add_device("new")
    fleet.report("new", "p", migrated.now() - MINUTE)
    seen: list[list[tuple[str, str]]] = []
    before = fleet.keys()
    with interrupted("after:apply_plan", lambda: seen.append(fleet.keys())):
        sync()
    assert seen == [before]
    after = fleet.keys()
    assert ("new", "p") in after
    assert ("d000", "p") not in after


@pytest.mark.multi_backend
def test_an_overlapping_refresh_is_waited_out(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet.add_pairs(3, migrated.now() - timedelta(hours=2))
    materialize = aggregate.materialize
    attempts: list[int] = []

    def refresh(connection: Connection, span: Span) -> None:
        attempts.append(1)
        if len(attempts) == 3:
            other.result(timeout=30)
        materialize(connection, span)

    def let_the_other_end() -> None:
        """Once it has refused ours twice, or ours waits for it: as TimescaleDB before 2.26.3."""
        try:
            wait_until(migrated, lambda: len(attempts) == 3 or blocked_sessions(migrated) == 2)
        finally:
            blocker.rollback()

    monkeypatch.setattr(aggregate, "materialize", refresh)
    with another_session(migrated) as blocker, ThreadPoolExecutor(2) as pool:
        blocker.cursor().execute(f"LOCK TABLE {materialization_of(migrated)}")
        other = pool.submit(refresh_everything, migrated)
        wait_for_a_blocked_session(migrated)
        pool.submit(let_the_other_end)
        run = sync(window_minutes=240)
    assert len(attempts) in (1, 3)
    assert run.deltas.added == 3


@pytest.mark.multi_backend
@pytest.mark.parametrize(
    ("minutes", "source"),
    [(240, EvidenceSource.MEASUREMENTS), (30 * 24 * 60, EvidenceSource.BOTH)],
    ids=["measured", "reaching back beyond the first measurement"],
)
def test_a_run_does_not_wait_for_the_aggregate_until_its_time_is_up(
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
    minutes: int,
    source: EvidenceSource,
) -> None:
    """Somebody holds the aggregate for longer than the run may take."""
    fleet.add_pairs(3, migrated.now() - timedelta(hours=2))
    monkeypatch.setattr(sources, "choose", lambda window, _: Reading(window, window.hot_bucket, ""))
    with another_session(migrated) as blocker:
        blocker.cursor().execute(f"LOCK TABLE {materialization_of(migrated)}")
        run = sync(window_minutes=minutes, seconds=RESERVE_SECONDS + 6)
    assert (run.status, run.deltas.added) == (RunStatus.SUCCEEDED, 3)
    assert run.evidence is not None
    assert run.evidence.source is source
    assert "could not be brought up to date" in run.evidence.reason
    # What comes after the commit has waited as well, and the record says so.
    assert run.error is not None
    assert run.error.code == NOT_MATERIALIZED
    recorded = "SELECT error_code FROM iot_data.sync_runs WHERE run_id = %s"
    assert migrated.value(recorded, (run.run_id,)) == NOT_MATERIALIZED
    assert sync(window_minutes=minutes).error is None


def materialization_of(migrated: Sandbox) -> str:
    """The table behind the aggregate."""
    name: str = migrated.value(
        "SELECT format('%I.%I', materialization_hypertable_schema, "
        "materialization_hypertable_name) FROM timescaledb_information.continuous_aggregates "
        "WHERE view_name = 'device_parameters_hourly'"
    )
    return name


def refresh_everything(migrated: Sandbox) -> None:
    """What a policy or a person may do at any time."""
    connection = connect(migrated.url)
    connection.cursor().execute(
        "CALL refresh_continuous_aggregate('iot_data.device_parameters_hourly', "
        "now() - interval '2 days', date_trunc('hour', now()))"
    )
    connection.close()


def wait_for_a_blocked_session(migrated: Sandbox) -> None:
    """Return once a session waits for a lock."""
    wait_until(migrated, lambda: blocked_sessions(migrated) > 0)


def blocked_sessions(migrated: Sandbox) -> int:
    """How many sessions wait for a lock."""
    count: int = migrated.value(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return count


def wait_until(migrated: Sandbox, is_so: Callable[[], bool]) -> None:
    """Return once it is so."""
    for _ in range(300):
        if is_so():
            return
        migrated.rows("SELECT pg_sleep(0.1)")
    pytest.fail("nothing came to wait for the lock")


def test_a_role_without_rights_changes_nothing(
    migrated: Sandbox,
    fleet: Fleet,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.add_pairs(1, migrated.now() - MINUTE)
    migrated.rows("DROP ROLE IF EXISTS device_parameters_stranger")
    migrated.rows("CREATE ROLE device_parameters_stranger LOGIN PASSWORD 'stranger'")
    monkeypatch.setenv("TIMESCALE_DB_USER", "device_parameters_stranger")
    monkeypatch.setenv("TIMESCALE_DB_PASSWORD", "stranger")
    stranger = engine_for(sync_settings().database)
    try:
        with pytest.raises(DatabaseRefusedError, match="permission denied for schema iot_data"):
            run_sync(Sync(stranger, sync_settings(), Deadline.after(30)), SyncRequest(Trigger.CLI))
    finally:
        stranger.dispose()
        migrated.rows("DROP ROLE device_parameters_stranger")
    assert fleet.keys() == []
    assert migrated.value("SELECT count(*) FROM iot_data.sync_runs") == 0


def test_a_run_that_a_later_one_overtook_gives_way_however_transactions_are_isolated(
    migrated: Sandbox, fleet: Fleet, sync: SyncRunner, configured: SyncSettings
) -> None:
    fleet.add_pairs(3, migrated.now() - MINUTE)
    fleet.switch_off("d000")
    sync(window_minutes=180)
    fleet.switch_on("d000")
    overtaking: list[bool] = []

    def run() -> Run:
        context = Sync(engine, configured, Deadline.after(60))
        return run_sync(context, SyncRequest(Trigger.CLI, 180))

    def overtake() -> None:
        # The later run comes by here itself.
        if not overtaking:
            overtaking.append(True)
            fleet.switch_off("d000")
            assert run().status is RunStatus.SUCCEEDED

    isolation = {"default_transaction_isolation": "repeatable read"}
    with prescribed(migrated, isolation) as engine, interrupted("before:become_writer", overtake):
        assert run().status is RunStatus.SKIPPED
    assert fleet.keys() == [("d001", "p"), ("d002", "p")]
