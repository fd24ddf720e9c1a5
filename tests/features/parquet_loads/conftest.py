"""Loads to run; a Timestream that does what a test says, and a sink that writes to it."""

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.ledger import Load
from chalicelib.features.parquet_loads.load import Loading
from chalicelib.features.parquet_loads.load import load as run_load
from chalicelib.features.parquet_loads.settings import LoadSettings, TimestreamSettings
from chalicelib.features.parquet_loads.sources import location_of
from chalicelib.features.parquet_loads.timestream import TimestreamSink
from tests.aws import Aws, moto_server
from tests.features.parquet_loads.bucket import Bucket
from tests.features.parquet_loads.timestream_stub import TimestreamStub
from tests.sandbox import Sandbox

TABLES = {name: name for name in ("generation", "consumption", "transmission")}
OpenSink = Callable[..., TimestreamSink]


class LoadRunner(Protocol):
    """The `load` fixture: loads what a path or an `s3://` address names."""

    def __call__(
        self,
        source: str,
        *,
        max_rejected_percent: int = 10,
        timestream: TimestreamSettings | None = None,
        bus: str | None = None,
        seconds: float = 60,
    ) -> Load: ...


@pytest.fixture
def load(migrated: Sandbox, engine: Engine) -> LoadRunner:
    """Runs a load and returns it as it ended."""

    def run(
        source: str,
        *,
        max_rejected_percent: int = 10,
        timestream: TimestreamSettings | None = None,
        bus: str | None = None,
        seconds: float = 60,
    ) -> Load:
        configured = LoadSettings(max_rejected_percent, timestream)
        context = Loading(engine, configured, bus, Deadline.after(seconds))
        return run_load(context, location_of(source))

    return run


@pytest.fixture
def moto(environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Moto's server in place of AWS, empty."""
    with moto_server() as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        yield aws


@pytest.fixture
def bucket(moto: Aws) -> Bucket:
    """A bucket without versions, empty."""
    return Bucket(moto)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials that lead nowhere."""
    use_no_account(monkeypatch)


def use_no_account(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    patch.setenv("AWS_ACCESS_KEY_ID", "testing")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.fixture(scope="module")
def aws_for_all() -> Iterator[None]:
    """The same, for many examples of one test."""
    with pytest.MonkeyPatch.context() as patch:
        use_no_account(patch)
        yield


@pytest.fixture
def timestream(aws: None) -> Iterator[TimestreamStub]:
    with TimestreamStub() as stub:
        yield stub


def settings_for(
    endpoint_url: str | None, max_batch_size: int = 100, max_retries: int = 3
) -> TimestreamSettings:
    return TimestreamSettings("energy", TABLES, max_batch_size, max_retries, endpoint_url)


@pytest.fixture
def open_sink(timestream: TimestreamStub) -> OpenSink:
    """A sink for the stub; its retries come quickly."""

    def open_with(
        dataset: str = "generation",
        *,
        version: int = 1,
        seconds: float = 60,
        in_flight: int = 8,
        backoff_seconds: float = 0.001,
        max_batch_size: int = 100,
        max_retries: int = 3,
    ) -> TimestreamSink:
        return TimestreamSink(
            settings_for(timestream.url, max_batch_size, max_retries),
            dataset,
            version,
            Deadline.after(seconds),
            in_flight=in_flight,
            backoff_seconds=backoff_seconds,
        )

    return open_with
