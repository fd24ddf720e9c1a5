"""A Timestream that does what a test says, and a writer to it."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.settings import TimestreamSettings
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter
from tests.features.parquet_loads.timestream.stub import TimestreamStub

TABLES = {name: name for name in ("generation", "consumption", "transmission")}
OpenWriter = Callable[..., TimestreamWriter]


@pytest.fixture
def timestream(aws: None) -> Iterator[TimestreamStub]:
    with TimestreamStub() as stub:
        yield stub


def settings_for(
    endpoint_url: str | None, max_batch_size: int = 100, max_retries: int = 3
) -> TimestreamSettings:
    return TimestreamSettings("energy", TABLES, max_batch_size, max_retries, endpoint_url)


@pytest.fixture
def open_writer(timestream: TimestreamStub) -> OpenWriter:
    """Opens a writer to the stub, whose retries come quickly."""

    def open_with(
        dataset: str = "generation",
        *,
        version: int = 1,
        seconds: float = 60,
        in_flight: int = 8,
        backoff_seconds: float = 0.001,
        max_batch_size: int = 100,
        max_retries: int = 3,
    ) -> TimestreamWriter:
        return TimestreamWriter(
            settings_for(timestream.url, max_batch_size, max_retries),
            dataset,
            version,
            Deadline.after(seconds),
            in_flight=in_flight,
            backoff_seconds=backoff_seconds,
        )

    return open_with
