"""Parquet files, loaded from the package and its layer."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.model import rejected_key
from lambdaenv.container import Container
from release.build import Release
from release.layer.build import ZIP as LAYER_ZIP
from tests.aws import Aws
from tests.features.parquet_loads.bucket import NAME, Bucket
from tests.features.parquet_loads.drop import Reading, readings_in, table_of
from tests.runtime.conftest import StartContainer, sample
from tests.sandbox import Sandbox

HANDLER = "app.load_parquet"
EVENT = sample("s3_object_created")
KEY = EVENT["detail"]["object"]["key"]
READINGS: list[Reading] = [(hour, place, hour / 8) for hour in range(60) for place in ("SE", "NO")]


def bytes_of(table: pa.Table, **options: Any) -> bytes:
    """More than one row group, so that libraries are used that few rows would not reach."""
    file = BytesIO()
    pq.write_table(table, file, row_group_size=50, **options)
    return file.getvalue()


@pytest.fixture
def bucket(aws: Aws) -> Bucket:
    return Bucket(aws)


@pytest.fixture
def container(start: StartContainer, migrated: Sandbox, aws: Aws) -> Container:
    return start(HANDLER, **migrated.environment, **aws.environment)


@pytest.mark.parametrize("codec", ["snappy", "zstd", "gzip", "brotli", "lz4"])
def test_a_file_put_into_the_bucket_is_loaded(
    container: Container, bucket: Bucket, migrated: Sandbox, codec: str
) -> None:
    bucket.put_bytes(KEY, bytes_of(table_of("generation", READINGS), compression=codec))
    [load] = container.invoke(EVENT).result["loads"]
    assert (load["status"], load["error"]) == ("succeeded", None)
    expected = {(hour, place): value for hour, place, value in READINGS}
    assert readings_in(migrated, "generation") == expected
    assert "load_finished" in [record.get("message") for record in container.log()]


def test_whoever_asks_for_one_object_gets_its_load(
    container: Container, bucket: Bucket, migrated: Sandbox
) -> None:
    key = "dataset=measurements/part-0.parquet"
    bucket.put(key, READINGS)
    assert container.invoke({"bucket": NAME, "key": key}).result["status"] == "succeeded"
    assert len(readings_in(migrated, "measurements")) == len(READINGS)


def test_rejected_rows_are_kept_beside_the_file(container: Container, bucket: Bucket) -> None:
    table = table_of("generation", READINGS)
    rows = table.to_pylist()
    rows[3]["quality_flag"] = "splendid"
    bucket.put_bytes(KEY, bytes_of(pa.Table.from_pylist(rows, table.schema)))
    [load] = container.invoke(EVENT).result["loads"]
    assert load["status"] == "succeeded"
    [rejected] = bucket.rows(rejected_key(KEY)) or []
    assert (rejected["row_number"], rejected["reason"]) == (3, "unknown_quality")


def test_what_is_no_parquet_is_a_failed_load_and_no_error_of_the_function(
    container: Container, bucket: Bucket
) -> None:
    bucket.put_bytes(KEY, b"id,value\n" * 100)
    [load] = container.invoke(EVENT).result["loads"]
    assert (load["status"], load["error"]["code"]) == ("failed", "not_parquet")


def test_without_its_layer_it_says_what_is_missing(
    start: StartContainer,
    layers: dict[str, Path],
    migrated: Sandbox,
    aws: Aws,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It raises, so that no file is given up: Lambda tries again, and then keeps the event."""
    monkeypatch.delitem(layers, HANDLER)
    container = start(HANDLER, **migrated.environment, **aws.environment)
    kind, message = container.invoke(EVENT).error
    assert kind == "ReaderMissingError"
    assert "No module named 'pyarrow'" in message
    assert f"needs the layer that `make package` makes, {LAYER_ZIP}" in message
    assert migrated.rows("SELECT * FROM iot_data.parquet_loads") == []


def test_no_other_function_has_the_layer(package: Release) -> None:
    """No other function needs it: in `test_environment` each answers its event without it."""
    assert [function.handler for function in package.functions if function.layers] == [HANDLER]
