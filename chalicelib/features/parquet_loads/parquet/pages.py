"""A file that refuses pages which would not fit in memory.

A column of a Parquet file is a series of pages, and a page is decompressed as a whole. So a few
bytes can claim, and fill, two gigabytes. The footer need not say so, but the header of each page
does, and Arrow allocates whatever it says. Here the header is read first, from the bytes that are
on their way to Arrow. That takes microseconds a page and no request of its own.
"""

import os
from dataclasses import dataclass
from typing import Any, BinaryIO, TypeGuard

from chalicelib.features.parquet_loads.errors import FileCorruptError, FileTooLargeError
from chalicelib.features.parquet_loads.parquet.thrift import Reader, Wanted

# The limit for the pages of all columns together, where the size of the function is not known.
_MAX_PAGE_MEMORY = 128 * 2**20
# Before its rows are judged, a page is in memory five times over. So pages may take a tenth of the
# function's memory.
_SHARE_OF_FUNCTION = 10
# A dictionary stays in memory as long as its row group, and comes with every batch.
_DICTIONARY_WEIGHT = 3
# As in Arrow. Headers become long by the least and the greatest value of a page.
_MAX_HEADER_BYTES = 16 * 2**20
# Parquet has names for fewer than forty. Arrow would skip millions of others, but faster than this.
_MAX_HEADER_VALUES = 10_000
# Fields of a page's header: its type, its size uncompressed and compressed, and for each type of
# data page a struct that begins with the number of its values.
_HEADER: Wanted = {1: None, 2: None, 3: None, 5: {1: None}, 8: {1: None}}
_DICTIONARY_PAGE = 2
_DATA_PAGES = ((0, 5), (3, 8))


@dataclass(frozen=True, slots=True)
class Extent:
    """The bytes of one column in one row group, `[start, end)` of the file, and their values.

    Some writers put *end* too far. As Arrow does, look for no page behind the last of the values.
    """

    start: int
    end: int
    num_values: int


class GuardedFile:
    """Hands *source* to Arrow, and watches the headers of the pages of the expected columns.

    *error* is what reading *source* raised, if it did. Arrow hides it behind errors of its own.
    """

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._max_memory = _max_page_memory()
        self._columns: list[_Column] = []
        self.error: Exception | None = None

    def expect(self, extents: list[Extent]) -> None:
        """Say which columns Arrow will read next. It reads each from its start, or not at all."""
        self._columns = [_Column(extent) for extent in extents]

    def read(self, size: int = -1) -> bytes:
        """The next bytes. Raises before Arrow could see the header of a page that is too large."""
        try:
            start = self._source.tell() if self._columns else 0
            data = self._source.read(size)
            self._watch(start, data)
        except Exception as error:
            self.error = error
            raise
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move the position, as in any file."""
        try:
            return self._source.seek(offset, whence)
        except Exception as error:
            self.error = error
            raise

    def tell(self) -> int:
        """The position."""
        return self._source.tell()

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def writable(self) -> bool:
        """No."""
        return False

    def close(self) -> None:
        """Do nothing: whoever opened the source closes it."""

    @property
    def closed(self) -> bool:
        """Whether the source is closed."""
        return self._source.closed

    def _watch(self, start: int, data: bytes) -> None:
        for column in self._columns:
            if column.start < start + len(data) and start < column.end:
                column.watch(start, data)
                total = sum(watched.memory for watched in self._columns)
                if total > self._max_memory:
                    raise FileTooLargeError(
                        f"the pages of a row group would take {total} bytes of memory, "
                        f"and {self._max_memory} are allowed; smaller pages would fit",
                        bytes=total,
                    )


class _Column:
    """Finds the page headers of one column in the bytes that pass."""

    def __init__(self, extent: Extent) -> None:
        self.start = extent.start
        self.end = extent.end
        self._missing_values = extent.num_values
        self._next_header = extent.start
        self._largest_page = 0
        self._longest_header = 0
        # The beginning of a header, and how long the header is at least.
        self._kept = bytearray()
        self._min_length = 0

    @property
    def memory(self) -> int:
        """What the column takes: Arrow has the page before in memory while it reads a header."""
        return self._largest_page + self._longest_header

    def watch(self, start: int, data: bytes) -> None:
        """Note the pages whose headers begin or end in *data*, which is at *start* of the file."""
        if self._missing_values <= 0:
            return
        if not self._kept:
            self._find_headers(start, data)
            return
        start -= len(self._kept)
        # In place, and not parsed in vain: a long header may come in many reads.
        self._kept += data
        self._longest_header = max(self._longest_header, len(self._kept))
        if len(self._kept) >= self._min_length:
            kept, self._kept = self._kept, bytearray()
            self._find_headers(start, kept)

    def _find_headers(self, start: int, data: bytes | bytearray) -> None:
        if start > self._next_header:
            raise FileCorruptError("a page begins where none was announced")
        end = min(start + len(data), self.end)
        while self._next_header < end and self._missing_values > 0:
            position = self._next_header - start
            header = _page_header(data, position)
            if isinstance(header, int):
                self._keep(memoryview(data)[position:], header)
                return
            self._next_header += header.length + header.compressed_size
            self._missing_values -= header.num_values
            self._largest_page = max(self._largest_page, header.memory)
            self._longest_header = max(self._longest_header, header.length)

    def _keep(self, rest: memoryview, min_length: int) -> None:
        self._kept, self._min_length = bytearray(rest), min_length
        self._longest_header = max(self._longest_header, len(rest))


@dataclass(frozen=True)
class _PageHeader:
    length: int
    is_dictionary: bool
    uncompressed_size: int
    compressed_size: int
    num_values: int

    @property
    def memory(self) -> int:
        weight = _DICTIONARY_WEIGHT if self.is_dictionary else 1
        return self.compressed_size + self.uncompressed_size * weight


def _page_header(data: bytes | bytearray, position: int) -> _PageHeader | int:
    """The header at *position*; where *data* ends before it does, its length at least."""
    thrift = Reader(data, position, _MAX_HEADER_VALUES)
    try:
        header = thrift.struct(_HEADER)
    except IndexError:
        return _possible_length(max(thrift.position, len(data) + 1) - position)
    kind, uncompressed, compressed = (header.get(number) for number in (1, 2, 3))
    values = _num_values(header)
    if not (_is_size(uncompressed) and _is_size(compressed) and _is_size(values)):
        raise FileCorruptError("the header of a page makes no sense")
    length = _possible_length(thrift.position - position)
    return _PageHeader(length, kind == _DICTIONARY_PAGE, uncompressed, compressed, values)


def _possible_length(length: int) -> int:
    if length > _MAX_HEADER_BYTES:
        raise FileCorruptError(
            f"the header of a page does not end within {_MAX_HEADER_BYTES} bytes; "
            "if nothing is damaged, the file can be loaded when written without statistics"
        )
    return length


def _num_values(header: dict[int, Any]) -> Any:
    """How many values the page has; only data pages have any."""
    for kind, number in _DATA_PAGES:
        if header.get(1) == kind:
            described = header.get(number)
            return described.get(1) if isinstance(described, dict) else None
    return 0


def _max_page_memory() -> int:
    """How many bytes pages may take: in Lambda, a share of the function's memory."""
    megabytes = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
    if megabytes is None:
        return _MAX_PAGE_MEMORY
    return int(megabytes) * 2**20 // _SHARE_OF_FUNCTION


def _is_size(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and 0 <= value < 2**31
