"""Loaded measurements are announced, and the sync follows the announcement."""

from typing import Any

import pytest

from app import load_parquet, sync_after_load
from chalicelib.features.device_parameters.invocations import MEASUREMENTS_LOADED
from tests.aws import Aws
from tests.features.parquet_loads.bucket import Bucket
from tests.features.parquet_loads.conftest import LoadRunner
from tests.features.parquet_loads.drop import START
from tests.fleet import Fleet
from tests.outbox.listener import Listener
from tests.sandbox import Sandbox

BUS = "loads"
KEY = "dataset=measurements/day=1/m.parquet"
ROWS = [(0, "boiler", 1.5), (1, "boiler", 2.5)]


@pytest.fixture
def listener(moto: Aws) -> Listener:
    return Listener(moto, BUS)


def test_a_load_of_measurements_is_announced(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket, listener: Listener
) -> None:
    ended = load(bucket.put(KEY, ROWS), bus=BUS)
    [event] = listener.events()
    assert [event["source"]] == MEASUREMENTS_LOADED["source"]
    assert [event["detail-type"]] == MEASUREMENTS_LOADED["detail-type"]
    assert event["detail"]["load_id"] == ended.load_id
    assert event["detail"]["rows"]["added"] == 2
    load(f"s3://readings/{KEY}", bus=BUS)
    assert listener.events() == [], "once"


@pytest.mark.parametrize(
    ("key", "rows"),
    [("dataset=generation/g.parquet", ROWS), (KEY, []), (KEY, [(0, "", 1.0)])],
    ids=["energy", "no rows", "nothing good"],
)
def test_a_load_that_changes_no_measurement_is_not_announced(
    migrated: Sandbox,
    load: LoadRunner,
    bucket: Bucket,
    listener: Listener,
    key: str,
    rows: list[Any],
) -> None:
    load(bucket.put(key, rows), bus=BUS)
    assert listener.events() == []


def test_without_a_bus_nothing_is_queued(
    migrated: Sandbox, load: LoadRunner, bucket: Bucket
) -> None:
    load(bucket.put(KEY, ROWS))
    assert migrated.value("SELECT count(*) FROM iot_data.outbox_events") == 0


def test_the_sync_sees_what_was_loaded(
    migrated: Sandbox,
    bucket: Bucket,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """From the object in the bucket to the pair in the table, by events alone."""
    fleet = Fleet(migrated)
    fleet.add_device("boiler")
    fleet.add_parameter("temperature")
    window = int((migrated.now() - START).total_seconds() // 60) + 60
    monkeypatch.setenv("CHECK_INTERVAL_MINUTES", str(min(window, 527_040)))
    monkeypatch.setenv("CHANGE_EVENT_BUS", BUS)
    hours_ago = int((migrated.now() - START).total_seconds() // 3600) - 1
    bucket.put(KEY, [(hours_ago, "boiler", 1.0)])
    load_parquet({"bucket": "readings", "key": KEY}, None)
    [event] = listener.events()
    # Moto leaves out what Chalice wants to see.
    sync_after_load({"account": "", "region": "", "resources": [], **event}, None)
    assert fleet.keys() == [("boiler", "temperature")]
