"""What the environment decides about loads, read and checked like every other setting."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.settings import between, one_of, read

SINKS = ("timescale", "timestream")
# What WriteRecords takes in one request.
MAX_BATCH_SIZE = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,256}")


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
    """Where rows go: to Timestream where *timestream* is given, else to TimescaleDB."""

    max_rejected_percent: int
    timestream: TimestreamSettings | None


def loads_from_environment(environ: Mapping[str, str] = os.environ) -> LoadSettings:
    """All settings of loads.

    Raises `InvalidSettingError` naming the first variable that is missing or malformed.
    """
    sink = read(environ, "LOAD_SINK", one_of(SINKS), "timescale")
    return LoadSettings(
        max_rejected_percent=read(environ, "MAX_REJECTED_PERCENT", between(0, 100), "10"),
        timestream=_timestream(environ) if sink == "timestream" else None,
    )


def _timestream(environ: Mapping[str, str]) -> TimestreamSettings:
    return TimestreamSettings(
        database_name=read(environ, "TIMESTREAM_DATABASE_NAME", _name),
        table_names={
            "generation": read(environ, "GENERATION_TABLE_NAME", _name),
            "consumption": read(environ, "CONSUMPTION_TABLE_NAME", _name),
            "transmission": read(environ, "TRANSMISSION_TABLE_NAME", _name),
        },
        max_batch_size=read(environ, "MAX_BATCH_SIZE", between(1, MAX_BATCH_SIZE), "100"),
        max_retries=read(environ, "MAX_RETRIES", between(0, 20), "3"),
        endpoint_url=_endpoint_url(environ),
    )


def _endpoint_url(environ: Mapping[str, str]) -> str | None:
    """The SDK's own variables; left to itself it would ask there for yet another address."""
    if environ.get("AWS_ENDPOINT_URL_TIMESTREAM_WRITE"):
        return read(environ, "AWS_ENDPOINT_URL_TIMESTREAM_WRITE", _url)
    if environ.get("AWS_ENDPOINT_URL"):
        return read(environ, "AWS_ENDPOINT_URL", _url)
    return None


def _name(raw: str) -> str:
    if not _NAME.fullmatch(raw):
        raise ValueError(f"must be 3 to 256 of A-Z a-z 0-9 _ . -, not {raw[:40]!r}")
    return raw


def _url(raw: str) -> str:
    if not raw.startswith(("https://", "http://")):
        raise ValueError(f"must be an http or https URL, not {raw[:80]!r}")
    return raw
