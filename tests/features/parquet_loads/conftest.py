"""Loads to run, and a bucket to load from."""

from collections.abc import Iterator
from typing import Protocol

import pytest
from sqlalchemy import Engine

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.load import LoadContext
from chalicelib.features.parquet_loads.load import load as run_load
from chalicelib.features.parquet_loads.model import Load
from chalicelib.features.parquet_loads.settings import LoadSettings, TimestreamSettings
from chalicelib.features.parquet_loads.sources import location_of
from tests.aws import Aws, moto_server
from tests.features.parquet_loads.bucket import Bucket
from tests.sandbox import Sandbox


class LoadRunner(Protocol):
    """The `load` fixture: loads what a path or an `s3://` address names."""

    def __call__(
        self,
        source: str,
        *,
        max_rejected_percent: int = 10,
        timestream: TimestreamSettings | None = None,
        bus: str | None = None,
        zone: str | None = None,
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
        zone: str | None = None,
        seconds: float = 60,
    ) -> Load:
        configured = LoadSettings(max_rejected_percent, timestream, zone)
        context = LoadContext(engine, configured, bus, Deadline.after(seconds))
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
    """Credentials that lead nowhere, for many examples of one test."""
    with pytest.MonkeyPatch.context() as patch:
        use_no_account(patch)
        yield
