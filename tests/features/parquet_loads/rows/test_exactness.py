"""Every value is taken exactly as it is, or its row is refused for the right reason."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.rows.model import Reason
from tests.features.parquet_loads.files import load_column
from tests.features.parquet_loads.rows import reference

TEXT_TYPES = (
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.int32(), pa.large_string()),
)
TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
LATEST_SECOND = 9_223_372_036

texts = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.sampled_from(["", " ", "\t\n", "\u00a0", "a\0b", "good", "Good", "x" * 512, "ü" * 256]),
    st.sampled_from(["x" * 513, "ü" * 257, "estimated", "bad ", "\ufffd", "\U0001f600" * 128]),
)
floats = st.one_of(st.none(), st.floats(), st.floats(width=32))
integers = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(2**53 - 2, 2**53 + 2))
separators, seconds = st.sampled_from("T Tt"), st.sampled_from(["", ":00", ":59", ":60", ":7"])
fractions = st.one_of(
    st.just(""), st.from_regex(r"\.[0-9]{1,10}", fullmatch=True), st.just(".123456000")
)
zones = st.sampled_from(
    ["Z", "Z", "", "z", "+00", "-00:00", "+05:30", "+0530", "-15:59", "+16:00", "+14:60", " Z"]
)
dates = st.one_of(
    st.dates().map(str),
    st.sampled_from(["1900-02-29", "2000-02-29", "2023-02-29", "2024-02-29", "2024-04-31"]),
    st.sampled_from(["1970-01-01", "1969-12-31", "2262-04-11", "2262-04-12", "0000-02-29"]),
    st.sampled_from(
        ["2024-13-01", "2024-1-01", "24-01-01", "2024-00-10", "2024-01-00", "٢٠٢٤-01-01"]
    ),
)
clocks = st.one_of(
    st.times().map(lambda t: f"{t:%H:%M}"), st.sampled_from(["24:00", "23:60", "00"])
)
instants = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.tuples(dates, separators, clocks, seconds, fractions, zones).map("".join),
)
documents = st.one_of(
    st.none(),
    st.text(max_size=8),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=4)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=6,
    ).map(json.dumps),
    st.sampled_from(['"\\u0000"', '"\\\\u0000"', '"\\\\\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"']),
    st.sampled_from(
        ["NaN", "[Infinity]", "1e400", "[" * 9000, '{"a":1,}', "", " 1 ", '"' + "x" * 9000 + '"']
    ),
)


def agrees(
    column: str,
    array: pa.Array,
    rule: Callable[[Any], Any],
    values: Sequence[Any],
    dataset: Dataset = Dataset.GENERATION,
) -> None:
    """Compare the outcome of the file with the rule, row by row."""
    name = "time" if column == "timestamp" else column
    verdicts = [rule(value) for value in values]
    outcome = load_column(column, array, dataset, row_group_size=5)
    taken = {row["row_number"]: row[name] for row in outcome.good}
    is_bad = [isinstance(verdict, Reason) for verdict in verdicts]
    assert outcome.reasons == {n: verdicts[n] for n, bad in enumerate(is_bad) if bad}
    expected = {n: verdicts[n] for n, bad in enumerate(is_bad) if not bad}
    assert taken == expected
    assert [str(value) for value in taken.values()] == [str(value) for value in expected.values()]


@given(st.lists(texts, min_size=1, max_size=20), st.sampled_from(TEXT_TYPES))
def test_text(values: list[str | None], data_type: pa.DataType) -> None:
    agrees("region", pa.array(values, data_type), reference.text, values)


@given(st.lists(texts, min_size=1, max_size=20), st.sampled_from(TEXT_TYPES))
def test_quality_flags(values: list[str | None], data_type: pa.DataType) -> None:
    agrees("quality_flag", pa.array(values, data_type), reference.flag, values)


@given(st.lists(instants, min_size=1, max_size=20), st.sampled_from(TEXT_TYPES))
def test_instants_as_text(values: list[str | None], data_type: pa.DataType) -> None:
    agrees("timestamp", pa.array(values, data_type), reference.instant, values)


@given(
    st.data(),
    st.sampled_from(sorted(TICKS)),
    st.sampled_from(["UTC", "Europe/Stockholm", "+05:30"]),
)
def test_instants_as_timestamps(data: st.DataObject, unit: str, zone: str) -> None:
    per_second = TICKS[unit]
    edges = [0, LATEST_SECOND * per_second, 2**63 - 1, 1_704_067_200 * per_second]
    near = st.builds(
        lambda edge, off: min(edge + off, 2**63 - 1), st.sampled_from(edges), st.integers(-3, 3)
    )
    anything = st.integers(-(2**63) + 1, 2**63 - 1)
    if unit == "s":
        # The writer has no seconds: it makes milliseconds of them.
        anything = st.integers(-(10**12), 10**12)
        near = near.map(lambda value: min(value, 10**12))
    values = data.draw(st.lists(st.none() | near | anything, min_size=1, max_size=20))
    array = pa.array(values, pa.timestamp(unit, zone))
    agrees("timestamp", array, lambda value: reference.ticks(value, per_second), values)


@given(st.lists(floats, min_size=1, max_size=20))
def test_doubles(values: list[float | None]) -> None:
    agrees("value", pa.array(values, pa.float64()), reference.number, values)


@given(st.lists(st.floats(width=32), min_size=1, max_size=9), st.sampled_from([16, 32]))
def test_shorter_floats(values: list[float], width: int) -> None:
    array = pa.array(values, pa.float64()).cast(
        pa.float16() if width == 16 else pa.float32(), safe=False
    )
    agrees("value", array, reference.number, [float(v.as_py()) for v in array])


@given(st.lists(st.none() | integers, min_size=1, max_size=20))
def test_long_integers(values: list[int | None]) -> None:
    agrees("value", pa.array(values, pa.int64()), reference.number, values)


@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(2**53, 2**53 + 2), min_size=1))
def test_unsigned_integers(values: list[int]) -> None:
    agrees("value", pa.array(values, pa.uint64()), reference.number, values)


@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1), st.integers(0, 15))
def test_decimals_become_the_nearest_double(unscaled: list[int], scale: int) -> None:
    values = [Decimal(number).scaleb(-scale) for number in unscaled]
    agrees("value", pa.array(values, pa.decimal128(15, scale)), reference.number, values)


@given(
    st.lists(st.none() | st.integers(-(10**17), 10**17) | st.integers(-999, 999), min_size=1),
    st.sampled_from([0, 1, 6, 18, 20]),
    st.sampled_from([pa.decimal128, pa.decimal256]),
)
def test_of_long_decimals_those_with_up_to_fifteen_digits_are_taken(
    unscaled: list[int | None], scale: int, data_type: Callable[[int, int], pa.DataType]
) -> None:
    values = [None if number is None else Decimal(number).scaleb(-scale) for number in unscaled]
    array = pa.array(values, data_type(38, scale))
    agrees("value", array, reference.long_decimal, values)
    agrees("quality", array, reference.decimal_quality, values, Dataset.MEASUREMENTS)


@given(st.lists(st.none() | st.floats() | st.integers(-40_000, 40_000).map(float), min_size=1))
def test_quality_of_measurements_as_floats(values: list[float | None]) -> None:
    array = pa.array(values, pa.float64())
    agrees("quality", array, reference.quality, values, Dataset.MEASUREMENTS)


@pytest.mark.parametrize(
    "data_type", [pa.int8(), pa.int16(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64()]
)
def test_quality_of_measurements_as_integers(data_type: pa.DataType) -> None:
    bits, signed = data_type.bit_width, pa.types.is_signed_integer(data_type)
    lowest, highest = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    near = [None, 0, 1, -1, 2**15 - 1, 2**15, -(2**15), -(2**15) - 1, lowest, highest]
    values = [v for v in near if v is None or lowest <= v <= highest]
    agrees("quality", pa.array(values, data_type), reference.quality, values, Dataset.MEASUREMENTS)


@given(st.lists(documents, min_size=1, max_size=20), st.sampled_from(TEXT_TYPES))
def test_metadata(values: list[str | None], data_type: pa.DataType) -> None:
    agrees("metadata", pa.array(values, data_type), _document, values, Dataset.MEASUREMENTS)


def _document(value: str | None) -> Any:
    # An exponent that `numeric` has no room for is the one thing Python's parser lets pass.
    return Reason.MALFORMED_JSON if value == "1e99999" else reference.document(value)


def test_an_instant_keeps_its_microseconds_and_its_zone_is_utc() -> None:
    [row] = load_column("timestamp", ["2024-06-30T23:59:59.999999+02:00"]).good
    assert row["time"] == datetime.fromisoformat("2024-06-30T21:59:59.999999+00:00")
