"""Measurements of a new time go straight into their table, and no others do."""

import logging
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import Engine

from chalicelib.features.parquet_loads.model import Dataset, Load, LoadStatus
from chalicelib.features.parquet_loads.timescale import store
from chalicelib.features.parquet_loads.timescale.time_range import TimeRange
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, Drop, Reading, readings_in, table_of, write
from tests.features.parquet_loads.timescale.killed_load import BATCH, interrupted, kill_load_at
from tests.sandbox import Sandbox

ROWS: list[Reading] = [(0, "N", 1.0), (0, "S", 2.0), (5, "N", 3.0)]
LOADED = {(0, "N"): 1.0, (0, "S"): 2.0, (5, "N"): 3.0}
ADD = (
    "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value) "
    "VALUES (%s, %s, 'temperature', 9)"
)
BEFORE_THE_COMMIT = [
    "after:try_lock_days",
    "after:is_time_free",
    BATCH,
    "before:claim_appended",
    "after:claim_appended",
    "after:finish_load",
]


class Ways:
    """Loads of files in one folder, and whether the last one appended its rows."""

    def __init__(
        self, sandbox: Sandbox, load: LoadRunner, drop: Drop, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.drop = drop
        self.sandbox = sandbox
        self._load = load
        self._caplog = caplog

    def load(self, name: str, readings: list[Reading], minute: int = 0) -> Load:
        self.drop.put(name, readings, minute)
        return self.load_again(name)

    def load_again(self, name: str) -> Load:
        self._caplog.clear()
        ended = self._load(str(self.drop.path(name)), max_rejected_percent=50)
        assert ended.status is LoadStatus.SUCCEEDED
        return ended

    def add(self, hour: int, place: str) -> None:
        """As any other writer of the platform does."""
        self.sandbox.rows(ADD, (START + timedelta(hours=hour), place))

    @property
    def were_appended(self) -> bool:
        said = {record.getMessage() for record in self._caplog.records}
        assert len(said & {"rows_appended", "rows_merged"}) == 1
        return "rows_appended" in said

    @property
    def readings(self) -> dict[tuple[int, str], float]:
        return readings_in(self.sandbox, "measurements")


@pytest.fixture
def ways(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> Ways:
    caplog.set_level(logging.INFO, "chalicelib.features.parquet_loads")
    return Ways(migrated, load, Drop(tmp_path, "measurements"), caplog)


def once(do: Callable[..., None], *arguments: Any) -> Callable[[], None]:
    """A function that calls *do* the first time, and does nothing after that."""
    calls = [arguments]

    def run() -> None:
        if calls:
            do(*calls.pop())

    return run


def test_a_file_of_a_new_time_is_appended(ways: Ways) -> None:
    ended = ways.load("a", ROWS)
    assert ways.were_appended
    assert ways.readings == LOADED
    assert (ended.counts.read, ended.counts.loaded, ended.counts.added) == (3, 3, 3)
    assert (ended.counts.changed, ended.counts.removed, ended.counts.shadowed) == (0, 0, 0)


def test_a_file_between_others_is_appended(ways: Ways) -> None:
    ways.load("a", ROWS)
    ways.load("b", [(2, "N", 4.0), (4, "N", 5.0)])
    assert not ways.were_appended, "the first file covers that time"
    ways.load("c", [(6, "N", 6.0)])
    assert ways.were_appended
    assert ways.readings == {**LOADED, (2, "N"): 4.0, (4, "N"): 5.0, (6, "N"): 6.0}


def test_what_was_appended_can_be_taken_back(ways: Ways) -> None:
    ways.load("a", ROWS)
    changed = ways.load("a", ROWS[:1], minute=1)
    assert not ways.were_appended
    assert (changed.counts.added, changed.counts.removed) == (0, 2)
    assert ways.readings == {(0, "N"): 1.0}


def test_a_file_that_moves_to_a_new_time_leaves_nothing_behind(ways: Ways) -> None:
    ways.load("a", ROWS)
    assert ways.load("a", [(900, "N", 1.0)], minute=1).counts.removed == 3
    assert ways.readings == {(900, "N"): 1.0}


def test_what_was_appended_gives_way_and_comes_back(ways: Ways) -> None:
    ways.load("a", ROWS)
    ways.load("b", [(0, "N", 7.0)], minute=1)
    assert ways.readings == {**LOADED, (0, "N"): 7.0}
    ways.load("b", [], minute=2)
    assert ways.readings == LOADED


def test_blocks_of_claims_hold_every_key_once(ways: Ways) -> None:
    rows = [(hour, place, 1.0) for hour in range(5_100) for place in ("N", "S", "W", "E")]
    ways.load("a", rows)
    assert ways.were_appended
    blocks = ways.sandbox.rows(
        "SELECT cardinality(times), first_time = (SELECT min(t) FROM unnest(times) AS t), "
        "last_time = (SELECT max(t) FROM unnest(times) AS t) "
        "FROM iot_data.measurement_claims ORDER BY block"
    )
    assert blocks == [(10_000, True, True), (10_000, True, True), (400, True, True)]
    assert ways.load("a", [], minute=1).counts.removed == len(rows)
    assert ways.readings == {}


def test_a_row_repeated_in_the_file_counts_once(ways: Ways) -> None:
    """The key refuses the row after others have been copied."""
    ended = ways.load("a", [*ROWS, (0, "N", 8.0)])
    assert not ways.were_appended
    assert ways.readings == LOADED
    assert (ended.counts.loaded, ended.counts.rejected) == (3, 1)


def test_bad_rows_are_kept_aside(ways: Ways) -> None:
    ended = ways.load("a", [*ROWS, (7, "", 8.0)])
    assert ways.were_appended
    assert ways.readings == LOADED
    assert (ended.counts.loaded, ended.counts.rejected) == (3, 1)
    assert ended.rejects_key is not None


def test_with_too_many_bad_rows_the_table_is_never_touched(
    ways: Ways, load: LoadRunner, caplog: pytest.LogCaptureFixture
) -> None:
    ways.drop.put("a", [*ROWS, *((hour, "", 0.0) for hour in range(4))])
    assert load(str(ways.drop.path("a"))).status is LoadStatus.FAILED
    [given_up] = [each for each in caplog.records if each.getMessage() == "rows_not_appendable"]
    assert vars(given_up)["reason"] == "too many rows are bad"
    assert ways.readings == {}
    assert ways.sandbox.value("SELECT count(*) FROM iot_data.parquet_objects") == 0


def test_a_file_without_a_good_row_brings_nothing(ways: Ways, load: LoadRunner) -> None:
    ways.drop.put("a", [(0, "", 0.0)])
    ended = load(str(ways.drop.path("a")), max_rejected_percent=100)
    assert (ended.status, ended.counts.rejected) == (LoadStatus.SUCCEEDED, 1)
    assert ways.readings == {}


@pytest.mark.parametrize("hour", [0, 3, 5])
def test_where_somebody_else_has_a_measurement_of_that_time_rows_are_merged(
    ways: Ways, hour: int
) -> None:
    ways.add(hour, "E")
    ways.load("a", ROWS)
    assert not ways.were_appended
    assert ways.readings == {**LOADED, (hour, "E"): 9.0}


def test_where_a_file_has_a_claim_on_that_time_rows_are_merged(ways: Ways) -> None:
    """The rows may have been dropped in the meantime, and the file may bring them again."""
    ways.load("a", ROWS, minute=1)
    ways.sandbox.rows("DELETE FROM iot_data.timescale_measurements")
    ways.load("b", ROWS)
    assert not ways.were_appended


def test_times_that_are_text_are_merged(ways: Ways) -> None:
    table = table_of("measurements", ROWS)
    texts = pa.array([instant.isoformat() for instant in table.column("time").to_pylist()])
    write(ways.drop.path("a"), table.set_column(0, "time", texts))
    ways.load_again("a")
    assert not ways.were_appended
    assert ways.readings == LOADED


def test_a_file_whose_times_are_damaged_is_refused_for_good(ways: Ways, load: LoadRunner) -> None:
    path = ways.drop.path("a")
    write(
        path,
        table_of("measurements", ROWS),
        compression="none",
        use_dictionary=False,
        write_statistics=False,
        write_page_checksum=True,
    )
    data = path.read_bytes()
    position = data.index(int(START.timestamp() * 1_000_000).to_bytes(8, "little"))
    path.write_bytes(data[:position] + b"damaged!" + data[position + 8 :])
    ended = load(str(path))
    assert (ended.status, ended.error and ended.error.code) == (LoadStatus.FAILED, "file_corrupt")
    assert ways.readings == {}


def test_a_table_without_its_key_is_not_trusted_to_refuse_what_is_repeated(ways: Ways) -> None:
    ways.sandbox.expect_rebuild()
    ways.sandbox.rows(
        "ALTER TABLE iot_data.timescale_measurements DROP CONSTRAINT timescale_measurements_pkey"
    )
    ways.sandbox.rows(
        "CREATE INDEX ON iot_data.timescale_measurements (time, device_id, parameter_id)"
    )
    ways.load("a", [*ROWS, (0, "N", 8.0)])
    assert not ways.were_appended
    assert ways.readings == LOADED


def test_into_a_compressed_chunk_a_new_time_is_appended_and_a_known_one_is_not(ways: Ways) -> None:
    ways.sandbox.expect_rebuild()
    ways.load("a", [(0, "N", 1.0), (9, "N", 1.0)])
    ways.sandbox.rows(
        "ALTER TABLE iot_data.timescale_measurements SET (timescaledb.compress, "
        "timescaledb.compress_segmentby = 'device_id, parameter_id', "
        "timescaledb.compress_orderby = 'time')"
    )
    ways.sandbox.rows(
        "SELECT compress_chunk(chunk) FROM show_chunks('iot_data.timescale_measurements') chunk"
    )
    ways.load("b", [(10, "N", 2.0), (11, "N", 2.0)])
    assert ways.were_appended
    ways.load("c", [(5, "N", 3.0), (9, "N", 3.0)], minute=1)
    assert not ways.were_appended
    known = {(0, "N"): 1.0, (10, "N"): 2.0, (11, "N"): 2.0}
    assert ways.readings == {**known, (5, "N"): 3.0, (9, "N"): 3.0}
    ways.load("c", [], minute=2)
    assert ways.readings == {**known, (9, "N"): 1.0}


@pytest.mark.parametrize("boundary", BEFORE_THE_COMMIT)
def test_a_process_killed_while_it_appends_leaves_nothing(ways: Ways, boundary: str) -> None:
    ways.drop.put("a", ROWS)
    kill_load_at(boundary, ways.drop, ways.sandbox)
    assert ways.readings == {}
    ways.load_again("a")
    assert ways.were_appended
    assert ways.readings == LOADED


@pytest.mark.postgresql
@pytest.mark.parametrize("boundary", ["after:is_time_free", BATCH])
@pytest.mark.parametrize(("hour", "place"), [(0, "N"), (3, "E")])
def test_another_writer_who_comes_between_keeps_their_row(
    ways: Ways, boundary: str, hour: int, place: str
) -> None:
    """Their row is no row of the file, though it is among those of the file."""
    with interrupted(boundary, once(ways.add, hour, place)):
        ways.load("a", ROWS)
    assert not ways.were_appended
    others = {} if (hour, place) in LOADED else {(hour, place): 9.0}
    assert ways.readings == {**LOADED, **others}
    ways.load("a", [], minute=1)
    assert ways.readings == others


@pytest.mark.postgresql
def test_while_others_load_the_same_days_rows_are_staged(ways: Ways, engine: Engine) -> None:
    with engine.connect() as other:
        store.lock_days(other, Dataset.MEASUREMENTS, [TimeRange(START, START)])
        with interrupted("before:lock_days", once(other.rollback)):
            ways.load("a", ROWS)
    assert not ways.were_appended
    assert ways.readings == LOADED
