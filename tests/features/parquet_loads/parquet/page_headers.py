"""Files whose page headers are as long as a test likes, as no writer at hand makes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_TRUE, _FALSE, _BYTE, _BINARY, _LIST, _STRUCT = 1, 2, 3, 8, 9, 12
_ROW_GROUPS, _COLUMNS, _COLUMN = 4, 1, 3
_COMPRESSED_SIZE, _DATA_OFFSET, _DICTIONARY_OFFSET = 7, 9, 11
_PAGE_COMPRESSED_SIZE = 3
# In the headers of data pages of version 1 and 2: the number of their statistics in that struct.
_STATISTICS = {5: 5, 8: 8}
_MAX_VALUE = 5


@dataclass
class Struct:
    """The fields of a Thrift struct, by number: type and value.

    Where no text belongs, bytes are a value that is encoded already.
    """

    fields: dict[int, tuple[int, Any]]

    def __getitem__(self, number: int) -> Any:
        return self.fields[number][1]

    def get(self, number: int) -> Any:
        """The value of a field, or None."""
        return self.fields.get(number, (0, None))[1]

    def replace(self, number: int, value: Any) -> None:
        """Give a field that is there another value."""
        self.fields[number] = (self.fields[number][0], value)


@dataclass
class Items:
    """The items of a Thrift list, which are of one type."""

    kind: int
    values: list[Any]


Change = Callable[[Struct], None]


def with_header_of(data: bytes, length: int, columns: set[int]) -> bytes:
    """The file in *data* whose first data page in each of *columns* has a header so long."""

    def lengthen(header: Struct) -> None:
        _set_greatest_value(header, b"")
        missing = length - len(_encoded(header))
        # The length of the value takes up to three more bytes than that of an empty one.
        for size in range(missing, missing - 4, -1):
            _set_greatest_value(header, b"x" * size)
            if len(_encoded(header)) == length:
                return
        raise AssertionError("no value makes a header of this length")

    return with_changed_headers(data, lengthen, columns)


def with_changed_headers(data: bytes, change: Change, columns: set[int]) -> bytes:
    """The file in *data*, of one row group, with the first data page of *columns* changed."""
    length = int.from_bytes(data[-8:-4], "little")
    footer, _ = _decoded(data, len(data) - 8 - length)
    [group] = footer[_ROW_GROUPS].values
    file = bytearray(b"PAR1")
    for number, chunk in enumerate(group[_COLUMNS].values):
        _copy_column(data, chunk[_COLUMN], file, change if number in columns else None)
    encoded = _encoded(footer)
    return bytes(file + encoded + len(encoded).to_bytes(4, "little") + b"PAR1")


def _copy_column(data: bytes, column: Struct, file: bytearray, change: Change | None) -> None:
    start = column.get(_DICTIONARY_OFFSET) or column[_DATA_OFFSET]
    end, first = start + column[_COMPRESSED_SIZE], len(file)
    is_first = True
    while start < end:
        header, content = _decoded(data, start)
        start = content + header[_PAGE_COMPRESSED_SIZE]
        if is_first and _STATISTICS.keys() & header.fields.keys():
            is_first = False
            column.replace(_DATA_OFFSET, len(file))
            if change is not None:
                change(header)
        file += _encoded(header) + data[content:start]
    if column.get(_DICTIONARY_OFFSET):
        column.replace(_DICTIONARY_OFFSET, first)
    column.replace(_COMPRESSED_SIZE, len(file) - first)


def _set_greatest_value(header: Struct, value: bytes) -> None:
    [number] = _STATISTICS.keys() & header.fields.keys()
    statistics = Struct({_MAX_VALUE: (_BINARY, value)})
    header[number].fields[_STATISTICS[number]] = (_STRUCT, statistics)


def _decoded(data: bytes, position: int) -> tuple[Struct, int]:
    struct, number = Struct({}), 0
    while data[position]:
        byte, position = data[position], position + 1
        if not byte >> 4:
            number, position = _signed(data, position)
        else:
            number += byte >> 4
        kind = byte & 15
        value, position = (
            (kind == _TRUE, position) if kind <= _FALSE else _value(data, position, kind)
        )
        struct.fields[number] = (kind, value)
    return struct, position + 1


def _value(data: bytes, position: int, kind: int) -> tuple[Any, int]:
    if kind == _STRUCT:
        return _decoded(data, position)
    if kind == _LIST:
        return _items(data, position)
    if kind == _BINARY:
        size, position = _unsigned(data, position)
        return data[position : position + size], position + size
    if kind in (_TRUE, _FALSE, _BYTE):
        return data[position], position + 1
    return _signed(data, position)


def _items(data: bytes, position: int) -> tuple[Items, int]:
    byte, position = data[position], position + 1
    count, kind = byte >> 4, byte & 15
    if count == 15:
        count, position = _unsigned(data, position)
    values = []
    for _ in range(count):
        value, position = _value(data, position, kind)
        values.append(value)
    return Items(kind, values), position


def _unsigned(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte, position = data[position], position + 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, position


def _signed(data: bytes, position: int) -> tuple[int, int]:
    value, position = _unsigned(data, position)
    return (value >> 1) ^ -(value & 1), position


def _encoded(struct: Struct) -> bytes:
    parts, last = [], 0
    for number, (kind, value) in sorted(struct.fields.items()):
        delta = number - last
        parts.append(bytes([delta << 4 | kind]) if delta < 16 else bytes([kind]) + _zigzag(number))
        if kind > _FALSE:
            parts.append(_encoded_value(kind, value))
        last = number
    return b"".join(parts) + b"\0"


def _encoded_value(kind: int, value: Any) -> bytes:
    if isinstance(value, bytes):
        return (_varint(len(value)) if kind == _BINARY else b"") + value
    if kind == _STRUCT:
        return _encoded(value)
    if kind == _LIST:
        count = len(value.values)
        head = bytes([count << 4 | value.kind]) if count < 15 else bytes([0xF0 | value.kind])
        items = [_encoded_value(value.kind, item) for item in value.values]
        return b"".join([head, _varint(count) if count >= 15 else b"", *items])
    return bytes([value]) if kind in (_TRUE, _FALSE, _BYTE) else _zigzag(value)


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 128:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def _zigzag(value: int) -> bytes:
    return _varint(value << 1 if value >= 0 else (-value << 1) - 1)
