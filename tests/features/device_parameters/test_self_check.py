"""A run notices that the aggregate disagrees with the measurements, and mends it."""

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from chalicelib.features.device_parameters import mending, self_check
from chalicelib.features.device_parameters.bodies import Run
from chalicelib.features.device_parameters.context import Sync
from chalicelib.features.device_parameters.model import RunStatus, Span
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from cli import cli
from tests.conftest import SyncRunner
from tests.databases import connect
from tests.features.device_parameters.test_routes import get
from tests.fleet import Fleet
from tests.sandbox import Sandbox

AGGREGATE = "iot_data.device_parameters_hourly"
SETS = "iot_data.device_parameter_sets_hourly"
MEASUREMENTS = "iot_data.timescale_measurements"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTH = 30 * 24 * 60
CHUNK = """
SELECT format('%%I.%%I', chunk_schema, chunk_name),
       json_build_object('time', json_build_array(range_start, range_end))::text
FROM timescaledb_information.chunks
WHERE hypertable_name = 'timescale_measurements'
  AND range_start <= %(at)s AND %(at)s < range_end
"""
INSERT = "INSERT INTO {table} (time, device_id, parameter_id) VALUES (%s, %s, 'p')"
# Triggers are what tells TimescaleDB of a change, up to a version.
UNNOTICED = "SET session_replication_role = {role}"
LOSE = """
DELETE FROM {materialization} WHERE device_id = %s
"""
MATERIALIZATION = """
SELECT format('%I.%I', materialization_hypertable_schema, materialization_hypertable_name)
FROM timescaledb_information.continuous_aggregates
WHERE view_name = 'device_parameters_hourly'
"""


@pytest.fixture
def configured(environment: None, monkeypatch: pytest.MonkeyPatch) -> SyncSettings:
    """A window of 30 days, read from the aggregate."""
    monkeypatch.setenv("CHECK_INTERVAL_MINUTES", str(MONTH))
    monkeypatch.setenv("EVIDENCE_SOURCE", "aggregate")
    return sync_settings()


@pytest.fixture
def old(migrated: Sandbox, fleet: Fleet, sync: SyncRunner) -> datetime:
    """When the pair d, p was measured, 20 days ago; a run of 30 days has found it."""
    at = migrated.now().replace(minute=30) - 20 * DAY
    for device in ("d", "e"):
        fleet.add_device(device)
    fleet.add_parameter("p")
    fleet.report("d", "p", at)
    sync()
    assert fleet.keys() == [("d", "p")]
    return at


def lose(sandbox: Sandbox, device: str = "d") -> None:
    """The aggregate forgets a device, and nobody is told."""
    sandbox.rows(LOSE.format(materialization=sandbox.value(MATERIALIZATION)), (device,))


def insert_unnoticed(sandbox: Sandbox, table: str, at: datetime, device: str) -> None:
    sandbox.rows(UNNOTICED.format(role="replica"))
    sandbox.rows(INSERT.format(table=table), (at, device))
    sandbox.rows(UNNOTICED.format(role="origin"))


def assert_mended(run: Run, fleet: Fleet, *devices: str) -> None:
    assert run.status is RunStatus.SUCCEEDED
    assert run.error is not None
    assert run.error.code == "inconsistent"
    assert "materialized anew" in run.error.message
    assert fleet.keys() == [(device, "p") for device in devices]


def test_a_retention_policy_on_the_aggregate_takes_no_pair(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    migrated.expect_rebuild()
    # By itself it begins later, lest it take away again what is mended.
    job = migrated.value(
        f"SELECT add_retention_policy('{AGGREGATE}', interval '5 days', "
        "initial_start => now() + interval '1 day')"
    )
    migrated.rows(f"CALL run_job({job})")
    assert migrated.value(f"SELECT count(*) FROM {AGGREGATE}") == 0
    assert_mended(sync(), fleet, "d")
    assert migrated.value(f"SELECT count(*) FROM {AGGREGATE}") == 1
    [warning] = get("/status")[1]["warnings"]
    assert f"job {job} of the database, policy_retention after 5 days" in warning
    assert sync().error is None


def test_readings_without_an_id_are_no_disagreement(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    """A platform's columns need not be NOT NULL."""
    migrated.expect_rebuild()
    migrated.rows(
        f"ALTER TABLE {MEASUREMENTS} DROP CONSTRAINT timescale_measurements_pkey; "
        f"ALTER TABLE {MEASUREMENTS} ALTER COLUMN device_id DROP NOT NULL, "
        "ALTER COLUMN parameter_id DROP NOT NULL"
    )
    migrated.rows(
        f"INSERT INTO {MEASUREMENTS} (time, device_id, parameter_id) "
        "VALUES (%(at)s, NULL, 'p'), (%(at)s, 'd', NULL), (%(at)s, NULL, NULL)",
        {"at": old},
    )
    for _ in range(3):
        assert sync().error is None
    assert fleet.keys() == [("d", "p")]


def test_a_chunk_that_comes_back_counts(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    migrated.expect_rebuild()
    [(chunk, span)] = migrated.rows(CHUNK, {"at": old})
    migrated.rows(f"CALL detach_chunk('{chunk}')")
    # What is known of the time without a chunk stays known.
    assert sync().error is None
    assert fleet.keys() == [("d", "p")]
    insert_unnoticed(migrated, chunk, old, "e")
    migrated.rows(f"CALL attach_chunk('{MEASUREMENTS}', '{chunk}', '{span}')")
    assert_mended(sync(), fleet, "d", "e")


@pytest.mark.multi_backend
def test_rows_copied_with_optimizations_off_count(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    """The embedded version notices these rows; 2.28.3 does not."""
    rows = io.StringIO(f"{old.isoformat()}\te\tp\n")
    with connect(migrated.url) as connection, connection.cursor() as cursor:
        cursor.execute("SET timescaledb.enable_optimizations = off")
        cursor.copy_expert(f"COPY {MEASUREMENTS} (time, device_id, parameter_id) FROM STDIN", rows)
    sync()
    assert fleet.keys() == [("d", "p"), ("e", "p")]


def test_what_the_aggregate_has_lost_comes_back(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    lose(migrated)
    assert_mended(sync(), fleet, "d")


def test_what_the_aggregate_has_too_much_goes(
    old: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    materialization = migrated.value(MATERIALIZATION)
    migrated.rows(
        f"INSERT INTO {materialization} SELECT bucket, 'e', 'p', last_seen_at FROM {AGGREGATE}"
    )
    assert_mended(sync(), fleet, "d")


def test_nothing_expires_while_the_aggregate_is_not_mended(
    old: datetime,
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.report("e", "p", old - DAY)
    sync()
    lose(migrated)
    with monkeypatch.context() as patch:
        patch.setattr(mending, "SHARE_OF_TIME", 0)
        for guard_percent in (20, 100):
            run = sync(removal_guard_percent=guard_percent)
            assert (run.status, run.deltas.held) == (RunStatus.GUARDED, 1)
            assert run.error is not None
            assert "no pair is removed as expired" in run.error.message
    assert "no pair is removed as expired" in get("/status")[1]["warnings"][0]
    assert_mended(sync(), fleet, "d", "e")
    assert get("/status")[1]["warnings"] == []


def test_a_run_goes_on_where_the_one_before_stopped(
    old: datetime,
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.report("e", "p", old - 3 * DAY)
    sync()
    lose(migrated)
    lose(migrated, "e")
    with monkeypatch.context() as patch:
        patch.setattr(mending, "SHARE_OF_TIME", 0)
        sync()
        # The samples of the next run would find nothing.
        patch.setattr(self_check, "choose", lambda *_: [])
        assert sync().error is not None
    monkeypatch.setattr(self_check, "choose", lambda *_: [])
    assert_mended(sync(), fleet, "d", "e")


def arrive_late(fleet: Fleet, at: datetime) -> None:
    fleet.report("e", "p", at + timedelta(microseconds=1))


def grow_older(fleet: Fleet, at: datetime) -> None:
    fleet.report("d", "p", at + timedelta(seconds=1))


def leave(fleet: Fleet, at: datetime) -> None:
    fleet.withdraw("d", "p", at)


@pytest.mark.parametrize("change", [arrive_late, grow_older, leave])
def test_what_changes_after_the_refresh_is_no_alarm(
    old: datetime,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Fleet, datetime], None],
) -> None:
    """Between the refresh and the check, and once more between the check and its confirmation."""
    compared, confirmed = self_check._look, self_check._confirmed
    seen: list[self_check.Suspects] = []

    def look(context: Sync, span: Span, suspects: self_check.Suspects) -> datetime | None:
        change(fleet, old)
        since = compared(context, span, suspects)
        seen.append(dict(suspects))
        return since

    def confirm(*arguments: object) -> object:
        fleet.report("f", "p", old)
        return confirmed(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(self_check, "_look", look)
    monkeypatch.setattr(self_check, "_confirmed", confirm)
    assert sync().error is None
    assert any(seen)


def test_measurements_that_are_dropped_are_no_alarm(
    old: datetime,
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fleet.report("e", "p", migrated.now() - 2 * DAY)
    sync()
    look = self_check._look

    def drop(*arguments: object) -> object:
        migrated.rows(f"SELECT drop_chunks('{MEASUREMENTS}', interval '5 days')")
        return look(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(self_check, "_look", drop)
    for _ in range(2):
        assert sync().error is None


@pytest.mark.parametrize(
    "arguments",
    [
        ("verify", "--against", "aggregate", "--repair"),
        ("backfill", "--force"),
        ("repair", "--force"),
    ],
)
def test_an_operator_mends_what_is_known_to_be_wrong(
    old: datetime, migrated: Sandbox, log_as_it_was: None, arguments: tuple[str, ...]
) -> None:
    """Without force, a repair does nothing: TimescaleDB takes the hours to be up to date."""
    held = migrated.rows(f"SELECT * FROM {AGGREGATE}")
    lose(migrated)
    migrated.rows(f"CALL refresh_continuous_aggregate('{SETS}', NULL, NULL)")
    for told in (["repair"], list(arguments)):
        assert migrated.rows(f"SELECT * FROM {AGGREGATE}") == []
        result = CliRunner().invoke(cli, told)
        assert result.exit_code == 0, result.output
    assert migrated.rows(f"SELECT * FROM {AGGREGATE}") == held


def test_the_table_is_not_repaired_by_verifying_it(old: datetime, log_as_it_was: None) -> None:
    result = CliRunner().invoke(cli, ["verify", "--repair"])
    assert result.exit_code == 2
    assert "a run repairs the table" in result.output
