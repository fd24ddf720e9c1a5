"""Records are exactly those of the requirement, though what they share is sent once."""

import json
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.timestream.write_requests import (
    DIMENSIONS,
    RejectedRow,
    WriteRequest,
    plan,
)
from tests.features.parquet_loads.timestream.energy import SAMPLE, START, batch, hours

REQUIRED = """{
  "Time": "1704067200000",
  "TimeUnit": "MILLISECONDS",
  "Dimensions": [
    {"Name": "region", "Value": "SE"},
    {"Name": "dataset_type", "Value": "generation"},
    {"Name": "energy_source", "Value": "hydro"},
    {"Name": "measurement_type", "Value": "power"},
    {"Name": "quality_flag", "Value": "good"}
  ],
  "MeasureName": "value",
  "MeasureValue": "100.5",
  "MeasureValueType": "DOUBLE"
}"""
FIELDS = tuple(json.loads(REQUIRED))


def requests(rows: pa.RecordBatch, size: int = 100) -> list[WriteRequest]:
    return list(plan(rows, "generation").requests(version=7, size=size))


def merged(request: WriteRequest) -> list[dict[str, Any]]:
    """The records as the service puts them together, in the order of the requirement."""
    records = []
    for own in request.records:
        dimensions = request.common["Dimensions"] + own.get("Dimensions", [])
        dimensions.sort(key=lambda dimension: DIMENSIONS.index(dimension["Name"]))
        record = {**request.common, **own, "Dimensions": dimensions}
        assert record.pop("Version") == 7
        records.append({name: record.pop(name) for name in FIELDS})
        assert not record
    return records


def one(**row: Any) -> dict[str, Any]:
    (request,) = requests(batch([row]))
    (record,) = merged(request)
    return record


def written(rows: pa.RecordBatch, size: int = 100) -> dict[int, dict[str, Any]]:
    """The records by row."""
    found: dict[int, dict[str, Any]] = {}
    for request in requests(rows, size):
        found.update(zip(request.row_numbers, merged(request), strict=True))
    return found


def test_the_record_of_the_requirement_byte_for_byte() -> None:
    assert json.dumps(one()) == json.dumps(json.loads(REQUIRED))


def test_what_all_records_share_is_sent_once() -> None:
    (request,) = requests(hours(100))
    assert request.records[1] == {"Time": "1704070800000", "MeasureValue": "1"}
    assert [each["Name"] for each in request.common["Dimensions"]] == list(DIMENSIONS)


def test_the_rows_of_a_series_are_brought_together() -> None:
    regions = ["SE", "NO", "FI"]
    rows = [{"region": regions[n % 3], "time": START + timedelta(hours=n)} for n in range(300)]
    assert all(
        "Dimensions" not in record for each in requests(batch(rows)) for record in each.records
    )
    assert [record["Dimensions"][0]["Value"] for record in written(batch(rows)).values()] == (
        ["SE"] * 100 + ["NO"] * 100 + ["FI"] * 100
    )


def test_a_record_has_only_what_differs_from_row_to_row() -> None:
    (request,) = requests(batch([{"region": f"region {n}"} for n in range(100)]))
    assert [each["Name"] for each in request.common["Dimensions"]] == list(DIMENSIONS[1:])
    assert {len(record["Dimensions"]) for record in request.records} == {1}


def test_a_record_with_nothing_of_its_own_has_no_empty_list() -> None:
    (request,) = requests(batch([{"region": None}, {"region": "SE"}]))
    assert sorted("Dimensions" in record for record in request.records) == [False, True]


@pytest.mark.parametrize("name", ["region", "energy_source", "measurement_type", "quality_flag"])
@pytest.mark.parametrize("absent", [None, ""])
def test_an_absent_dimension_is_left_out(name: str, absent: str | None) -> None:
    names = [dimension["Name"] for dimension in one(**{name: absent})["Dimensions"]]
    assert names == [each for each in DIMENSIONS if each != name]


def test_the_unit_is_not_sent() -> None:
    assert "MW" not in json.dumps(one(unit="MW"))


@pytest.mark.parametrize("microseconds", [1, 999, 1001, 123_456])
def test_a_time_finer_than_a_millisecond_is_rejected_and_not_cut(microseconds: int) -> None:
    fine = START + timedelta(microseconds=microseconds)
    planned = plan(batch([{}, {"time": fine}, {}]), "generation")
    assert planned.rejected == [RejectedRow(1, "time_too_fine")]
    assert planned.row_numbers == [0, 2]


def test_dimensions_may_have_two_kilobytes_and_no_byte_more() -> None:
    names_and_dataset = len("".join(DIMENSIONS)) + len("generation")
    room = 2048 - names_and_dataset - len("hydropowergood")
    fits, too_long = "é" * (room // 2) + "e" * (room % 2), "é" * (room // 2) + "ee"
    planned = plan(batch([{"region": fits}, {"region": too_long}]), "generation")
    assert planned.row_numbers == [0]
    assert planned.rejected == [RejectedRow(1, "dimensions_too_long")]


@pytest.mark.parametrize(("rows", "sizes"), [(0, []), (1, [1]), (100, [100]), (101, [100, 1])])
def test_requests_are_as_few_as_possible(rows: int, sizes: list[int]) -> None:
    assert [len(request.records) for request in requests(hours(rows))] == sizes


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_is_sent_exactly_and_in_the_fewest_digits(value: float) -> None:
    text = one(value=value)["MeasureValue"]
    assert float(text).hex() == value.hex()
    assert digits(text) == digits(repr(value))


def digits(text: str) -> str:
    mantissa = text.partition("e")[0]
    return mantissa.replace(".", "").replace("-", "").strip("0")


TEXTS = st.sampled_from(["a", "b", "c", "å", "", None])
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "time": st.integers(0, 9).map(lambda n: START + timedelta(microseconds=500 * n)),
            "region": TEXTS,
            "energy_source": TEXTS,
            "measurement_type": TEXTS,
            "quality_flag": TEXTS,
            "value": st.floats(-10, 10),
        }
    ),
    max_size=40,
)


@given(ROWS, st.integers(1, 9))
def test_every_row_becomes_its_own_record_or_is_rejected(rows: list[Any], size: int) -> None:
    numbered = batch(rows)
    rejected = {row.row_number for row in plan(numbered, "generation").rejected}
    records = written(numbered, size)
    assert {number for number, row in enumerate(rows) if row["time"].microsecond % 1000} == rejected
    assert set(range(len(rows))) - rejected == set(records)
    for number, record in records.items():
        assert record == naive_record({**SAMPLE, **rows[number]})


def naive_record(row: dict[str, Any]) -> dict[str, Any]:
    values = {**row, "dataset_type": "generation"}
    return {
        "Time": str((row["time"] - START) // timedelta(milliseconds=1) + 1_704_067_200_000),
        "TimeUnit": "MILLISECONDS",
        "Dimensions": [
            {"Name": name, "Value": values[name]} for name in DIMENSIONS if values[name]
        ],
        "MeasureName": "value",
        "MeasureValue": pa.array([row["value"]]).cast(pa.string())[0].as_py(),
        "MeasureValueType": "DOUBLE",
    }
