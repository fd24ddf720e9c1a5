"""The aggregate stays small, and what is compressed or dropped leaves every run exact."""

from datetime import datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import Engine

from chalicelib.features.device_parameters import upkeep
from chalicelib.features.device_parameters.backfill import backfill, span_to_backfill
from chalicelib.features.device_parameters.model import EvidenceSource, RunStatus
from chalicelib.features.device_parameters.settings import SyncSettings, sync_settings
from tests.conftest import SyncRunner
from tests.databases import connect
from tests.fleet import Fleet
from tests.sandbox import Sandbox, alembic_config

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
DAYS = 6
WEEK_MINUTES = 7 * 24 * 60
CHUNKS = """
SELECT aggregate.view_name, chunk.range_start, chunk.is_compressed
FROM timescaledb_information.chunks AS chunk
JOIN timescaledb_information.continuous_aggregates AS aggregate
  ON aggregate.materialization_hypertable_name = chunk.hypertable_name
ORDER BY chunk.range_start, aggregate.view_name
"""
# The fourth bit says that there are rows beside the compressed ones.
LOOSE = "SELECT table_name FROM _timescaledb_catalog.chunk WHERE status & 8 = 8"
SOURCES = (EvidenceSource.AGGREGATE, EvidenceSource.MEASUREMENTS, None)


@pytest.fixture
def configured(environment: None, monkeypatch: pytest.MonkeyPatch) -> SyncSettings:
    """A window of a week."""
    monkeypatch.setenv("CHECK_INTERVAL_MINUTES", str(WEEK_MINUTES))
    monkeypatch.setenv("REMOVAL_GUARD_PERCENT", "100")
    return sync_settings()


@pytest.fixture
def now(migrated: Sandbox, fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Six days of a device that reports each hour, and all chunks tended by one run."""
    monkeypatch.setattr(upkeep, "MOST_CHUNKS", 100)
    monkeypatch.setattr(upkeep, "CHUNK_SECONDS", 20.0)
    at = migrated.now()
    fleet.add_device("d")
    for parameter in ("p", "q"):
        fleet.add_parameter(parameter)
        fleet.report("d", parameter, *(at - hour * HOUR for hour in range(24 * DAYS)))
    return at


def compressed(sandbox: Sandbox) -> list[tuple[str, datetime]]:
    return [(name, start) for name, start, is_compressed in sandbox.rows(CHUNKS) if is_compressed]


def test_what_is_two_days_old_is_compressed(
    now: datetime, migrated: Sandbox, sync: SyncRunner
) -> None:
    sync()
    due = [(name, start) for name, start, _ in migrated.rows(CHUNKS) if start + 3 * DAY <= now]
    assert len(due) >= 2 * (DAYS - 3)
    assert compressed(migrated) == due


@pytest.mark.parametrize("source", SOURCES)
def test_runs_over_compressed_buckets_are_exact(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner, source: EvidenceSource | None
) -> None:
    sync()
    assert compressed(migrated)
    late = now - 4 * DAY
    fleet.add_device("e")
    fleet.report("e", "p", late)
    assert sync(evidence_source=source).deltas.added == 1
    assert fleet.keys() == [("d", "p"), ("d", "q"), ("e", "p")]
    fleet.withdraw("e", "p", late)
    fleet.withdraw("d", "q")
    run = sync(evidence_source=source)
    assert (run.status, run.error) == (RunStatus.SUCCEEDED, None)
    assert fleet.keys() == [("d", "p")]


def test_a_bucket_that_changed_is_compressed_again(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    sync()
    before = compressed(migrated)
    fleet.report("d", "p", *(now - 4 * DAY + minute * timedelta(minutes=1) for minute in range(99)))
    sync()
    assert compressed(migrated) == before
    assert migrated.rows(LOOSE) == []


def test_what_no_window_needs_is_dropped(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    sync(check_interval_minutes=60, window_minutes=WEEK_MINUTES)
    assert len(migrated.rows(CHUNKS)) >= 2 * DAYS
    sync(check_interval_minutes=60, aggregate_retention_days=1, window_minutes=60)
    assert {start > now - 4 * DAY for _, start, _ in migrated.rows(CHUNKS)} == {True}
    assert fleet.keys() == [("d", "p"), ("d", "q")]


def test_the_window_is_kept_whatever_the_retention(
    now: datetime, migrated: Sandbox, sync: SyncRunner
) -> None:
    sync()
    before = migrated.rows(CHUNKS)
    sync(aggregate_retention_days=1)
    assert migrated.rows(CHUNKS) == before


@pytest.mark.parametrize("source", [EvidenceSource.AGGREGATE, None])
def test_a_window_beyond_what_is_kept_is_read_from_the_measurements(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner, source: EvidenceSource | None
) -> None:
    fleet.add_device("old")
    fleet.report("old", "p", now - 5 * DAY)
    for _ in range(2):
        run = sync(
            window_minutes=WEEK_MINUTES,
            check_interval_minutes=60,
            aggregate_retention_days=1,
            evidence_source=source,
        )
        assert run.evidence is not None
        assert run.evidence.source is EvidenceSource.MEASUREMENTS
        assert "further back than the aggregate is kept" in run.evidence.reason
        assert (run.error, len(fleet.keys())) == (None, 3)
    assert {start > now - 4 * DAY for _, start, _ in migrated.rows(CHUNKS)} == {True}


@pytest.mark.parametrize("source", [EvidenceSource.AGGREGATE, None])
def test_what_is_dropped_of_the_measurements_stays_known(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner, source: EvidenceSource | None
) -> None:
    """A platform may keep its measurements for a shorter time than the window."""
    fleet.add_device("old")
    fleet.report("old", "p", now - 5 * DAY)
    sync()
    migrated.rows(
        "SELECT drop_chunks('iot_data.timescale_measurements', %s::timestamptz)", (now - 3 * DAY,)
    )
    for _ in range(2):
        assert sync(evidence_source=source).error is None
        assert fleet.keys()[-1] == ("old", "p")


@pytest.fixture
def daily(now: datetime, migrated: Sandbox, fleet: Fleet) -> datetime:
    """The same, with measurements in chunks of a day, and another pair three days ago."""
    migrated.expect_rebuild()
    migrated.rows("TRUNCATE iot_data.timescale_measurements")
    migrated.rows(
        "SELECT set_chunk_time_interval('iot_data.timescale_measurements', INTERVAL '1 day')"
    )
    for parameter in ("p", "q"):
        fleet.report("d", parameter, *(now - hour * HOUR for hour in range(24 * DAYS)))
    fleet.add_device("old")
    fleet.report("old", "p", now - 3 * DAY)
    return now


def drop_measurements(sandbox: Sandbox, *, older_than: datetime, newer_than: datetime) -> None:
    sandbox.rows(
        "SELECT drop_chunks('iot_data.timescale_measurements', older_than => %s::timestamptz, "
        "newer_than => %s::timestamptz)",
        (older_than, newer_than),
    )


def backfill_all(engine: Engine, configured: SyncSettings) -> None:
    span = span_to_backfill(engine, None, None)
    assert span is not None
    assert list(backfill(engine, configured, span.steps(DAY)))


def test_a_backfill_forgets_nothing_whose_measurements_are_gone(
    daily: datetime,
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    engine: Engine,
    configured: SyncSettings,
) -> None:
    sync()
    drop_measurements(migrated, older_than=daily - DAY, newer_than=daily - 5 * DAY)
    backfill_all(engine, configured)
    assert sync(evidence_source=EvidenceSource.AGGREGATE).error is None
    assert fleet.keys()[-1] == ("old", "p")


def test_a_backfill_brings_back_what_was_dropped_of_the_aggregate(
    now: datetime, migrated: Sandbox, sync: SyncRunner, engine: Engine, configured: SyncSettings
) -> None:
    sync()
    before = [(name, start) for name, start, _ in migrated.rows(CHUNKS)]
    sync(check_interval_minutes=60, aggregate_retention_days=1)
    assert len(migrated.rows(CHUNKS)) < len(before)
    backfill_all(engine, configured)
    assert [(name, start) for name, start, _ in migrated.rows(CHUNKS)] == before
    assert sync(evidence_source=EvidenceSource.AGGREGATE).error is None


@pytest.mark.parametrize("source", [EvidenceSource.AGGREGATE, None])
def test_an_update_keeps_what_only_the_aggregate_knows(
    daily: datetime,
    migrated: Sandbox,
    fleet: Fleet,
    sync: SyncRunner,
    source: EvidenceSource | None,
) -> None:
    """The former release has materialized pairs whose measurements are gone by now."""
    sync()
    command.downgrade(alembic_config(drop_data=True), "0011_device_parameters_long_ids")
    drop_measurements(migrated, older_than=daily - DAY, newer_than=daily - 5 * DAY)
    migrated.upgrade()
    for _ in range(2):
        assert sync(evidence_source=source).error is None
        assert fleet.keys() == [("d", "p"), ("d", "q"), ("old", "p")]


def test_the_way_down_leaves_the_aggregate_as_the_former_release_had_it(
    now: datetime, migrated: Sandbox, fleet: Fleet, sync: SyncRunner
) -> None:
    """That release lifts no limit on what a refresh may decompress."""
    migrated.expect_rebuild()
    sync()
    assert compressed(migrated)
    command.downgrade(alembic_config(drop_data=True), "0011_device_parameters_long_ids")
    assert compressed(migrated) == []
    migrated.upgrade()
    assert (sync().error, len(fleet.keys())) == (None, 2)
    assert compressed(migrated)


def due_chunk(sandbox: Sandbox, aggregate: str, at: datetime) -> str:
    chunk: str = sandbox.value(
        "SELECT format('%%I.%%I', chunk.chunk_schema, chunk.chunk_name) "
        "FROM timescaledb_information.chunks AS chunk "
        "JOIN timescaledb_information.continuous_aggregates AS aggregate "
        "ON aggregate.materialization_hypertable_name = chunk.hypertable_name "
        "WHERE view_name = %s AND %s >= range_start AND %s < range_end",
        (aggregate, at, at),
    )
    return chunk


@pytest.mark.postgresql
@pytest.mark.multi_backend
def test_a_chunk_that_somebody_reads_waits_and_holds_up_no_other(
    now: datetime, migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MOST_CHUNKS", 0)
    sync()
    monkeypatch.setattr(upkeep, "MOST_CHUNKS", 100)
    monkeypatch.setattr(upkeep, "LOCK_SECONDS", 1)
    reader = connect(migrated.url)
    reader.autocommit = False
    chunk = due_chunk(migrated, "device_parameter_sets_hourly", now - 5 * DAY)
    reader.cursor().execute(f"LOCK TABLE {chunk} IN ACCESS EXCLUSIVE MODE")
    try:
        # The self-check and the refresh would wait as well.
        run = sync(window_minutes=60, evidence_source=EvidenceSource.MEASUREMENTS)
        left = [row for row in migrated.rows(CHUNKS) if not row[2] and row[1] + 3 * DAY <= now]
    finally:
        reader.close()
    assert run.status is RunStatus.SUCCEEDED
    assert len(left) == 1
    sync()
    assert [row for row in migrated.rows(CHUNKS) if not row[2] and row[1] + 3 * DAY <= now] == []


def test_an_upkeep_that_fails_fails_no_run(
    now: datetime, migrated: Sandbox, sync: SyncRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrated.expect_rebuild()
    migrated.rows(
        "ALTER MATERIALIZED VIEW iot_data.device_parameter_sets_hourly "
        "SET (timescaledb.enable_columnstore = false)"
    )
    assert sync().status is RunStatus.SUCCEEDED
