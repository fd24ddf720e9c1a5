"""The settings of loads, read together."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.features.parquet_loads.feature import (
    ASSUME_TIME_ZONE,
    ENDPOINT_URL,
    LOAD_SINK,
    MAX_REJECTED_PERCENT,
    TABLE_NAMES,
    TIMESTREAM_DATABASE_NAME,
    TIMESTREAM_ENDPOINT_URL,
    TIMESTREAM_MAX_BATCH_SIZE,
    TIMESTREAM_MAX_RETRIES,
)


@dataclass(frozen=True)
class TimestreamSettings:
    """Which tables, by dataset, and how they are written to.

    With *endpoint_url* that address is used as it is; without, Timestream is asked for one.
    """

    database_name: str
    table_names: Mapping[str, str]
    max_batch_size: int
    max_retries: int
    endpoint_url: str | None


@dataclass(frozen=True)
class LoadSettings:
    """Where rows go: to Timestream where *timestream* is given, else to TimescaleDB.

    Times without a zone are in *assume_time_zone*, if given.
    """

    max_rejected_percent: int
    timestream: TimestreamSettings | None
    assume_time_zone: str | None = None


def loads_from_environment(environ: Mapping[str, str] = os.environ) -> LoadSettings:
    """All settings of loads.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    is_timestream = LOAD_SINK.value(environ) == "timestream"
    return LoadSettings(
        max_rejected_percent=MAX_REJECTED_PERCENT.value(environ),
        timestream=_timestream(environ) if is_timestream else None,
        assume_time_zone=ASSUME_TIME_ZONE.value_if_set(environ),
    )


def _timestream(environ: Mapping[str, str]) -> TimestreamSettings:
    return TimestreamSettings(
        database_name=TIMESTREAM_DATABASE_NAME.value(environ),
        table_names={dataset: name.value(environ) for dataset, name in TABLE_NAMES.items()},
        max_batch_size=TIMESTREAM_MAX_BATCH_SIZE.value(environ),
        max_retries=TIMESTREAM_MAX_RETRIES.value(environ),
        # The SDK's own variables. The SDK would not write there, but ask for another address.
        endpoint_url=TIMESTREAM_ENDPOINT_URL.value_if_set(environ)
        or ENDPOINT_URL.value_if_set(environ),
    )
