"""Page headers that statistics make long: what Arrow reads is loaded, within time and memory."""

import time
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from chalicelib.features.parquet_loads.errors import FileCorruptError, FileTooLargeError
from chalicelib.features.parquet_loads.parquet.pages import Extent, GuardedFile
from tests.features.parquet_loads.files import load, table, written
from tests.features.parquet_loads.parquet.page_headers import (
    Struct,
    with_changed_headers,
    with_header_of,
)
from tests.features.parquet_loads.parquet.test_bombs import peak_of_load

MEGABYTE = 2**20
LIMIT = 16 * MEGABYTE
_UNKNOWN_FIELD = 100
_LIST, _STRUCT = 9, 12


def is_read_by_arrow(data: bytes) -> bool:
    try:
        return bool(pq.read_table(BytesIO(data)).num_rows == 3)
    except OSError:
        return False


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("length", [100, MEGABYTE, MEGABYTE + 1, 5_000_000, LIMIT])
def test_a_page_whose_header_is_long_is_loaded(length: int, version: str) -> None:
    data = with_header_of(written(table(rows=3), data_page_version=version), length, {2})
    assert is_read_by_arrow(data)
    assert len(load(data).good) == 3


def test_a_header_that_is_too_long_for_arrow_is_refused_with_the_remedy() -> None:
    data = with_header_of(written(table(rows=3)), LIMIT + 1, {2})
    assert not is_read_by_arrow(data)
    with pytest.raises(FileCorruptError, match="without statistics"):
        load(data)


def test_a_header_may_be_long_without_a_dictionary_before_it() -> None:
    content = table(rows=3)
    data = written(content, use_dictionary=False, compression="none", write_statistics=False)
    assert len(load(with_header_of(data, LIMIT, {2})).good) == 3


def test_long_headers_of_all_columns_together_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    sound = written(table(rows=3))
    assert len(load(with_header_of(sound, LIMIT, {1, 3, 5})).good) == 3
    with pytest.raises(FileTooLargeError, match="the pages of a row group"):
        load(with_header_of(sound, LIMIT, {1, 3, 5, 6}))


def test_long_headers_that_are_read_fit_into_the_functions_memory(tmp_path: Path) -> None:
    data = with_header_of(written(table(rows=3)), LIMIT, {1, 3, 5})
    (tmp_path / "long").write_bytes(data)
    assert peak_of_load(tmp_path / "long", megabytes_of_function=512) < 400 * MEGABYTE


def watched(columns: int) -> tuple[GuardedFile, int]:
    """A file of so many columns that each begin with a header of 16 MB, and the size of each."""
    data = with_header_of(written(table(rows=3)), LIMIT, {2})
    column = pq.ParquetFile(BytesIO(data)).metadata.row_group(0).column(2)
    start, size = column.data_page_offset, LIMIT + 10
    content = data[start : start + size]
    source = GuardedFile(BytesIO(content * columns))
    source.expect([Extent(n * size, (n + 1) * size, 3) for n in range(columns)])
    return source, size


def test_headers_of_many_columns_that_have_not_ended_yet_are_limited() -> None:
    """Each column is read in turn, a megabyte of each, as if it were larger than a buffer."""
    source, size = watched(columns=20)
    read = 0

    def read_in_turn() -> None:
        nonlocal read
        for position in (n * size + done for done in range(0, size, MEGABYTE) for n in range(20)):
            source.seek(position)
            read += len(source.read(MEGABYTE))

    with pytest.raises(FileTooLargeError):
        read_in_turn()
    assert read <= 128 * MEGABYTE


@pytest.mark.parametrize("piece", [512, 16_384, MEGABYTE])
def test_a_long_header_takes_no_longer_in_small_reads(piece: int) -> None:
    source, _ = watched(columns=1)
    started = time.process_time()
    while source.read(piece):
        pass
    assert time.process_time() - started < 2


MANY = LIMIT - 1000
VARINT = bytes([MANY & 127 | 128, MANY >> 7 & 127 | 128, MANY >> 14 & 127 | 128, MANY >> 21])


@pytest.mark.parametrize(
    ("kind", "encoded"),
    [
        pytest.param(_LIST, b"\xf1" + VARINT + b"\x01" * MANY, id="a list of truths"),
        pytest.param(_LIST, b"\xfc" + VARINT + bytes(MANY), id="a list of empty structs"),
        pytest.param(_STRUCT, b"\x11" * MANY + b"\0", id="a struct of truths"),
        pytest.param(_LIST, b"\xfc\xff\xff\xff\xff\x0f", id="a list that is not there"),
    ],
)
def test_a_header_of_millions_of_values_is_refused_at_once(
    kind: int, encoded: bytes, tmp_path: Path
) -> None:
    def add(header: Struct) -> None:
        header.fields[_UNKNOWN_FIELD] = (kind, encoded)

    data = with_changed_headers(written(table(rows=3)), add, {2})
    started = time.process_time()
    with pytest.raises(FileCorruptError):
        load(data)
    assert time.process_time() - started < 1
    (tmp_path / "hostile").write_bytes(data)
    assert peak_of_load(tmp_path / "hostile", megabytes_of_function=512) < 200 * MEGABYTE
