"""The writer against moto's Timestream, configured as an operator would, over HTTP."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from moto.timestreamwrite.models import timestreamwrite_backends

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.features.parquet_loads.timestream.errors import TimestreamRefusedError
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter, WriteResult
from tests.features.parquet_loads.test_settings import TIMESTREAM
from tests.features.parquet_loads.timestream.energy import hours

# Moto's own.
ACCOUNT = "123456789012"
REGION = "eu-central-1"


@pytest.fixture
def moto(aws: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {**TIMESTREAM, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}.items():
        monkeypatch.setenv(name, value)
    try:
        yield f"http://{host}:{port}"
    finally:
        timestreamwrite_backends[ACCOUNT][REGION].reset()
        server.stop()


@pytest.fixture
def tables(moto: str) -> None:
    client = boto3.client("timestream-write", endpoint_url=moto)
    client.create_database(DatabaseName="energy")
    client.create_table(DatabaseName="energy", TableName="generated")
    client.close()


def load(rows: Any) -> WriteResult:
    settings = loads_from_environment(os.environ).timestream
    assert settings is not None
    with TimestreamWriter(settings, "generation", 1, Deadline.after(60)) as sink:
        sink.write(rows)
        return sink.close()


def test_all_rows_arrive(tables: None) -> None:
    assert load(hours(1234)) == WriteResult(written=1234, batches=13)
    backend = timestreamwrite_backends[ACCOUNT][REGION]
    records = backend.databases["energy"].tables["generated"].records
    expected = {(str(1_704_067_200_000 + 3_600_000 * hour), str(hour)) for hour in range(1234)}
    assert {(record["Time"], record["MeasureValue"]) for record in records} == expected
    assert len(records) == 1234


def test_a_missing_database_is_a_refusal(moto: str) -> None:
    with pytest.raises(TimestreamRefusedError, match="The database energy does not exist"):
        load(hours(1000))
