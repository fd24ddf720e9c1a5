"""The part of Thrift's compact protocol that Parquet's footers and page headers use."""

import sys
from typing import Any

from chalicelib.features.parquet_loads.errors import FileCorruptError

# What to keep, by field number: None keeps a value as it is, a mapping says what to keep of a
# struct or of a list of structs.
Wanted = dict[int, Any]

_MAX_DEPTH = 16
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _, _STRUCT = range(13)
_INTEGERS = (_I16, _I32, _I64)


class Reader:
    """Reads structs from *data*, beginning at *position*, with no more than *max_values* values.

    Raises `IndexError` where *data* ends too early. No end before *position* is then possible.
    """

    def __init__(
        self, data: bytes | bytearray, position: int = 0, max_values: int = sys.maxsize
    ) -> None:
        self._data = data
        self.position = position
        self._values_left = max_values

    def struct(self, wanted: Wanted, depth: int = 0) -> dict[int, Any]:
        """The *wanted* fields of the struct at the position, by number. Others are skipped."""
        if depth > _MAX_DEPTH:
            raise FileCorruptError("the file's metadata is nested too deeply")
        found: dict[int, Any] = {}
        number = 0
        while (byte := self._byte()) != _STOP:
            self._count(1)
            delta, kind = byte >> 4, byte & 15
            number = number + delta if delta else self._signed()
            if number in wanted:
                found[number] = self._field(kind, wanted[number] or {}, depth)
            elif kind not in (_TRUE, _FALSE):
                self._value(kind, {}, depth)
        return found

    def _field(self, kind: int, wanted: Wanted, depth: int) -> Any:
        # The type of a boolean field is its value: no further byte follows.
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        return self._value(kind, wanted, depth)

    def _value(self, kind: int, wanted: Wanted, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._signed()
        if kind == _BINARY:
            return self._take(self._unsigned())
        if kind == _STRUCT:
            return self.struct(wanted, depth + 1)
        if kind in (_LIST, _SET):
            return self._items(wanted, depth)
        if kind in (_TRUE, _FALSE, _BYTE, _DOUBLE):
            return self._take(8 if kind == _DOUBLE else 1)
        raise FileCorruptError("the file's metadata holds a type that Parquet does not use")

    def _items(self, wanted: Wanted, depth: int) -> list[Any]:
        if depth > _MAX_DEPTH:
            raise FileCorruptError("the file's metadata is nested too deeply")
        byte = self._byte()
        count, kind = byte >> 4, byte & 15
        if count == 15:
            count = self._unsigned()
        self._count(count)
        return [self._value(kind, wanted, depth + 1) for _ in range(count)]

    def _count(self, values: int) -> None:
        self._values_left -= values
        if self._values_left < 0:
            raise FileCorruptError("the file's metadata has more values than Parquet has names for")

    def _take(self, size: int) -> bytes:
        start, self.position = self.position, self.position + size
        if self.position > len(self._data):
            raise IndexError
        return bytes(self._data[start : self.position])

    def _byte(self) -> int:
        byte = self._data[self.position]
        self.position += 1
        return byte

    def _unsigned(self) -> int:
        value = shift = 0
        while (byte := self._byte()) >= 128:
            value |= (byte & 127) << shift
            shift += 7
            if shift > 63:
                raise FileCorruptError("the file's metadata holds a number of more than 64 bits")
        return value | byte << shift

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
