"""Settings of loads: each mistake is one sentence that names the variable."""

import pytest

from chalicelib.errors import InvalidSettingError
from chalicelib.features.parquet_loads.settings import (
    LoadSettings,
    TimestreamSettings,
    loads_from_environment,
)

TIMESTREAM = {
    "LOAD_SINK": "timestream",
    "TIMESTREAM_DATABASE_NAME": "energy",
    "GENERATION_TABLE_NAME": "generated",
    "CONSUMPTION_TABLE_NAME": "consumed",
    "TRANSMISSION_TABLE_NAME": "transmitted",
}
TABLES = {"generation": "generated", "consumption": "consumed", "transmission": "transmitted"}


def timestream(**changes: str) -> TimestreamSettings:
    settings = loads_from_environment({**TIMESTREAM, **changes}).timestream
    assert settings is not None
    return settings


def test_rows_go_to_timescale_unless_it_is_said_otherwise() -> None:
    assert loads_from_environment({}) == LoadSettings(max_rejected_percent=10, timestream=None)
    without_sink = {**TIMESTREAM, "LOAD_SINK": "timescale", "MAX_BATCH_SIZE": "nonsense"}
    assert loads_from_environment(without_sink).timestream is None


def test_times_without_a_zone_are_in_the_one_that_is_set() -> None:
    assert loads_from_environment({"ASSUME_TIME_ZONE": ""}).assume_time_zone is None
    for zone in ("UTC", "Europe/Stockholm", "Etc/GMT-3"):
        assert loads_from_environment({"ASSUME_TIME_ZONE": zone}).assume_time_zone == zone


def test_what_is_not_set_has_its_documented_default() -> None:
    assert timestream() == TimestreamSettings("energy", TABLES, 100, 3, None)


def test_numbers_are_read_into_the_field_they_are_named_after() -> None:
    settings = timestream(TIMESTREAM_MAX_BATCH_SIZE="1", TIMESTREAM_MAX_RETRIES="0")
    assert (settings.max_batch_size, settings.max_retries) == (1, 0)
    assert loads_from_environment({"MAX_REJECTED_PERCENT": "0"}).max_rejected_percent == 0


def test_the_older_names_count_where_the_new_ones_are_not_set() -> None:
    older = {"MAX_BATCH_SIZE": "1", "MAX_RETRIES": "0"}
    settings = timestream(**older, TIMESTREAM_MAX_BATCH_SIZE="", TIMESTREAM_MAX_RETRIES="")
    assert (settings.max_batch_size, settings.max_retries) == (1, 0)
    settings = timestream(**older, TIMESTREAM_MAX_BATCH_SIZE="2", TIMESTREAM_MAX_RETRIES="4")
    assert (settings.max_batch_size, settings.max_retries) == (2, 4)


@pytest.mark.parametrize("variable", [name for name in TIMESTREAM if name != "LOAD_SINK"])
def test_a_missing_variable_is_named(variable: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        loads_from_environment({**TIMESTREAM, variable: ""})
    assert caught.value.message == f"{variable} is not set"


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"LOAD_SINK": "Timestream"}, "LOAD_SINK must be one of timescale, timestream, not"),
        ({"MAX_BATCH_SIZE": "101"}, "MAX_BATCH_SIZE must be a whole number from 1 to 100, not"),
        ({"MAX_BATCH_SIZE": "0"}, "MAX_BATCH_SIZE must be a whole number from 1 to 100, not"),
        ({"MAX_RETRIES": "-1"}, "MAX_RETRIES must be a whole number from 0 to 20, not"),
        ({"TIMESTREAM_MAX_BATCH_SIZE": "0"}, "TIMESTREAM_MAX_BATCH_SIZE must be a whole number"),
        ({"TIMESTREAM_MAX_RETRIES": "21"}, "TIMESTREAM_MAX_RETRIES must be a whole number from 0"),
        (
            {"ASSUME_TIME_ZONE": "CEST"},
            "ASSUME_TIME_ZONE must be an IANA time zone, such as UTC or",
        ),
        (
            {"ASSUME_TIME_ZONE": "Europe"},
            "ASSUME_TIME_ZONE must be an IANA time zone, such as UTC or",
        ),
        (
            {"ASSUME_TIME_ZONE": "../x"},
            "ASSUME_TIME_ZONE must be an IANA time zone, such as UTC or",
        ),
        ({"MAX_REJECTED_PERCENT": "101"}, "MAX_REJECTED_PERCENT must be a whole number from 0 to"),
        ({"GENERATION_TABLE_NAME": "a b"}, "GENERATION_TABLE_NAME must be 3 to 256 of A-Z a-z"),
        ({"TIMESTREAM_DATABASE_NAME": "ab"}, "TIMESTREAM_DATABASE_NAME must be 3 to 256 of"),
        ({"AWS_ENDPOINT_URL": "localhost:5000"}, "AWS_ENDPOINT_URL must be an http or https URL"),
    ],
)
def test_a_malformed_variable_is_named(environ: dict[str, str], sentence: str) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        loads_from_environment({**TIMESTREAM, **environ})
    assert caught.value.message.startswith(sentence)


def test_the_endpoint_is_that_of_the_service_before_that_of_all() -> None:
    every, ours = "https://aws.example", "https://vpce-1.example"
    assert timestream(AWS_ENDPOINT_URL=every).endpoint_url == every
    both = timestream(AWS_ENDPOINT_URL=every, AWS_ENDPOINT_URL_TIMESTREAM_WRITE=ours)
    assert both.endpoint_url == ours
