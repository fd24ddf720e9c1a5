"""Which addresses are called: Timestream names its own, unless one is configured."""

import json
from pathlib import Path

import boto3
import pytest

from chalicelib.database import Deadline
from chalicelib.features.parquet_loads.settings import loads_from_environment
from chalicelib.features.parquet_loads.timestream.errors import TimestreamUnavailableError
from chalicelib.features.parquet_loads.timestream.writer import TimestreamWriter, WriteResult
from tests.features.parquet_loads.test_settings import TIMESTREAM
from tests.features.parquet_loads.timestream.conftest import settings_for
from tests.features.parquet_loads.timestream.energy import hours
from tests.features.parquet_loads.timestream.stub import WRONG_ENDPOINT, TimestreamStub


@pytest.fixture
def regional(
    timestream: TimestreamStub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TimestreamStub:
    """The SDK believes the stub to be the region's endpoint, and asks it where to write."""
    rules = {
        "version": "1.0",
        "parameters": {
            "Region": {"builtIn": "AWS::Region", "type": "String"},
            "UseDualStack": {"builtIn": "AWS::UseDualStack", "type": "Boolean"},
            "UseFIPS": {"builtIn": "AWS::UseFIPS", "type": "Boolean"},
            "Endpoint": {"builtIn": "SDK::Endpoint", "type": "String"},
        },
        "rules": [{"type": "endpoint", "conditions": [], "endpoint": {"url": timestream.url}}],
    }
    folder = tmp_path / "timestream-write" / "2018-11-01"
    folder.mkdir(parents=True)
    (folder / "endpoint-rule-set-1.json").write_text(json.dumps(rules), "utf-8")
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    return timestream


def load(endpoint_url: str | None, rows: int) -> WriteResult:
    settings = settings_for(endpoint_url)
    deadline = Deadline.after(60)
    with TimestreamWriter(settings, "generation", 1, deadline, backoff_seconds=0.001) as sink:
        sink.write(hours(rows))
        return sink.close()


def test_timestream_is_asked_once_a_load_where_to_write(regional: TimestreamStub) -> None:
    assert load(None, 2000).written == 2000
    assert (regional.describe_count, len(regional.requests)) == (1, 20)


def test_a_configured_endpoint_is_taken_as_it_is(timestream: TimestreamStub) -> None:
    assert load(timestream.url, 200).written == 200
    assert timestream.describe_count == 0


def test_the_variable_for_all_of_aws_keeps_writes_from_the_real_service(
    timestream: TimestreamStub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By itself, the SDK would ask there for an address, and write to that one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", timestream.url)
    settings = loads_from_environment({**TIMESTREAM, "AWS_ENDPOINT_URL": timestream.url})
    assert settings.timestream is not None
    assert load(settings.timestream.endpoint_url, 1).written == 1
    assert timestream.describe_count == 0


def test_after_a_wrong_endpoint_another_is_asked_for(regional: TimestreamStub) -> None:
    regional.will(WRONG_ENDPOINT)
    assert load(None, 1).written == 1
    assert (regional.describe_count, len(regional.requests)) == (2, 2)


def test_a_wrong_endpoint_is_not_asked_for_ever(regional: TimestreamStub) -> None:
    regional.will(*[WRONG_ENDPOINT] * 100)
    with pytest.raises(TimestreamUnavailableError, match="InvalidEndpointException"):
        load(None, 1)
    assert len(regional.requests) == 4
