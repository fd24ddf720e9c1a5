"""Times without a zone, INT96 among them, are loaded where a setting says which zone is theirs."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.errors import FileUnsupportedError, SchemaMismatchError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows.schema import require_columns
from chalicelib.features.parquet_loads.rows.validation import Validator
from tests.features.parquet_loads.files import table, written

STOCKHOLM = "Europe/Stockholm"
AS_SPARK: dict[str, Any] = {"use_deprecated_int96_timestamps": True, "store_schema": False}

EARLIEST, LATEST = datetime.fromisoformat("1970-01-03"), datetime.fromisoformat("2200-01-01")

# Hours around the changes of clocks in both halves of the world.
changes = st.builds(
    lambda day, minutes: datetime.fromisoformat(day) + timedelta(minutes=minutes),
    st.sampled_from(
        ["2024-03-31", "2024-10-27", "2024-04-07", "2024-10-06", "2037-10-25", "2050-03-27"]
    ),
    st.integers(-60, 300),
)


def judge(times: Any, zone: str | None, **options: Any) -> tuple[dict[int, Any], dict[int, str]]:
    """The instants and the reasons, by row number."""
    good: dict[int, Any] = {}
    reasons: dict[int, str] = {}
    validator = Validator(Dataset.GENERATION, zone=zone)
    with open_parquet(BytesIO(written(table(timestamp=times), **options))) as source:
        require_columns(Dataset.GENERATION, source.schema, zone)
        for first_row, batch in source.batches():
            checked = validator.check(batch, first_row)
            good |= {row["row_number"]: row["time"] for row in checked.good.to_pylist()}
            rejected = checked.rejected.select(["row_number", "reason"]).to_pylist()
            reasons |= {row["row_number"]: row["reason"] for row in rejected}
    return good, reasons


def stamps(*times: str | None, unit: str = "us") -> pa.Array:
    parsed = [None if time is None else datetime.fromisoformat(time) for time in times]
    return pa.array(parsed, pa.timestamp(unit))


def test_without_the_setting_they_are_refused_with_the_remedy() -> None:
    for options in ({}, AS_SPARK):
        with pytest.raises(SchemaMismatchError, match="ASSUME_TIME_ZONE can say in which zone"):
            judge(stamps("2024-01-01"), None, **options)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_in_the_zone_of_the_setting_they_are_instants(unit: str) -> None:
    times = stamps("2024-01-01T12:00:00", None, "2024-07-01T12:00:00", unit=unit)
    good, reasons = judge(times, STOCKHOLM)
    assert good == {
        0: datetime(2024, 1, 1, 11, tzinfo=UTC),
        2: datetime(2024, 7, 1, 10, tzinfo=UTC),
    }
    assert reasons == {1: "missing"}


def test_a_zone_of_the_file_counts_more_than_the_setting() -> None:
    zoned = pa.array([0], pa.timestamp("us", "UTC"))
    assert judge(zoned, STOCKHOLM)[0] == {0: datetime(1970, 1, 1, tzinfo=UTC)}
    text = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:00", "2024-01-01 01:00+01:00", "x"]
    good, reasons = judge(text, STOCKHOLM)
    midnight = datetime(2024, 1, 1, tzinfo=UTC)
    assert good == {0: midnight, 1: midnight - timedelta(hours=1), 2: midnight}
    assert reasons == {3: "time_malformed"}


@pytest.mark.parametrize("as_text", [False, True])
def test_a_time_that_clocks_show_twice_or_never_is_refused(as_text: bool) -> None:
    shown = ["2024-10-27T02:30:00", "2024-03-31T02:30:00", "2024-10-27T03:00:00", "1970-01-01"]
    text = [f"{time}T00:00:00" if len(time) == 10 else time for time in shown]
    good, reasons = judge(text if as_text else stamps(*shown), STOCKHOLM)
    assert good == {2: datetime(2024, 10, 27, 2, tzinfo=UTC)}
    assert reasons == {0: "time_ambiguous", 1: "time_ambiguous", 3: "time_out_of_range"}


@settings(deadline=None)
@given(
    st.lists(st.datetimes(EARLIEST, LATEST) | changes, min_size=1),
    st.sampled_from([STOCKHOLM, "UTC", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_every_time_is_the_instant_that_python_says(times: list[datetime], zone: str) -> None:
    good, reasons = judge(pa.array(times, pa.timestamp("us")), zone)
    for number, time in enumerate(times):
        first, second = (time.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
        if first.utcoffset() == second.utcoffset():
            assert good[number] == first.astimezone(UTC)
        else:
            assert reasons[number] == "time_ambiguous"


def test_a_time_that_no_calendar_of_ours_has_is_a_bad_row() -> None:
    text = [
        "0000-02-29T00:00:00",
        "9999-12-31T23:59:59",
        "2050-07-01T00:00:00",
        "2262-04-12T00:00:00",
    ]
    good, reasons = judge(text, STOCKHOLM)
    assert good == {2: datetime(2050, 6, 30, 22, tzinfo=UTC)}
    assert reasons == dict.fromkeys((0, 1, 3), "time_out_of_range")
    far = pa.array([-(2**63) + 1, 2**63 - 1], pa.timestamp("us"))
    assert judge(far, STOCKHOLM) == ({}, dict.fromkeys((0, 1), "time_out_of_range"))


def test_int96_is_loaded_to_the_microsecond() -> None:
    good, _ = judge(stamps("2024-01-01T12:00:00.123456"), "UTC", **AS_SPARK)
    assert good == {0: datetime(2024, 1, 1, 12, 0, 0, 123_456, tzinfo=UTC)}
    finer = pa.array([1_704_067_200_000_000_001], pa.timestamp("ns"))
    assert judge(finer, "UTC", **AS_SPARK) == ({}, {0: "time_too_precise"})


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59", "0001-01-01", "2262-04-12", "1677-09-01"])
def test_int96_that_would_wrap_round_is_refused_with_the_remedy(time: str) -> None:
    """Arrow would make 1816 of 9999, without a word."""
    times = stamps("2024-01-01", time, "2024-01-02")
    with pytest.raises(FileUnsupportedError, match=r"^timestamp holds .*TIMESTAMP_MICROS"):
        judge(times, "UTC", row_group_size=1, **AS_SPARK)


def test_int96_of_a_single_column_is_checked_as_well() -> None:
    data = written(table(timestamp=stamps("9999-01-01")), **AS_SPARK)
    with open_parquet(BytesIO(data)) as source, pytest.raises(FileUnsupportedError):
        list(source.column("timestamp"))


def test_int96_in_many_pages_and_groups_reads_the_same() -> None:
    rows = 20_000
    times = pa.array([n * 10**6 for n in range(rows)], pa.timestamp("us"))
    options = {"row_group_size": 7_000, "data_page_size": 1_000, "use_dictionary": False}
    good, reasons = judge(times, "UTC", **options, **AS_SPARK)
    assert reasons == {}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert good == {n: epoch + timedelta(seconds=n) for n in range(rows)}
    assert pq.read_metadata(BytesIO(written(table(timestamp=times), **options))).num_row_groups == 3
