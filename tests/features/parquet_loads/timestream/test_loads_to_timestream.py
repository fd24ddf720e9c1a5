"""The same load with Timestream as its sink."""

from datetime import timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import pytest

from chalicelib.features.parquet_loads.model import LoadStatus
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.timestream import fill
from chalicelib.features.parquet_loads.timestream.errors import TimestreamUnavailableError
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter
from tests.features.parquet_loads.bucket import Bucket
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, readings_in, table_of
from tests.features.parquet_loads.test_loads import parquet
from tests.features.parquet_loads.timestream.conftest import settings_for
from tests.features.parquet_loads.timestream.stub import BROKEN, TimestreamStub
from tests.sandbox import Sandbox

KEY = "dataset=generation/a.parquet"
ROWS = [(hour, "N", float(hour)) for hour in range(30)]


@pytest.fixture
def settings(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Of a Timestream that is there, beside the bucket."""
    impatient = partial(TimestreamWriter, backoff_seconds=0.001)
    monkeypatch.setattr(fill, "TimestreamWriter", impatient)
    with TimestreamStub() as stub:
        yield settings_for(stub.url), stub


def kept(stub: TimestreamStub) -> list[float]:
    return sorted(stored.value for stored in stub.kept.values())


def test_good_rows_are_written_and_the_ledger_says_so(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, stub = settings
    ended = load(bucket.put(KEY, [*ROWS, (0, "N", 9.0), (40, "", 1.0)]), timestream=configured)
    assert (ended.status, ended.sink) == (LoadStatus.SUCCEEDED, "timestream")
    assert kept(stub) == [value for _, _, value in ROWS]
    assert (ended.counts.read, ended.counts.loaded, ended.counts.rejected) == (32, 30, 2)
    rejects = bucket.rows(f"rejected/{KEY}") or []
    assert [(row["row_number"], row["reason"]) for row in rejects] == [
        (30, "duplicate"), (31, "empty_text")
    ]  # fmt: skip
    assert readings_in(migrated, "generation") == {}


def test_the_same_object_goes_once_into_each_sink(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, stub = settings
    address = bucket.put(KEY, ROWS)
    first, second = load(address, timestream=configured), load(address, timestream=configured)
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert {stored.write_count for stored in stub.kept.values()} == {1}
    assert not load(address).is_repeated
    assert len(readings_in(migrated, "generation")) == 30


def test_with_more_bad_rows_than_allowed_nothing_is_written(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    """Not even the good rows before them, because nothing can be taken back."""
    configured, stub = settings
    bad = [(hour, "", 1.0) for hour in range(10)]
    ended = load(bucket.put(KEY, [*ROWS, *bad]), timestream=configured)
    assert ended.status is LoadStatus.FAILED
    assert kept(stub) == []
    assert len(bucket.rows(f"rejected/{KEY}") or ()) == 10


def test_rows_that_only_timestream_cannot_hold_are_rejected_before_anything_is_written(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, stub = settings
    table = table_of("generation", ROWS)
    times = [START + timedelta(hours=hour, microseconds=hour < 2) for hour in range(len(ROWS))]
    table = table.set_column(0, "timestamp", pa.array(times, pa.timestamp("us", "UTC")))
    ended = load(bucket.put_bytes(KEY, parquet(table)), timestream=configured)
    assert (ended.counts.loaded, ended.counts.rejected) == (28, 2)
    rejects = bucket.rows(f"rejected/{KEY}") or []
    assert {(row["row_number"], row["reason"]) for row in rejects} == {
        (0, "time_too_fine"), (1, "time_too_fine")
    }  # fmt: skip
    assert len(kept(stub)) == 28


def test_rows_that_the_service_refuses_are_rejected_with_its_own_words(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, stub = settings
    stub.rejects = lambda record: "too old" if record["MeasureValue"] in ("3", "3.0") else None
    ended = load(bucket.put(KEY, ROWS), timestream=configured)
    assert (ended.counts.loaded, ended.counts.rejected) == (29, 1)
    [row] = bucket.rows(f"rejected/{KEY}") or []
    assert (row["row_number"], row["reason"]) == (3, "refused")
    assert "too old" in row["detail"]


def test_the_newer_object_wins_whichever_is_loaded_first(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from chalicelib.features.parquet_loads import gateway

    configured, stub = settings
    look_at = gateway.look_at

    def look_at_old(location: Any) -> Any:
        found = look_at(location)
        is_old = location.key.endswith("old.parquet")
        return replace(found, modified_at=START) if is_old else found

    monkeypatch.setattr(gateway, "look_at", look_at_old)
    load(bucket.put("dataset=generation/new.parquet", [(0, "N", 2.0)]), timestream=configured)
    late = load(
        bucket.put("dataset=generation/old.parquet", [(0, "N", 1.0)]), timestream=configured
    )
    assert kept(stub) == [2.0]
    assert (late.counts.shadowed, late.counts.rejected) == (1, 0)


def test_measurements_are_not_for_timestream(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, _ = settings
    ended = load(bucket.put("dataset=measurements/m.parquet", ROWS), timestream=configured)
    assert ended.error is not None
    assert ended.error.code == "not_for_timestream"


def test_a_service_that_does_not_answer_is_a_retryable_error(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    settings: tuple[TimestreamSettings, TimestreamStub],
) -> None:
    configured, stub = settings
    address = bucket.put(KEY, ROWS)
    stub.faults.extend([BROKEN] * 20)
    with pytest.raises(TimestreamUnavailableError):
        load(address, timestream=configured)
    stub.faults.clear()
    assert load(address, timestream=configured).status is LoadStatus.SUCCEEDED
    assert len(kept(stub)) == 30
