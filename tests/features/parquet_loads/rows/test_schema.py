"""One error names every column that is wrong."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.errors import SchemaMismatchError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.rows.schema import require_columns
from tests.features.parquet_loads.files import load_table, table

STRUCT = pa.struct([("a", pa.int64())])
NO_TEXT = [
    pa.int32(),
    pa.float64(),
    pa.bool_(),
    pa.binary(4),
    pa.list_(pa.string()),
    pa.null(),
    STRUCT,
]
WRONG = {
    "timestamp": [pa.timestamp("us"), pa.date32(), pa.int64(), pa.time64("us"), pa.null(), STRUCT],
    "region": NO_TEXT,
    "value": [pa.string(), pa.bool_(), pa.date32(), STRUCT, pa.null()],
    "unit": NO_TEXT,
    "energy_source": NO_TEXT,
    "measurement_type": NO_TEXT,
    "quality_flag": NO_TEXT,
}


def refused(content: pa.Table, dataset: Dataset = Dataset.GENERATION) -> SchemaMismatchError:
    with pytest.raises(SchemaMismatchError) as raised:
        load_table(content, dataset)
    return raised.value


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong: dict[str, Any] = {
        "region": None,
        "energy_source": None,
        "value": ["100.5"],
        "year": [2024],
    }
    error = refused(table(timestamp=pa.array([0], pa.timestamp("us")), **wrong))
    assert error.code == "SCHEMA_MISMATCH"
    assert error.details == {
        "missing": ["region", "energy_source"],
        "extra": ["year"],
        "repeated": [],
        "wrong_type": [
            "timestamp is timestamp[us], not a timestamp with a time zone, or ISO 8601 text",
            "value is string, not a number",
        ],
    }
    for name in ("region", "energy_source", "year", "timestamp", "value"):
        assert name in error.message


@pytest.mark.parametrize(
    ("column", "data_type"),
    [(column, data_type) for column, types in WRONG.items() for data_type in types],
    ids=str,
)
def test_a_wrong_type_is_named_with_its_column(column: str, data_type: pa.DataType) -> None:
    content = table(**{column: pa.nulls(1, data_type)})
    [problem] = refused(content).details["wrong_type"]
    assert problem.startswith(f"{column} is ")


@pytest.mark.parametrize(
    ("column", "data_type"),
    [
        ("quality", pa.string()),
        ("quality", pa.bool_()),
        ("metadata", STRUCT),
        ("metadata", pa.map_(pa.string(), pa.string())),
        ("value", pa.null()),
    ],
    ids=str,
)
def test_measurements_have_types_of_their_own(column: str, data_type: pa.DataType) -> None:
    content = table(Dataset.MEASUREMENTS, **{column: pa.nulls(1, data_type)})
    [problem] = refused(content, Dataset.MEASUREMENTS).details["wrong_type"]
    assert problem.startswith(f"{column} is ")


def test_a_file_of_another_dataset_is_refused() -> None:
    error = refused(table(Dataset.MEASUREMENTS))
    assert error.details["missing"] == [
        *("timestamp", "region", "unit", "energy_source", "measurement_type", "quality_flag")
    ]


def test_a_name_in_capital_letters_is_another_name() -> None:
    content = table(region=None, Region=["SE"])
    assert refused(content).details["extra"] == ["Region"]


def test_a_column_that_is_there_twice_is_refused() -> None:
    content = table()
    doubled = content.append_column("region", content.column("region"))
    assert refused(doubled).details["repeated"] == ["region"]


def test_ten_thousand_columns_make_one_short_sentence() -> None:
    error = refused(pa.table({f"column {n}": [n] for n in range(10_000)}))
    assert len(error.message) < 500
    assert "and 9990 more" in error.message


def test_a_name_cannot_break_the_line_it_is_shown_in() -> None:
    columns: dict[str, Any] = {"a\nb\x1b[31m" + "x" * 500: [1]}
    error = refused(table(**columns))
    assert error.message.isprintable()
    assert len(error.message) < 300


types = st.recursive(
    st.sampled_from(
        [
            *(
                pa.int8(),
                pa.uint64(),
                pa.float16(),
                pa.float64(),
                pa.bool_(),
                pa.string(),
                pa.null(),
            ),
            *(pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary(4)),
            *(pa.date32(), pa.date64(), pa.time32("s"), pa.time64("ns"), pa.duration("s")),
            *(pa.timestamp("s"), pa.timestamp("ns", "UTC"), pa.timestamp("us", "Mars/Olympus")),
            *(pa.decimal32(9, 2), pa.decimal64(15, 15), pa.decimal128(38, 2), pa.decimal256(76, 1)),
            *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int8(), pa.float64())),
            *(pa.json_(), pa.uuid(), pa.bool8()),
        ]
    ),
    lambda inner: st.one_of(
        inner.map(pa.list_),
        inner.map(pa.large_list),
        st.lists(inner, min_size=1, max_size=3).map(
            lambda fields: pa.struct([(f"f{n}", field) for n, field in enumerate(fields)])
        ),
        inner.map(lambda value: pa.map_(pa.string(), value)),
    ),
    max_leaves=4,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*WRONG, "quality", "a.b", "", "ü\0"]), types))
def test_any_table_is_refused_by_name_or_judged_row_by_row(columns: dict[str, Any]) -> None:
    content = table(**{name: pa.nulls(2, data_type) for name, data_type in columns.items()})
    try:
        outcome = load_table(content)
    except SchemaMismatchError as error:
        named = str(error.details)
        assert any(name in named or not name.isprintable() for name in columns)
        return
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        # The writer itself has no Parquet for it.
        return
    assert {row["reason"] for row in outcome.rejected} <= {"missing"}


def test_a_validator_needs_no_file() -> None:
    require_columns(Dataset.MEASUREMENTS, table(Dataset.MEASUREMENTS).schema)
