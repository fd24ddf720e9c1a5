"""What the footer of a Parquet file says, read before Arrow acts on it.

Arrow reads the same footer again. But it ends the process when it is asked about the columns of an
encrypted file, and it believes whatever a damaged footer says.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.features.parquet_loads.errors import (
    FileCorruptError,
    FileEmptyError,
    FileEncryptedError,
    FileTooLargeError,
    FileTruncatedError,
    NotParquetError,
)
from chalicelib.features.parquet_loads.parquet.pages import Extent, GuardedFile
from chalicelib.features.parquet_loads.parquet.thrift import Reader, Wanted

# A parsed footer takes several times as much memory.
MAX_FOOTER_BYTES = 8 * 2**20
_MAGIC, _ENCRYPTED_MAGIC = b"PAR1", b"PARE"
_TAIL_BYTES = 8

_ROW_GROUPS, _ENCRYPTION = 4, 8
_COLUMNS, _BYTES, _ROWS = 1, 2, 3
_COLUMN, _COLUMN_ENCRYPTION = 3, 8
_ENCODINGS, _PATH, _VALUES, _SIZE, _COMPRESSED_SIZE = 2, 3, 5, 6, 7
_DATA_OFFSET, _DICTIONARY_OFFSET = 9, 11
_PAGES, _SIZES = 13, 16
_PAGE_KIND, _PAGE_ENCODING = 1, 2
_TEXT_BYTES = 1
_WANTED: Wanted = {
    _ROW_GROUPS: {
        _COLUMNS: {
            _COLUMN: {
                **dict.fromkeys((_ENCODINGS, _PATH, _VALUES, _SIZE, _COMPRESSED_SIZE)),
                **dict.fromkeys((_DATA_OFFSET, _DICTIONARY_OFFSET)),
                _PAGES: {_PAGE_KIND: None, _PAGE_ENCODING: None},
                _SIZES: {_TEXT_BYTES: None},
            },
            _COLUMN_ENCRYPTION: {},
        },
        _BYTES: None,
        _ROWS: None,
    },
    _ENCRYPTION: {},
}
_DICTIONARY_PAGE = 2
_PLAIN_DICTIONARY, _RLE, _BIT_PACKED, _DELTA_BYTE_ARRAY, _RLE_DICTIONARY = 2, 3, 4, 7, 8
# What an old writer lists for a column whose values are all in its dictionary: PLAIN_DICTIONARY,
# and the encodings of the levels. A new writer lists RLE_DICTIONARY for the values and PLAIN for
# the dictionary, so its list cannot say whether some values are PLAIN as well.
_ONLY_DICTIONARY = {_PLAIN_DICTIONARY, _RLE, _BIT_PACKED}


@dataclass(frozen=True)
class RowGroup:
    """Where the columns of one row group are, and how large its average row is, uncompressed."""

    num_rows: int
    row_bytes: int
    extents: list[Extent]


@dataclass(frozen=True)
class Footer:
    """What is known about a file before its data is read.

    *spelled_out* names the columns that have values outside of a dictionary. Where
    *has_shared_prefixes* is set, a small page may hold many long texts that begin alike.
    """

    row_groups: list[RowGroup]
    spelled_out: set[str]
    has_shared_prefixes: bool


def read_footer(source: GuardedFile) -> Footer:
    """The footer of *source*; raises an `UnloadableError` that says why this is no file to load."""
    size = source.seek(0, 2)
    if size == 0:
        raise FileEmptyError("the file is empty")
    _check_head(_read(source, 0, len(_MAGIC)))
    tail = _read(source, max(0, size - _TAIL_BYTES), _TAIL_BYTES)
    if size < len(_MAGIC) + _TAIL_BYTES or tail[4:] != _MAGIC:
        raise FileTruncatedError("the file breaks off: it does not end as a Parquet file does")
    length, available = int.from_bytes(tail[:4], "little"), size - len(_MAGIC) - _TAIL_BYTES
    if length > available:
        raise FileCorruptError(f"the footer claims {length} bytes of a file that has {available}")
    if length > MAX_FOOTER_BYTES:
        raise FileTooLargeError(
            f"the footer has {length} bytes, and at most {MAX_FOOTER_BYTES} are allowed"
        )
    return parse(_read(source, size - _TAIL_BYTES - length, length))


def parse(data: bytes) -> Footer:
    """The footer in *data*; raises `FileEncryptedError` or `FileCorruptError`."""
    try:
        found = Reader(data).struct(_WANTED)
        groups = found.get(_ROW_GROUPS, [])
        if _ENCRYPTION in found or _has_encrypted_column(groups):
            raise FileEncryptedError("the columns of the file are encrypted")
        return _footer(groups)
    except (IndexError, KeyError, TypeError, ValueError, AttributeError):
        raise FileCorruptError("the footer of the file makes no sense") from None


def _has_encrypted_column(groups: list[Any]) -> bool:
    return any(_COLUMN_ENCRYPTION in chunk for group in groups for chunk in group[_COLUMNS])


def _footer(groups: list[Any]) -> Footer:
    columns = [chunk[_COLUMN] for group in groups for chunk in group[_COLUMNS]]
    spelled_out = {_path(column) for column in columns if not _is_dictionary(column)}
    return Footer(
        [_row_group(group, spelled_out) for group in groups],
        spelled_out,
        any(_DELTA_BYTE_ARRAY in column[_ENCODINGS] for column in columns),
    )


def _check_head(head: bytes) -> None:
    if head == _ENCRYPTED_MAGIC:
        raise FileEncryptedError("the file is encrypted")
    if head != _MAGIC:
        raise NotParquetError("the file does not begin as a Parquet file does")


def _read(source: GuardedFile, start: int, size: int) -> bytes:
    source.seek(start)
    data = source.read(size)
    if len(data) != size and start + size <= source.seek(0, 2):
        raise FileTruncatedError("the file has fewer bytes than it says")
    return data


def _row_group(group: dict[int, Any], spelled_out: set[str]) -> RowGroup:
    columns = [chunk[_COLUMN] for chunk in group[_COLUMNS]]
    # Many writers put zero, or the compressed size, where that of the whole row group belongs.
    rows = int(group[_ROWS])
    encoded = max(int(group[_BYTES]), sum(column.get(_SIZE, 0) for column in columns))
    texts = (column.get(_SIZES, {}) for column in columns if _path(column) in spelled_out)
    decoded = sum(sizes.get(_TEXT_BYTES, 0) for sizes in texts)
    if rows < 0 or encoded < 0:
        raise ValueError
    extents = [_extent(column) for column in columns] if rows else []
    return RowGroup(rows, max(encoded, decoded) // max(rows, 1), extents)


def _path(column: dict[int, Any]) -> str:
    return b".".join(column[_PATH]).decode()


def _is_dictionary(column: dict[int, Any]) -> bool:
    """Whether every value of a column is in its dictionary, if there is one."""
    pages = [page for page in column.get(_PAGES, []) if page[_PAGE_KIND] != _DICTIONARY_PAGE]
    if pages:
        used = {page[_PAGE_ENCODING] for page in pages}
        return used <= {_PLAIN_DICTIONARY, _RLE_DICTIONARY}
    return set(column[_ENCODINGS]) <= _ONLY_DICTIONARY


def _extent(column: dict[int, Any]) -> Extent:
    dictionary, start = column.get(_DICTIONARY_OFFSET, 0), column[_DATA_OFFSET]
    if 0 < dictionary < start:
        start = dictionary
    if start < len(_MAGIC) or column[_COMPRESSED_SIZE] < 0:
        raise ValueError
    return Extent(start, start + column[_COMPRESSED_SIZE], int(column[_VALUES]))
