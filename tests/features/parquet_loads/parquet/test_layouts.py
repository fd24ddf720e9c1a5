"""However a file was written, it reads the same."""

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features.parquet_loads.errors import FileUnsupportedError
from chalicelib.features.parquet_loads.model import Dataset
from chalicelib.features.parquet_loads.parquet.read import MAX_BATCH_ROWS, open_parquet
from chalicelib.features.parquet_loads.rows.columns import canonical_schema
from chalicelib.features.parquet_loads.rows.validation import Validator
from tests.features.parquet_loads.files import load, load_table, table, written

CODECS = ("none", "snappy", "zstd", "gzip", "lz4", "brotli")
ENCODINGS = ("PLAIN", "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY")
MEASUREMENTS = Dataset.MEASUREMENTS


def numbered(rows: int) -> pa.Table:
    """A table whose rows can be told apart, with nulls where they are allowed."""
    return table(
        MEASUREMENTS,
        device_id=[f"device-{n % 7}" for n in range(rows)],
        value=[n / 8 for n in range(rows)],
        quality=pa.array([n % 5 if n % 3 else None for n in range(rows)], pa.int16()),
        metadata=pa.array([f'{{"n": {n}}}' if n % 2 else None for n in range(rows)], pa.string()),
    )


@st.composite
def layouts(draw: st.DrawFn) -> dict[str, Any]:
    options: dict[str, Any] = {
        "compression": draw(st.sampled_from(CODECS)),
        "data_page_version": draw(st.sampled_from(["1.0", "2.0"])),
        "row_group_size": draw(st.sampled_from([1, 7, 100, 10_000])),
        "data_page_size": draw(st.sampled_from([1, 64, 10**6])),
        "write_statistics": draw(st.booleans()),
        "write_page_index": draw(st.booleans()),
        "write_page_checksum": draw(st.booleans()),
        "store_schema": draw(st.booleans()),
        "use_dictionary": draw(st.booleans()),
        "dictionary_pagesize_limit": draw(st.sampled_from([1, 100, 10**6])),
    }
    if not options["use_dictionary"]:
        options["column_encoding"] = {
            "device_id": draw(st.sampled_from(ENCODINGS)),
            "metadata": draw(st.sampled_from(ENCODINGS)),
            "value": draw(st.sampled_from(["PLAIN", "BYTE_STREAM_SPLIT"])),
            "quality": draw(st.sampled_from(["PLAIN", "DELTA_BINARY_PACKED"])),
        }
    return options


@settings(deadline=None)
@given(layouts(), st.integers(1, 300))
def test_every_layout_reads_the_same(options: dict[str, Any], rows: int) -> None:
    content = numbered(rows)
    outcome = load_table(content, MEASUREMENTS, **options)
    assert outcome.rejected == []
    assert [row["row_number"] for row in outcome.good] == list(range(rows))
    for name in ("device_id", "value", "quality", "metadata"):
        assert [row[name] for row in outcome.good] == content.column(name).to_pylist()


def test_columns_may_come_in_any_order() -> None:
    content = table(rows=2)
    [row, _] = load_table(content.select(content.column_names[::-1])).good
    assert row == load_table(content).good[0]


@pytest.mark.parametrize("dataset", Dataset)
def test_good_rows_have_the_canonical_schema(dataset: Dataset) -> None:
    with open_parquet(BytesIO(written(table(dataset)))) as source:
        [(first_row, batch)] = source.batches()
    assert Validator(dataset).check(batch, first_row).good.schema == canonical_schema(dataset)


def test_a_file_without_rows_is_a_file() -> None:
    empty = table().slice(0, 0)
    assert load_table(empty).good == []


def test_a_column_of_nulls_is_no_obstacle_where_null_may_be() -> None:
    nothing = pa.nulls(3)
    outcome = load_table(table(MEASUREMENTS, quality=nothing, metadata=nothing), MEASUREMENTS)
    assert [(row["quality"], row["metadata"]) for row in outcome.good] == [(None, None)] * 3


def test_json_may_be_marked_as_such() -> None:
    documents = pa.array(['{"a": 1}', None, "{"], pa.json_())
    outcome = load_table(table(MEASUREMENTS, metadata=documents), MEASUREMENTS)
    assert [row["metadata"] for row in outcome.good] == ['{"a": 1}', None]
    assert outcome.reasons == {2: "malformed_json"}


def test_batches_are_small_and_row_numbers_go_on_across_row_groups() -> None:
    rows = 2 * MAX_BATCH_ROWS + 5
    data = written(table(rows=rows), row_group_size=MAX_BATCH_ROWS + 1)
    with open_parquet(BytesIO(data)) as source:
        sizes = {first_row: len(batch) for first_row, batch in source.batches()}
    assert sum(sizes.values()) == rows == source.num_rows
    assert max(sizes.values()) <= MAX_BATCH_ROWS
    assert list(sizes) == [sum(list(sizes.values())[:n]) for n in range(len(sizes))]


def test_small_row_groups_are_judged_together() -> None:
    data = written(table(rows=1_000), row_group_size=10)
    with open_parquet(BytesIO(data)) as source:
        assert [len(batch) for _, batch in source.batches()] == [1_000]


def test_large_rows_make_small_batches() -> None:
    wide = [f"{n:05d}" + "x" * 100_000 for n in range(300)]
    data = written(table(region=wide), use_dictionary=False)
    with open_parquet(BytesIO(data)) as source:
        assert max(batch.nbytes for _, batch in source.batches()) < 20 * 2**20


@pytest.mark.parametrize("claimed", ["nothing", "the compressed size", "less than nothing"])
def test_large_rows_make_small_batches_whatever_size_the_row_group_claims(claimed: str) -> None:
    """DuckDB and writers in Go said zero; those in Rust, Java and C++ the compressed size."""
    wide = [f"{n:05d}" + "x" * 100_000 for n in range(300)]
    data = written(table(region=wide), use_dictionary=False, write_statistics=False)
    group = pq.ParquetFile(BytesIO(data)).metadata.row_group(0)
    compressed = sum(group.column(n).total_compressed_size for n in range(group.num_columns))
    size = {"nothing": 0, "the compressed size": compressed, "less than nothing": -1}[claimed]
    # They knew no statistics of sizes yet, either.
    silent = _claiming(data, sum(map(len, wide)), 0)
    with open_parquet(BytesIO(_claiming(silent, group.total_byte_size, size))) as source:
        assert max(batch.nbytes for _, batch in source.batches()) < 20 * 2**20


def test_a_column_may_claim_more_bytes_than_its_pages_have() -> None:
    """As in files of Spark 3.0. Behind the last column come the indexes, which are no pages."""
    content = numbered(40).select(
        ["time", "device_id", "parameter_id", "quality", "metadata", "value"]
    )
    data = written(content, use_dictionary=False, write_page_index=True)
    group = pq.ParquetFile(BytesIO(data)).metadata.row_group(0)
    size = group.column(group.num_columns - 1).total_compressed_size
    outcome = load(_claiming(data, size, size + 100), MEASUREMENTS)
    assert [row["value"] for row in outcome.good] == content["value"].to_pylist()


def _claiming(data: bytes, actual: int, claimed: int) -> bytes:
    """*data* that claims another size where it says *actual*, written with as many bytes."""
    field = b"\x16"
    honest = field + _number(actual)
    assert data.count(honest) == 1
    return data.replace(honest, field + _number(claimed, len(honest) - 1))


def _number(value: int, length: int = 0) -> bytes:
    """As Thrift spells it; zeros behind it make it *length* bytes long."""
    zigzag = value << 1 if value >= 0 else -value * 2 - 1
    groups = [
        zigzag >> shift & 127 for shift in range(0, max(zigzag.bit_length(), 7 * length, 1), 7)
    ]
    return bytes([*(group | 128 for group in groups[:-1]), groups[-1]])


def test_a_source_can_be_read_twice_and_stays_open() -> None:
    handle = BytesIO(written(table(rows=3)))
    with open_parquet(handle) as source:
        readings = [sum(len(batch) for _, batch in source.batches()) for _ in range(2)]
    assert readings == [3, 3]
    assert not handle.closed


def test_a_dictionary_that_arrow_cannot_fill_is_refused_by_name() -> None:
    content = table(region=pa.array(["SE"]).dictionary_encode())
    options: dict[str, Any] = {
        "use_dictionary": False,
        "column_encoding": {"region": "DELTA_BYTE_ARRAY"},
    }
    with pytest.raises(FileUnsupportedError, match="Not yet implemented"):
        load_table(content, **options)


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        (b"\x15\x02\x16", b"\x15\x06\x16"),
        (b"\x15\x02\x16", b"\x15\x12\x16"),
        (b"\x15\x00\x15\x06\x15\x06", b"\x15\x02\x15\x06\x15\x06"),
        (b"\x15\x00\x15\x06\x15\x06", b"\x15\x14\x15\x06\x15\x06"),
    ],
    ids=["LZO", "a codec to come", "an encoding given up", "an encoding to come"],
)
def test_what_arrow_does_not_know_is_no_damage(known: bytes, unknown: bytes) -> None:
    """The codec of a column, snappy, in the footer, and the encoding in the header of a page."""
    data = written(table(), use_dictionary=False, write_statistics=False)
    assert known in data
    with pytest.raises(FileUnsupportedError):
        load(data.replace(known, unknown))


def test_what_other_writers_say_about_themselves_does_not_matter() -> None:
    content = table().replace_schema_metadata({b"pandas": b"{not json", b"x": b"\xff"})
    assert len(load_table(content).good) == 1


def test_a_path_is_as_good_as_a_file(tmp_path: Any) -> None:
    pq.write_table(table(rows=2), tmp_path / "file.parquet")
    with open_parquet(tmp_path / "file.parquet") as source:
        assert source.num_rows == 2
