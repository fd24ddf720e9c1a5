"""The settings of loads, read from the environment and checked like every other setting."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.settings import between, one_of, read

SINKS = ("timescale", "timestream")
# WriteRecords accepts no more records in one request.
MAX_RECORDS_PER_REQUEST = 100
_NAME = re.compile(r"[A-Za-z0-9_.-]{3,256}")


@dataclass(frozen=True)
class TimestreamSettings:
    """The table of each dataset, and how it is written to.

    Where there is an *endpoint_url*, it is used as it is. Otherwise Timestream is asked for one.
    """

    database_name: str
    table_names: Mapping[str, str]
    max_batch_size: int
    max_retries: int
    endpoint_url: str | None


@dataclass(frozen=True)
class LoadSettings:
    """The limits of a load. Rows go to Timestream if *timestream* is given, else to TimescaleDB."""

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
        max_batch_size=_max_batch_size(environ),
        max_retries=_max_retries(environ),
        endpoint_url=_endpoint_url(environ),
    )


# MAX_BATCH_SIZE and MAX_RETRIES are the names in the requirement. They do not say that they are
# about Timestream, so each has a name that does, and the old one counts where the new is not set.


def _max_batch_size(environ: Mapping[str, str]) -> int:
    parse = between(1, MAX_RECORDS_PER_REQUEST)
    if environ.get("TIMESTREAM_MAX_BATCH_SIZE"):
        return read(environ, "TIMESTREAM_MAX_BATCH_SIZE", parse)
    return read(environ, "MAX_BATCH_SIZE", parse, "100")


def _max_retries(environ: Mapping[str, str]) -> int:
    parse = between(0, 20)
    if environ.get("TIMESTREAM_MAX_RETRIES"):
        return read(environ, "TIMESTREAM_MAX_RETRIES", parse)
    return read(environ, "MAX_RETRIES", parse, "3")


def _endpoint_url(environ: Mapping[str, str]) -> str | None:
    """The address in the SDK's own variables.

    The SDK would not write to it, but ask it for another address to write to.
    """
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
