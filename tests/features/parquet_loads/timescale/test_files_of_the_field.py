"""Files as Spark, Hive, Polars and DuckDB write them, from a bucket into the tables."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from chalicelib.features.parquet_loads.model import Dataset, LoadStatus
from tests.features.parquet_loads.bucket import Bucket
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import readings_in
from tests.features.parquet_loads.files import table, written
from tests.sandbox import Sandbox

START = datetime(2024, 5, 1, tzinfo=UTC)
FIRST_HOURS = [START.replace(tzinfo=None) + timedelta(hours=hour) for hour in range(3)]
LOCAL = pa.array(FIRST_HOURS, pa.timestamp("us"))
DECIMALS = pa.array([Decimal(1), Decimal("2.5"), Decimal("0.000000001")], pa.decimal128(38, 18))
AS_SPARK: dict[str, Any] = {"use_deprecated_int96_timestamps": True, "store_schema": False}


@pytest.mark.parametrize("dataset", ["generation", "measurements"])
def test_what_spark_writes_by_default_is_loaded(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, dataset: str
) -> None:
    """INT96, text without a mark, a decimal of 38 digits, and the column of a folder."""
    time, place = ("timestamp", "region") if dataset == "generation" else ("time", "device_id")
    key = f"dataset={dataset}/{place}=N%2FO/part-0.snappy.parquet"
    columns: dict[str, Any] = {time: LOCAL, place: None, "value": DECIMALS}
    content = table(Dataset(dataset), **columns)
    unmarked = pa.schema(
        [(field.name, pa.binary() if pa.types.is_string(field.type) else field.type)
         for field in content.schema]
    )  # fmt: skip
    data = written(content.cast(unmarked), **AS_SPARK)
    refused = load(bucket.put_bytes(key, data))
    assert refused.error is not None
    assert "ASSUME_TIME_ZONE" in refused.error.message
    ended = load(bucket.put_bytes(key, data), zone="UTC")
    assert (ended.status, ended.counts.added) == (LoadStatus.SUCCEEDED, 3)
    found = {(0, "N/O"): 1.0, (1, "N/O"): 2.5, (2, "N/O"): 0.000000001}
    assert readings_in(migrated, dataset) == found


@pytest.mark.parametrize("dataset", ["generation", "measurements"])
def test_text_as_polars_spells_it_out_is_loaded_with_a_bad_row_in_it(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, dataset: str
) -> None:
    place = "region" if dataset == "generation" else "device_id"
    columns: dict[str, Any] = {place: ["N", "", "S"]}
    content = table(Dataset(dataset), **columns)
    views = pa.schema(
        [(field.name, pa.string_view() if pa.types.is_string(field.type) else field.type)
         for field in content.schema]
    )  # fmt: skip
    data = written(content.cast(views), use_dictionary=False)
    ended = load(bucket.put_bytes(f"dataset={dataset}/a", data), max_rejected_percent=50)
    assert (ended.counts.loaded, ended.counts.rejected) == (2, 1)
    [row] = bucket.rows(f"rejected/dataset={dataset}/a") or []
    assert row["reason"] == "empty_text"


def test_measurements_in_local_time_are_appended(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """They go straight into their table, so the time that they cover is read in their zone."""
    content = table(Dataset.MEASUREMENTS, time=LOCAL, value=[1.0, 2.0, 3.0])
    with caplog.at_level("INFO"):
        load(bucket.put_bytes("dataset=measurements/a", written(content)), zone="Europe/Stockholm")
    assert "rows_appended" in caplog.messages
    query = "SELECT min(time) FROM iot_data.timescale_measurements"
    assert migrated.value(query) == START - timedelta(hours=2)
