"""Every type that Arrow knows, beside others, is judged row by row or refused by name."""

import base64
from decimal import Decimal
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.errors import FileUnsupportedError, UnloadableError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import open_parquet
from chalicelib.features.parquet_loads.rows import validation
from chalicelib.features.parquet_loads.rows.columns import Kind
from chalicelib.features.parquet_loads.rows.problems import Converted
from chalicelib.features.parquet_loads.rows.rejects_writer import RejectsWriter
from chalicelib.features.parquet_loads.rows.schema import require_columns
from chalicelib.features.parquet_loads.rows.validation import Validator
from chalicelib.features.parquet_loads.timescale.csv_copy import as_csv
from tests.features.parquet_loads.files import table, written

TEXT, NUMBER = pa.string(), pa.float64()
TYPES = (
    *(pa.null(), pa.bool_(), pa.int8(), pa.int16(), pa.int32(), pa.int64()),
    *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float16(), pa.float32(), NUMBER),
    *(TEXT, pa.large_string(), pa.string_view()),
    *(pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(4)),
    *(pa.date32(), pa.date64(), pa.time32("s"), pa.time64("ns"), pa.duration("us")),
    *(pa.timestamp("us"), pa.timestamp("ns", "UTC"), pa.month_day_nano_interval()),
    *(pa.decimal32(9, 2), pa.decimal64(15, 2), pa.decimal128(12, 2), pa.decimal256(15, 2)),
    *(pa.list_(TEXT), pa.large_list(TEXT), pa.list_(TEXT, 2), pa.map_(TEXT, TEXT)),
    *(pa.list_view(TEXT), pa.large_list_view(TEXT), pa.struct([("a", TEXT)])),
    *(pa.sparse_union([pa.field("a", TEXT)]), pa.dense_union([pa.field("a", TEXT)])),
    *(pa.dictionary(pa.int8(), TEXT), pa.dictionary(pa.int32(), pa.string_view())),
    *(pa.dictionary(pa.int8(), pa.binary()), pa.dictionary(pa.int32(), pa.large_binary())),
    *(pa.dictionary(pa.int8(), NUMBER), pa.dictionary(pa.int16(), pa.timestamp("us", "UTC"))),
    *(pa.dictionary(pa.int8(), pa.decimal64(15, 2)), pa.run_end_encoded(pa.int32(), TEXT)),
    *(pa.json_(), pa.json_(pa.string_view()), pa.json_(pa.large_string())),
    *(pa.uuid(), pa.bool8(), pa.opaque(pa.binary_view(), "a", "b")),
)
SAMPLES = (
    *("good", "2024-01-01T00:00:00Z", 1, 1.5, Decimal("1.50")),
    *(b"1234", [("a", "b")], {"a": "b"}),
)
# What Polars, DataFusion and others write.
TEXTS = (pa.string_view(), pa.large_string(), pa.binary(), pa.large_binary(), pa.binary_view())
DECIMALS = (pa.decimal32(9, 2), pa.decimal64(15, 2), pa.decimal128(15, 2), pa.decimal256(15, 2))


def judge(data: bytes, dataset: Dataset = Dataset.GENERATION) -> tuple[list[Any], list[Any]]:
    """The good rows and the rejected ones, by way of everything that a load does with them."""
    good: list[Any] = []
    target, validator = BytesIO(), Validator(dataset)
    with open_parquet(BytesIO(data)) as source, RejectsWriter(target, source.schema) as rejects:
        require_columns(dataset, source.schema)
        for first_row, batch in source.batches():
            checked = validator.check(batch, first_row)
            rejects.write(checked.rejected)
            as_csv(checked.good)
            good += checked.good.to_pylist()
        rejects.write_duplicates(source, pa.array([0]))
    found = pq.read_table(target).select(["row_number", "reason", "detail"])
    return good, found.to_pylist()


def outcome(data: bytes, dataset: Dataset) -> tuple[int, UnloadableError | None]:
    """How many rows were judged, or why none was. The first comes twice, as its own duplicate."""
    try:
        good, rejected = judge(data, dataset)
    except UnloadableError as error:
        return 0, error
    return len(good) + len(rejected) - 1, None


def column_of(data_type: pa.DataType) -> pa.Array:
    """Six values, of which some are null, as far as Arrow makes any of this type."""
    storage = data_type.storage_type if isinstance(data_type, pa.BaseExtensionType) else data_type
    for sample in SAMPLES:
        try:
            plain = pa.array([sample, None, sample, sample, None, sample], storage)
        except (pa.ArrowException, TypeError, ValueError, AttributeError):
            continue
        if isinstance(data_type, pa.BaseExtensionType):
            return pa.ExtensionArray.from_storage(data_type, plain)
        return plain
    return pa.nulls(6, data_type)


def columns() -> list[tuple[Dataset, str]]:
    return [
        (dataset, name)
        for dataset in (Dataset.GENERATION, Dataset.MEASUREMENTS)
        for name in table(dataset).column_names
    ]


def test_no_type_is_left_out() -> None:
    # Arrow writes two kinds of interval in no version, and cannot make them in Python.
    unmade = {pa.lib.Type_INTERVAL_MONTHS, pa.lib.Type_INTERVAL_DAY_TIME}
    known = {getattr(pa.lib, name) for name in dir(pa.lib) if name.startswith("Type_")}
    extension = {pa.json_().id}
    assert {data_type.id for data_type in TYPES} >= known - unmade - extension


@pytest.mark.parametrize("spelled_out", [False, True])
@pytest.mark.parametrize("data_type", TYPES, ids=str)
def test_any_type_in_any_column_is_judged_or_refused_by_name(
    data_type: pa.DataType, spelled_out: bool
) -> None:
    """A bad row beside it, so that all of its rows are divided."""
    for dataset, name in columns():
        text = "device_id" if name != "device_id" else "parameter_id"
        if dataset.is_energy:
            text = "region" if name != "region" else "unit"
        beside: dict[str, Any] = {text: ["a", "", "b", "c", "d", "e"]}
        content = table(dataset, **{name: column_of(data_type), **beside})
        try:
            data = written(content, use_dictionary=not spelled_out, row_group_size=4)
        except (pa.ArrowException, TypeError):
            continue
        count, refusal = outcome(data, dataset)
        if refusal is None:
            assert count == 6
        else:
            assert refusal.code == "SCHEMA_MISMATCH"
            assert name in refusal.message


@pytest.mark.parametrize("data_type", TYPES, ids=str)
def test_a_file_may_claim_any_type(data_type: pa.DataType) -> None:
    """The Arrow schema that a writer puts into a file need not be that of the columns."""
    for dataset, name in columns():
        content = table(dataset, rows=3)
        place = content.schema.get_field_index(name)
        claimed = content.schema.set(place, pa.field(name, data_type))
        try:
            encoded = base64.b64encode(claimed.serialize().to_pybytes())
        except (pa.ArrowException, TypeError):
            continue
        content = content.replace_schema_metadata({b"ARROW:schema": encoded})
        for use_dictionary in (True, False):
            data = written(content, store_schema=False, use_dictionary=use_dictionary)
            count, refusal = outcome(data, dataset)
            assert count == 3 or refusal is not None


@pytest.mark.parametrize("spelled_out", [False, True])
@pytest.mark.parametrize("data_type", TEXTS, ids=str)
def test_text_of_any_type_is_loaded(data_type: pa.DataType, spelled_out: bool) -> None:
    """As Polars and DataFusion write it, in every column of text, with a bad row and without."""
    for regions, bad in ((["N", "S", "W"], 0), (["N", "", "W"], 1)):
        content = table(region=regions)
        schema = pa.schema(
            [(name, NUMBER if name == "value" else data_type) for name in content.column_names]
        )
        good, rejected = judge(written(content.cast(schema), use_dictionary=not spelled_out))
        assert [row["region"] for row in good] == [region for region in regions if region]
        assert len(rejected) == bad + 1


def test_bytes_that_are_no_text_are_refused_row_by_row() -> None:
    for data_type in (pa.binary(), pa.large_binary(), pa.binary_view()):
        for use_dictionary in (True, False):
            content = table(region=pa.array([b"SE", b"\xff\xfe", b"NO"], data_type))
            good, rejected = judge(written(content, use_dictionary=use_dictionary))
            assert [row["region"] for row in good] == ["SE", "NO"]
            assert [row["reason"] for row in rejected] == ["invalid_utf8", "duplicate"]


@pytest.mark.parametrize("data_type", DECIMALS, ids=str)
def test_decimals_of_any_width_are_loaded(data_type: pa.DataType) -> None:
    values = pa.array([Decimal("1.50"), None, Decimal("-0.01")], data_type)
    good, rejected = judge(written(table(value=values)))
    assert [row["value"] for row in good] == [1.5, -0.01]
    assert [row["reason"] for row in rejected] == ["missing", "duplicate"]


def test_what_arrow_cannot_do_is_a_refusal_that_names_the_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def convert(_: pa.Array) -> Converted:
        raise pa.ArrowNotImplementedError("Function 'f' has no kernel\nmore")

    monkeypatch.setitem(validation._CONVERTERS, Kind.NUMBER, convert)
    with pytest.raises(FileUnsupportedError) as raised:
        judge(written(table()))
    assert raised.value.message == ("the column value cannot be judged: Function 'f' has no kernel")
