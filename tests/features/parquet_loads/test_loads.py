"""One load from a bucket into TimescaleDB: what becomes of the rows, and what the ledger says."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from chalicelib.database import RESERVE_SECONDS
from chalicelib.errors import RunTimedOutError, SchemaOutdatedError
from chalicelib.features.parquet_loads import gateway, sources
from chalicelib.features.parquet_loads.errors import SourceUnavailableError
from chalicelib.features.parquet_loads.model import LoadStatus, Location
from chalicelib.features.parquet_loads.timescale import csv_copy, merge
from tests.aws import Aws
from tests.features.parquet_loads.bucket import NAME, Bucket
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START, readings_in, table_of
from tests.sandbox import Sandbox

KEY = "dataset=generation/year=2024/a b+c.parquet"
MEASURED = "dataset=measurements/day=1/m.parquet"
ROWS = [(0, "N", 1.5), (1, "N", 2.5), (0, "S", 3.5)]
BELIEVED = {(hour, place): value for hour, place, value in ROWS}


def ledger(sandbox: Sandbox) -> list[dict[str, Any]]:
    names = (
        "status, attempt_count, read_count, loaded_count, rejected_count, added_count, error_code"
    )
    rows = sandbox.rows(f"SELECT {names} FROM iot_data.parquet_loads ORDER BY load_id")
    return [dict(zip(names.split(", "), row, strict=True)) for row in rows]


def parquet(table: pa.Table, **options: Any) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer, **options)
    return buffer.getvalue()


def test_a_file_is_loaded_and_the_ledger_says_so(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    ended = load(bucket.put(KEY, ROWS))
    assert readings_in(migrated, "generation") == BELIEVED
    assert (ended.status, ended.dataset) == (LoadStatus.SUCCEEDED, "generation")
    assert ended.location == Location(NAME, KEY)
    assert (ended.counts.read, ended.counts.loaded, ended.counts.added) == (3, 3, 3)
    assert ended.finished_at is not None
    assert ended.finished_at >= ended.started_at
    assert bucket.list_keys() == [KEY], "no rejects, no file of rejects"


def test_every_value_arrives_as_it_is(migrated: Sandbox, load: LoadRunner, bucket: Bucket) -> None:
    texts = ['a,"b"', "line\nbreak", "\\.", " x ", "Ελλάδα 🌊", "NULL", "\\N"]
    values = [0.1, 1e-300, -1.7976931348623157e308, 5e-324, 123456789.123456789, -0.0, 1e16]
    table = table_of(
        "generation", [(0, text, value) for text, value in zip(texts, values, strict=True)]
    )
    instants = [START + timedelta(microseconds=number) for number in range(len(texts))]
    column = pa.array(instants, pa.timestamp("us", "UTC"))
    table = table.set_column(0, "timestamp", column)
    assert load(bucket.put_bytes(KEY, parquet(table))).counts.loaded == len(texts)
    found = migrated.rows("SELECT region, value, time FROM iot_data.energy_readings ORDER BY time")
    assert found == list(zip(texts, values, instants, strict=True))


def test_measurements_keep_their_quality_and_their_metadata(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    rows = [
        {"time": START, "device_id": "d", "parameter_id": "p", "value": 1.0,
         "quality": None, "metadata": None},
        {"time": START, "device_id": "d", "parameter_id": "q", "value": 2.0,
         "quality": -3, "metadata": '{"a": ["\\u00e9", "x, \\"y\\""]}'},
    ]  # fmt: skip
    schema = table_of("measurements", []).schema
    load(bucket.put_bytes(MEASURED, parquet(pa.Table.from_pylist(rows, schema))))
    found = migrated.rows(
        "SELECT parameter_id, quality, metadata FROM iot_data.timescale_measurements ORDER BY 1"
    )
    assert found == [("p", None, None), ("q", -3, {"a": ["é", 'x, "y"']})]


def test_an_object_that_is_loaded_twice_is_one_load(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    first, second = load(bucket.put(KEY, ROWS)), load(f"s3://{NAME}/{KEY}")
    assert (first.is_repeated, second.is_repeated) == (False, True)
    assert second.load_id == first.load_id
    assert [row["attempt_count"] for row in ledger(migrated)] == [1]


@pytest.mark.parametrize("is_versioned", [False, True])
def test_a_changed_object_replaces_what_it_brought(
    migrated: Sandbox, load: LoadRunner, moto: Aws, is_versioned: bool
) -> None:
    bucket = Bucket(moto, is_versioned=is_versioned)
    first = load(bucket.put(KEY, ROWS))
    second = load(bucket.put(KEY, [(1, "N", 7.0)]))
    assert readings_in(migrated, "generation") == {(1, "N"): 7.0}
    assert first.version != second.version
    assert (second.counts.changed, second.counts.removed) == (1, 2)


def test_bad_rows_are_kept_aside_with_their_reasons(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    rows = [(hour, "N", float(hour)) for hour in range(20)]
    bad = [(20, "", 1.0), (3, "N", 99.0)]
    ended = load(bucket.put(KEY, [*rows, *bad]))
    assert (ended.counts.read, ended.counts.loaded, ended.counts.rejected) == (22, 20, 2)
    assert ended.rejects_key == f"rejected/{KEY}"
    rejects = bucket.rows(f"rejected/{KEY}")
    assert rejects is not None
    assert [(row["row_number"], row["reason"], row["value"]) for row in rejects] == [
        (20, "empty_text", 1.0),
        (21, "duplicate", 99.0),
    ]
    assert readings_in(migrated, "generation")[3, "N"] == 3.0


def test_rejects_of_a_former_version_do_not_outlive_it(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    rows = [(hour, "N", float(hour)) for hour in range(20)]
    load(bucket.put(KEY, [*rows, (20, "", 1.0)]))
    assert f"rejected/{KEY}" in bucket.list_keys()
    assert load(bucket.put(KEY, rows)).rejects_key is None
    assert bucket.list_keys() == [KEY]


@pytest.mark.parametrize(("bad_count", "expected"), [(2, "succeeded"), (3, "failed")])
def test_with_more_bad_rows_than_allowed_nothing_is_loaded(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, bad_count: int, expected: str
) -> None:
    """Repeated rows count like other bad rows, though they are found last."""
    good = [(hour, "N", float(hour)) for hour in range(20 - bad_count)]
    bad = [(0, "N", 5.0)] + [(hour, "", 1.0) for hour in range(bad_count - 1)]
    ended = load(bucket.put(KEY, [*good, *bad]))
    assert ended.status == expected
    assert len(readings_in(migrated, "generation")) == (len(good) if bad_count == 2 else 0)
    assert len(bucket.rows(f"rejected/{KEY}") or ()) == bad_count
    if expected == "failed":
        assert ended.error is not None
        assert (ended.error.code, ended.rejects_key) == ("too_many_rejected", f"rejected/{KEY}")
        assert (ended.counts.read, ended.counts.rejected) == (20, 3)


SOUND = parquet(table_of("generation", ROWS))
UNLOADABLE: dict[str, tuple[str, bytes]] = {
    "file_empty": (KEY, b""),
    "not_parquet": (KEY, b"time,region\n" * 100),
    "file_truncated": (KEY, SOUND[: len(SOUND) // 2]),
    "schema_mismatch": (KEY, parquet(pa.table({"a": [1]}))),
    "unknown_dataset": ("dataset=weather/a.parquet", SOUND),
}


@pytest.mark.parametrize("code", UNLOADABLE)
def test_a_file_that_cannot_be_loaded_is_a_failed_load_and_changes_nothing(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, code: str
) -> None:
    load(bucket.put(KEY, ROWS))
    key, data = UNLOADABLE[code]
    ended = load(bucket.put_bytes(key, data))
    assert ended.status is LoadStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == code
    assert readings_in(migrated, "generation") == BELIEVED, "what was there stays"
    assert ledger(migrated)[-1]["error_code"] == code


@pytest.mark.parametrize("address", [f"s3://{NAME}/{KEY}", f"s3://nowhere/{KEY}"])
def test_a_missing_object_is_a_failed_load(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, address: str
) -> None:
    for attempt in (1, 2):
        ended = load(address)
        assert ended.error is not None
        assert (ended.error.code, ended.attempt_count) == ("object_missing", attempt)


def test_a_failed_load_succeeds_once_its_cause_is_gone(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    address = bucket.put(KEY, [*ROWS, (5, "", 1.0)])
    assert load(address).status is LoadStatus.FAILED
    assert load(address, max_rejected_percent=25).status is LoadStatus.SUCCEEDED
    assert ledger(migrated) == [
        {
            "status": "succeeded",
            "attempt_count": 2,
            "read_count": 4,
            "loaded_count": 3,
            "rejected_count": 1,
            "added_count": 3,
            "error_code": None,
        }
    ]


def at_first(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have *act* happen before the first call of a function of the gateway."""
    original = getattr(gateway, name)
    is_done: list[bool] = []

    def first(*arguments: Any) -> Any:
        if not is_done:
            is_done.append(True)
            act()
        return original(*arguments)

    monkeypatch.setattr(gateway, name, first)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [("look_at", ["succeeded"]), ("_range", ["superseded", "succeeded"])],
    ids=["before it is looked at", "while it is read"],
)
def test_an_object_that_changes_is_loaded_as_it_is_then(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    expected: list[str],
) -> None:
    address = bucket.put(KEY, ROWS)
    at_first(lambda: bucket.put(KEY, [(7, "S", 7.0)]), monkeypatch, moment)
    assert load(address).status is LoadStatus.SUCCEEDED
    assert readings_in(migrated, "generation") == {(7, "S"): 7.0}
    assert [row["status"] for row in ledger(migrated)] == expected


def test_an_object_that_changes_before_it_is_locked_is_loaded_as_it_is_then(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = bucket.put(KEY, ROWS)
    require_unchanged = sources.require_unchanged
    changes = [[(7, "S", 7.0)], [(8, "S", 8.0)]]

    def change_first(found: Any) -> None:
        if changes:
            bucket.put(KEY, changes.pop(0))
        require_unchanged(found)

    monkeypatch.setattr(sources, "require_unchanged", change_first)
    assert load(address).status is LoadStatus.SUCCEEDED
    assert readings_in(migrated, "generation") == {(8, "S"): 8.0}
    assert [row["status"] for row in ledger(migrated)] == ["superseded", "superseded", "succeeded"]


def test_an_s3_that_does_not_answer_is_a_retryable_error(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = bucket.put(KEY, ROWS)

    def fail() -> None:
        raise SourceUnavailableError("S3 says SlowDown")

    at_first(fail, monkeypatch, "_range")
    with pytest.raises(SourceUnavailableError):
        load(address)
    assert ledger(migrated)[0]["status"] == "failed"
    assert load(address).status is LoadStatus.SUCCEEDED
    assert readings_in(migrated, "generation") == BELIEVED


def test_if_the_rejects_cannot_be_kept_the_file_is_not_loaded(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise SourceUnavailableError("S3 says SlowDown")

    at_first(fail, monkeypatch, "keep")
    address = bucket.put(KEY, [*ROWS, (5, "", 1.0)])
    with pytest.raises(SourceUnavailableError):
        load(address, max_rejected_percent=50)
    assert readings_in(migrated, "generation") == {}


def test_a_load_that_runs_out_of_time_ends_itself(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    address = bucket.put(KEY, ROWS)
    with pytest.raises(RunTimedOutError):
        load(address, seconds=RESERVE_SECONDS)


def test_an_older_database_is_named(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, engine: Engine
) -> None:
    address = bucket.put(KEY, ROWS)
    migrated.rows(
        "UPDATE iot_data.device_parameters_version SET version_num = '0005_outbox_events'"
    )
    try:
        with pytest.raises(SchemaOutdatedError, match="alembic upgrade head"):
            load(address)
    finally:
        migrated.expect_rebuild()


@pytest.mark.postgresql
def test_a_reading_that_another_writer_adds_in_the_same_moment_is_overwritten(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that appears after the load looked and before it writes makes it look again."""
    compare = merge._compare
    is_done: list[bool] = []

    def add_after(*arguments: Any) -> None:
        compare(*arguments)
        if not is_done:
            is_done.append(True)
            migrated.rows(
                "INSERT INTO iot_data.timescale_measurements (time, device_id, parameter_id, value)"
                " VALUES (%s, 'N', 'temperature', 9)",
                (START,),
            )

    monkeypatch.setattr(merge, "_compare", add_after)
    assert load(bucket.put(MEASURED, ROWS[1:])).status is LoadStatus.SUCCEEDED
    assert load(bucket.put(MEASURED, ROWS)).status is LoadStatus.SUCCEEDED
    assert is_done
    assert readings_in(migrated, "measurements") == BELIEVED


def test_a_file_on_a_disk_leaves_its_rejects_beside_its_dataset(
    migrated: Sandbox, load: LoadRunner, tmp_path: Path
) -> None:
    path = tmp_path / "exports" / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(parquet(table_of("generation", [*ROWS, (5, "", 1.0)])))
    ended = load(str(path), max_rejected_percent=50)
    assert ended.location == Location(f"file://{tmp_path}/exports", KEY)
    assert pq.read_table(tmp_path / "exports" / "rejected" / KEY).num_rows == 1


def test_what_the_server_refuses_while_rows_are_copied_is_told_in_its_own_words(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_copy, "as_csv", lambda batch: b"no instant,SE\n")
    error = load(bucket.put(KEY, ROWS)).error
    assert error is not None
    assert "invalid input syntax" in error.message
    assert ledger(migrated)[0]["error_code"] == "rows_refused"
